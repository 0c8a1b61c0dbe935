/* Throw-away folders, the daemon in them, and definitions of containers. */
#include "daemon.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "netd/client.h"
#include "state/store.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

double quantile(double *values, size_t n, double share) {
        qsort(values, n, sizeof(*values), compare);
        return values[(size_t) ((double) n * share)];
}

double median(double *values, size_t n) {
        return quantile(values, n, 0.5);
}

void check(int r, const char *what, struct error *e) {
        if (r < 0)
                errx(1, "%s: %s", what, e ? error_message(e) : strerror(-r));
}

void daemon_call(const char *method, const char *name) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        check(netd_call(method, json_pack("{s:s}", "name", name), -1, NULL, &e), method, &e);
}

static void fresh(const char *path) {
        if (mount("tmpfs", path, "tmpfs", 0, "mode=755") < 0)
                err(1, "tmpfs on %s", path);
}

void daemon_prepare(void) {
        static const char *const programs[][2] = {{"netd/nspawn-netd", "/nspawn-netd"},
                                                  {"netd/proxy/nspawn-proxy", "/nspawn-proxy"}};
        const char *build = getenv("BUILD");

        if (!build)
                errx(1, "BUILD is not set");
        fresh("/run");
        fresh("/var/lib");
        fresh("/var/log");
        fresh("/usr/local");
        check(directory_make(LIBEXECDIR, 0755), LIBEXECDIR, NULL);
        for (size_t i = 0; i < ELEMENTS_OF(programs); i++) {
                _cleanup_(freep) char *from = format("%s/src/%s", build, programs[i][0]);
                _cleanup_(freep) char *to = format(LIBEXECDIR "%s", programs[i][1]);

                if (access(from, X_OK) < 0 || symlink(from, to) < 0)
                        err(1, "%s", from);
        }
}

void container_define(struct allocations *a, const char *name, unsigned port) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct store_generation g;
        struct allocation ranges;
        json_t *spec;

        spec = json_pack("{s:i,s:s,s:s,s:{s:{s:[{s:i,s:i}],s:s}}}", "version", 1, "name", name, "source", "/bench.json",
                         "config", "nixosContainer", "forwardPorts", "hostPort", (int) port, "containerPort", 80,
                         "timeoutStartSec", "90s");
        check(store_save_generation(name, spec, NULL, 0, &g, &e), name, &e);
        check(allocations_get(a, name, NULL, 0, &ranges, &e), name, &e);
        json_decref(spec);
}

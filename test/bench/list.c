/* `nixos-nspawn list` of 1 and 200 containers, as text and as JSON, from exec to exit, beside a program that only reads
 * the same definitions. Prints a line a measurement: name, ours, floor, ratio, unit, separated by tabs. Must run in a
 * mount namespace of its own, with $BUILD where meson built. */
#include "base/file.h"
#include "base/paths.h"
#include "config/config.h"
#include "state/allocations.h"
#include "state/store.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

enum {
        TURNS = 51,
        SPEC_MAX = 1024 * 1024,
};

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

/* From fork to exit, in milliseconds. */
static double run(char *const argv[]) {
        double began = now();
        int status = 0;
        pid_t pid = fork();

        if (pid < 0)
                err(1, "fork");
        if (pid == 0) {
                int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

                if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
                        _exit(126);
                (void) execv(argv[0], argv);
                _exit(127);
        }
        if (waitpid(pid, &status, 0) < 0 || status != 0)
                errx(1, "%s ended with %d", argv[0], status);
        return now() - began;
}

/* The floor: all that list has to read. */
static int read_all(void) {
        _cleanup_(strings_freep) char **names = NULL;

        if (store_list(&names) < 0)
                return 1;
        for (char **name = names; *name; name++) {
                _cleanup_(freep) char *profile = store_generation_path(*name, 0), *text = NULL;
                _cleanup_(freep) char *path = profile ? format("%s/spec.json", profile) : NULL;

                if (!path || file_read(path, SPEC_MAX, &text, NULL) < 0)
                        return 1;
        }
        return 0;
}

static void define(const char *config, struct allocations *a, unsigned first, unsigned last) {
        for (unsigned i = first; i < last; i++) {
                _cleanup_(error_clear) struct error e = ERROR_INIT;
                struct store_generation generation;
                struct allocation allocation;
                json_t *spec = NULL;
                char name[32];

                (void) snprintf(name, sizeof(name), "container%u", i);
                if (config_load(config, name, &spec, &e) < 0 ||
                    store_save_generation(name, spec, NULL, 0, &generation, &e) < 0 || store_link(name, &e) < 0 ||
                    allocations_get(a, name, NULL, 0, &allocation, &e) < 0)
                        errx(1, "%s: %s", name, error_message(&e));
                json_decref(spec);
        }
        if (allocations_save(a, NULL) < 0)
                errx(1, "cannot save the addresses");
}

static void measure(const char *what, unsigned n, char *const ours[], char *const floor_[]) {
        double a[TURNS], b[TURNS];

        (void) run(ours);
        (void) run(floor_);
        for (size_t i = 0; i < TURNS; i++) {
                a[i] = run(ours);
                b[i] = run(floor_);
        }
        qsort(a, TURNS, sizeof(*a), compare);
        qsort(b, TURNS, sizeof(*b), compare);
        printf("%s of %u containers\t%.2f\t%.2f\t%.2f\tms\n", what, n, a[TURNS / 2], b[TURNS / 2],
               a[TURNS / 2] / b[TURNS / 2]);
        (void) fflush(stdout);
}

static void prepare(void) {
        static const char *const places[] = {PATH_LIB, PATH_RUN, PATH_UNITS, PATH_MACHINES};

        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                err(1, "this must run in a mount namespace of its own");
        /* So that nothing is made on the machine, not even places to mount on. */
        if (mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=755") < 0 ||
            mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0 ||
            mount("tmpfs", "/etc/systemd", "tmpfs", 0, "mode=755") < 0)
                err(1, "mount");
        for (size_t i = 0; i < ELEMENTS_OF(places); i++)
                if (directory_make(places[i], 0755) < 0)
                        err(1, "%s", places[i]);
}

int main(int argc, char *argv[]) {
        static const unsigned counts[] = {1, 200};
        const char *build = getenv("BUILD"), *config = "/run/config.json";
        static const char text[] = "{\"services\": {\"nginx\": {\"enable\": true}}, \"networking\": {\"firewall\": "
                                   "{\"allowedTCPPorts\": [80]}}, \"nixosContainer\": {\"forwardPorts\": "
                                   "[{\"hostPort\": 8181, \"containerPort\": 80}]}}";
        _cleanup_(freep) char *program = build ? format("%s/src/cli/nixos-nspawn", build) : NULL;
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        char *list[] = {program, (char *) "list", NULL}, *json[] = {program, (char *) "list", (char *) "--json", NULL};
        char *self[] = {(char *) "/proc/self/exe", (char *) "--floor", NULL};
        unsigned n = 0;

        if (argc == 2 && strcmp(argv[1], "--floor") == 0)
                return read_all();
        if (!program)
                errx(1, "BUILD is not set");
        prepare();
        if (file_write_atomic(config, text, strlen(text), 0644, false) < 0 || allocations_load(&a, NULL) < 0)
                errx(1, "cannot prepare");
        for (size_t i = 0; i < ELEMENTS_OF(counts); i++) {
                define(config, a, n, counts[i]);
                n = counts[i];
                measure("list", n, list, self);
                measure("list --json", n, json, self);
        }
        return 0;
}

/* What the tests of the daemon need beside ip and nft:
 *
 *     netd define NAME [FORWARDS [OPTIONS]]   a container's definition and addresses, as `create` leaves them;
 * FORWARDS: JSON, or "-": from standard input; OPTIONS: further ones of the container netd member NAME ZONE [FORWARDS
 * [OPTIONS]]   the same in a zone netd zone NAME [OPTIONS]      a zone's definition; "-" as OPTIONS takes it away netd
 * forget NAME              takes them away netd macs NAME                "HOST CONTAINER", its links' hardware
 * addresses netd ensure                   netd_ensure(), as every command does netd call METHOD [PARAMETERS] one call
 * through the client; prints the reply as JSON, or the error, and ends with its exit status netd hold NAME COMMAND...
 * runs a command as a container's supervisor would, holding its lock */
#include "base/file.h"
#include "base/paths.h"
#include "netd/client.h"
#include "state/allocations.h"
#include "state/store.h"
#include "state/zones.h"

#include <string.h>

static int fail(const struct error *e) {
        (void) fprintf(stderr, "netd: %s\n", error_message(e));
        return e->exit_status ? e->exit_status : EXIT_FAILED;
}

static int allocate(const char *name, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        struct allocation ranges;
        int r;

        r = allocations_load(&a, e);
        if (r >= 0)
                r = allocations_get(a, name, NULL, 0, &ranges, e);
        return r > 0 ? allocations_save(a, e) : r;
}

static int define(const char *name, const char *forwards, const char *options) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        bool input = forwards && strcmp(forwards, "-") == 0;
        json_t *list = input ? json_loadf(stdin, 0, NULL) : json_loads(forwards ? forwards : "[]", 0, NULL);
        json_t *more = json_loads(options ? options : "{}", 0, NULL);
        struct store_generation g;
        json_t *spec;
        int r;

        spec = json_pack("{s:i,s:s,s:s,s:{s:{s:o,s:s}}}", "version", 1, "name", name, "source", "/test.json", "config",
                         "nixosContainer", "forwardPorts", list, "timeoutStartSec", "90s");
        if (!spec || json_object_update(json_object_get(json_object_get(spec, "config"), "nixosContainer"), more) < 0)
                return EXIT_USAGE;
        json_decref(more);
        r = store_save_generation(name, spec, NULL, 0, &g, &e);
        if (r >= 0)
                r = allocate(name, &e);
        json_decref(spec);
        return r < 0 ? fail(&e) : 0;
}

static int allocate_zone(const char *zone, struct allocations *a, struct zone_network *ret, struct error *e) {
        _cleanup_(zone_clear) struct zone z = ZONE_INIT;
        struct allocation ranges;
        uint8_t machine_id[16];
        int r;

        r = machine_id_get(machine_id, e);
        if (r >= 0)
                r = zones_load(zone, &z, NULL, e);
        if (r >= 0)
                r = allocations_get_zone(a, &z, NULL, 0, &ranges, e);
        return r < 0 ? r : zone_compute(&z, &ranges, machine_id, ret);
}

static int allocate_member(const char *name, const char *zone, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        struct zone_network n = {0};
        uint32_t number;
        int r;

        r = allocations_load(&a, e);
        if (r >= 0)
                r = allocate_zone(zone, a, &n, e);
        if (r >= 0)
                r = allocations_get_member(a, &n, name, &number, e);
        return r < 0 ? r : allocations_save(a, e);
}

static int member(const char *name, const char *zone, const char *forwards, const char *options) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *spec, *more = json_loads(options ? options : "{}", 0, NULL);
        struct store_generation g;
        int r;

        spec = json_pack("{s:i,s:s,s:s,s:{s:{s:o,s:s,s:s}}}", "version", 1, "name", name, "source", "/test.json",
                         "config", "nixosContainer", "forwardPorts", json_loads(forwards ? forwards : "[]", 0, NULL),
                         "zone", zone, "timeoutStartSec", "90s");
        if (!spec || json_object_update(json_object_get(json_object_get(spec, "config"), "nixosContainer"), more) < 0)
                return EXIT_USAGE;
        json_decref(more);
        r = store_save_generation(name, spec, NULL, 0, &g, &e);
        if (r >= 0)
                r = allocate_member(name, zone, &e);
        json_decref(spec);
        return r < 0 ? fail(&e) : 0;
}

static int zone(const char *name, const char *text) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct zone_network n = {0};
        json_t *options;
        int r;

        if (text && strcmp(text, "-") == 0)
                return zones_remove(name, &e) < 0 ? fail(&e) : 0;
        options = json_loads(text ? text : "{}", 0, NULL);
        if (!options)
                return EXIT_USAGE;
        r = zones_save(name, options, &e);
        json_decref(options);
        if (r >= 0)
                r = allocations_load(&a, &e);
        if (r >= 0)
                r = allocate_zone(name, a, &n, &e);
        if (r >= 0)
                r = allocations_save(a, &e);
        return r < 0 ? fail(&e) : 0;
}

static int forget(const char *name) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        int r;

        r = store_remove(name, &e);
        if (r >= 0)
                r = allocations_load(&a, &e);
        if (r >= 0 && allocations_release(a, name) > 0)
                r = allocations_save(a, &e);
        return r < 0 ? fail(&e) : 0;
}

static int macs(const char *name) {
        char host[MAC_TEXT_MAX], container[MAC_TEXT_MAX];
        uint8_t machine_id[16];
        struct mac m[2];

        if (machine_id_get(machine_id, NULL) < 0)
                return EXIT_FAILED;
        m[0] = link_mac(MAC_HOST, machine_id, name, 0);
        m[1] = link_mac(MAC_CONTAINER, machine_id, name, 0);
        (void) printf("%s %s\n", mac_format(&m[0], host), mac_format(&m[1], container));
        return 0;
}

static int call(const char *method, const char *parameters) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        json_t *reply = NULL;

        if (netd_call(method, parameters ? json_loads(parameters, 0, NULL) : NULL, 20000, &reply, &e) < 0)
                return fail(&e);
        (void) json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
        (void) printf("\n");
        json_decref(reply);
        return 0;
}

static int hold(const char *name, char **command) {
        _cleanup_(freep) char *folder = format(PATH_CONTAINERS "/%s", name), *path = format("%s/lock", folder);
        int fd;

        if (directory_make(folder, 0755) < 0 || (fd = lock_take(path, 1000)) < 0)
                return EXIT_FAILED;
        if (dup(fd) < 0) /* without close-on-exec */
                return EXIT_FAILED;
        execvp(command[0], command);
        return EXIT_COMMAND;
}

int main(int argc, char *argv[]) {
        const char *verb = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : NULL;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (strcmp(verb, "ensure") == 0)
                return netd_ensure(&e) < 0 ? fail(&e) : 0;
        if (!name)
                return EXIT_USAGE;
        if (strcmp(verb, "define") == 0)
                return define(name, argc > 3 ? argv[3] : NULL, argc > 4 ? argv[4] : NULL);
        if (strcmp(verb, "member") == 0 && argc > 3)
                return member(name, argv[3], argc > 4 ? argv[4] : NULL, argc > 5 ? argv[5] : NULL);
        if (strcmp(verb, "zone") == 0)
                return zone(name, argc > 3 ? argv[3] : NULL);
        if (strcmp(verb, "forget") == 0)
                return forget(name);
        if (strcmp(verb, "macs") == 0)
                return macs(name);
        if (strcmp(verb, "call") == 0)
                return call(name, argc > 3 ? argv[3] : NULL);
        if (strcmp(verb, "hold") == 0 && argc > 3)
                return hold(name, argv + 3);
        return EXIT_USAGE;
}

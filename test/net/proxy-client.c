/* What the daemon does with the localhost proxy, from the command line:
 *
 *     proxy-client set NAME ADDRESS4|- ADDRESS6|- [PROTOCOL,HOST,CONTAINER[,COUNT[,BIND]]]...
 *     proxy-client clear NAME
 *     proxy-client list
 *
 * An error is printed, and its errno's name is of no interest: the exit status is the error's. */
#include "base/parse.h"
#include "netd/proxy_client.h"

#include <errno.h>
#include <string.h>

static int number(const char *s) {
        uint64_t value;

        return s && parse_unsigned(s, 0, 65535, &value) == 0 ? (int) value : -1;
}

static int parse_forward(char *text, struct forward *ret) {
        const char *protocol = strsep(&text, ","), *count, *bind;
        int host = number(strsep(&text, ",")), container = number(strsep(&text, ","));

        count = strsep(&text, ",");
        bind = strsep(&text, ",");
        *ret = (struct forward){
                .protocol = string_equal(protocol, "udp") ? PROTOCOL_UDP : PROTOCOL_TCP,
                .host_port = (uint16_t) host,
                .container_port = (uint16_t) container,
                .count = count ? (uint16_t) number(count) : 1,
        };
        return host < 0 || container < 0 || (bind && address_parse(bind, &ret->bind) < 0) ? -EINVAL : 0;
}

static int set(int argc, char *argv[], struct error *e) {
        _cleanup_(freep) struct forward *forwards = calloc((size_t) argc, sizeof(*forwards));
        struct network n = {0};

        if (!forwards || argc < 5)
                return error_set(e, EINVAL, EXIT_USAGE, "set NAME ADDRESS4 ADDRESS6 FORWARD...");
        (void) address_parse(argv[3], &n.container_v4.address);
        (void) address_parse(argv[4], &n.container_v6.address);
        for (int i = 5; i < argc; i++)
                if (parse_forward(argv[i], &forwards[n.n_forwards++]) < 0)
                        return error_set(e, EINVAL, EXIT_USAGE, "not a forward");
        n.forwards = forwards;
        return proxy_set(argv[2], &n, e);
}

static int list(struct error *e) {
        json_t *containers = NULL;
        int r = proxy_list(&containers, e);

        if (r == 0) {
                (void) json_dumpf(containers, stdout, JSON_SORT_KEYS);
                (void) putchar('\n');
        }
        json_decref(containers);
        return r;
}

int main(int argc, char *argv[]) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        int r;

        if (argc >= 2 && string_equal(argv[1], "set"))
                r = set(argc, argv, &e);
        else if (argc == 3 && string_equal(argv[1], "clear"))
                r = proxy_clear(argv[2], &e);
        else if (argc == 2 && string_equal(argv[1], "list"))
                r = list(&e);
        else
                r = error_set(&e, EINVAL, EXIT_USAGE, "set, clear or list");
        if (r < 0)
                (void) fprintf(stderr, "%s\n", error_message(&e));
        return r < 0 ? (e.exit_status ? e.exit_status : EXIT_FAILED) : 0;
}

#include "container/address.h"

#include "front/taken.h"

#include "base/paths.h"
#include "state/allocations.h"
#include "state/store.h"

#include <errno.h>

static int choose_number(const char *name, bool save, struct conf *conf, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *allocations = NULL;
        _cleanup_(freep) struct prefix *taken = NULL;
        struct allocation allocation = {0};
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        size_t n = 0;
        int r;

        r = allocations_load(&allocations, e);
        if (r >= 0)
                r = taken_find(name, save, &taken, &n, e);
        if (r < 0)
                return r;
        r = allocations_get_numbered(allocations, name, taken, n, &allocation, e);
        if (r == -ENOSPC)
                return error_set(e, ENOSPC, EXIT_CONTAINER,
                                 "out of IP addresses: all of 10.233.1.0/30 to 10.233.254.0/30 are in use");
        if (r > 0 && save)
                r = allocations_save(allocations, e);
        if (r < 0)
                return r;
        address = allocation.v4.address;
        address.bytes[3]++;
        r = conf_set(conf, "HOST_ADDRESS", address_format(&address, text));
        address.bytes[3]++;
        if (r >= 0)
                r = conf_set(conf, "LOCAL_ADDRESS", address_format(&address, text));
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot choose addresses for %s", name) : 0;
}

static int check_option(const char *option, const char *value, struct error *e) {
        struct prefix p;

        if (prefix_parse(value, true, &p) >= 0 && p.address.family == AF_INET)
                return 0;
        return error_set(e, EINVAL, EXIT_USAGE,
                         "--%s %s is not an IPv4 address such as 10.233.1.2, with a length such as /24 or none", option,
                         value);
}

int address_choose(const struct invocation *i, const char *name, bool save, struct conf *conf, struct error *e) {
        const char *host = invocation_value(i, OPTION_HOST_ADDRESS), *local = invocation_value(i, OPTION_LOCAL_ADDRESS);
        int r = 0;

        if (!local && invocation_has(i, OPTION_BRIDGE))
                return 0;
        if (!local)
                return choose_number(name, save, conf, e);
        r = check_option("local-address", local, e);
        if (r >= 0 && host)
                r = check_option("host-address", host, e);
        if (r < 0)
                return r;
        if (host)
                r = conf_set(conf, "HOST_ADDRESS", host);
        if (r >= 0)
                r = conf_set(conf, "LOCAL_ADDRESS", local);
        return r < 0 ? error_errno(e, r, EXIT_USAGE, "cannot use the addresses of %s", name) : 0;
}

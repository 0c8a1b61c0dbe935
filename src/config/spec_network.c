/* The two ends of a link, each by itself, then against each other. */
#include "spec_network.h"

#include "base/parse.h"
#include "link_settings.h"
#include "value.h"

#include <errno.h>

#define OPTIONS "nixosContainer"

static int read_access(const json_t *options, struct container *c, struct error *e) {
        static const char *const words[] = {
                [OUTSIDE_GLOBAL] = "global",
                [OUTSIDE_ALL] = "all",
                [OUTSIDE_NONE] = "none",
        };
        const json_t *v = json_object_get(options, "outsideAccess");
        char text[VALUE_TEXT_MAX];

        if (!v || json_is_null(v))
                return 0;
        for (size_t i = 0; i < ELEMENTS_OF(words); i++)
                if (string_equal(value_string(v), words[i])) {
                        c->outside_access = (enum outside_access) i;
                        return 0;
                }
        return error_set(e, EINVAL, EXIT_CONTAINER,
                         OPTIONS ".outsideAccess: expected \"global\", \"all\" or \"none\", found %s",
                         value_describe(v, text));
}

static bool host_has(const struct link_settings *host, const struct address *a) {
        static const struct mac nobody = {{0}};

        for (size_t i = 0; i < host->n_addresses; i++)
                if (address_equal(&host->addresses[i].address, a))
                        return true;
        for (size_t i = 0; i < host->n_prefixes; i++) {
                struct prefix tokens[IPV6_PREFIX_TOKENS_MAX];
                size_t n = ipv6_prefix_host_addresses(&host->prefixes[i], &nobody, tokens);

                for (size_t k = 0; k < n; k++)
                        if (address_equal(&tokens[k].address, a))
                                return true;
        }
        return false;
}

static int check_ends(const struct container *c, struct error *e) {
        const struct link_settings *host = &c->host_settings, *guest = &c->container_settings;
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < guest->n_addresses; i++)
                if (host_has(host, &guest->addresses[i].address))
                        return error_set(e, EINVAL, EXIT_CONTAINER,
                                         OPTIONS ".containerNetworkConfig: the address %s is the host's by " OPTIONS
                                                 ".hostNetworkConfig; give the container another one",
                                         address_format(&guest->addresses[i].address, text));
        if (host->mtu && guest->mtu && host->mtu != guest->mtu)
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 OPTIONS ".containerNetworkConfig.linkConfig.MTUBytes: is %u, while hostNetworkConfig "
                                         "says %u; the two ends of a link have the same MTU",
                                 guest->mtu, host->mtu);
        return 0;
}

int spec_read_network(const json_t *options, struct container *c, struct error *e) {
        int r = link_settings_from_options(json_object_get(options, "hostNetworkConfig"), OPTIONS ".hostNetworkConfig",
                                           LINK_SIDE_HOST, &c->host_settings, e);

        if (r >= 0)
                r = link_settings_from_options(json_object_get(options, "containerNetworkConfig"),
                                               OPTIONS ".containerNetworkConfig", LINK_SIDE_CONTAINER,
                                               &c->container_settings, e);
        if (r >= 0)
                r = read_access(options, c, e);
        return r < 0 ? r : check_ends(c, e);
}

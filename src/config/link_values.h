/* What reads the values of the keys in link_keys.c. Private to the table; results as of struct link_key. */
#pragma once

#include "link_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more at the end, zeroed. */
#define LIST_GROW_TO(list, n, max)                                                                                     \
        ({                                                                                                             \
                __typeof__(list) _new = (n) < (max) ? reallocarray((list), (n) + 1, sizeof(*(list))) : NULL;           \
                if (_new) {                                                                                            \
                        (list) = _new;                                                                                 \
                        memset(&(list)[(n)++], 0, sizeof(*(list)));                                                    \
                }                                                                                                      \
                _new ? 0 : -ENOMEM;                                                                                    \
        })
#define LIST_GROW(list, n) LIST_GROW_TO(list, n, LINK_LIST_MAX)

static inline bool is_usable(const struct address *a) {
        static const uint8_t zero[16];

        return memcmp(a->bytes, zero, address_size(a)) != 0 && !address_is_multicast(a) && !address_is_loopback(a);
}

static inline bool is_unspecified(const struct address *a) {
        static const uint8_t zero[16];

        return memcmp(a->bytes, zero, address_size(a)) == 0;
}

/* Whole seconds; UINT32_MAX: for ever. */
int link_read_seconds(const char *value, uint32_t max, uint32_t *ret);

/* link_values.c: of the link as a whole. */
int link_set_host_address(struct link_settings *s, const char *value);
int link_set_container_address(struct link_settings *s, const char *value);
int link_set_gateway(struct link_settings *s, const char *value);
int link_set_masquerade(struct link_settings *s, const char *value);
int link_set_dhcp_server(struct link_settings *s, const char *value);
int link_set_dhcp_dns(struct link_settings *s, const char *value);
int link_set_dhcp_router(struct link_settings *s, const char *value);
int link_set_send_ra(struct link_settings *s, const char *value);
int link_set_ra_dns(struct link_settings *s, const char *value);
int link_set_ra_domains(struct link_settings *s, const char *value);
int link_set_ra_managed(struct link_settings *s, const char *value);
int link_set_ra_other(struct link_settings *s, const char *value);
int link_set_lease_time(struct link_settings *s, const char *value);
int link_set_router_lifetime(struct link_settings *s, const char *value);
int link_set_dhcp_servers(struct link_settings *s, const char *value);
int link_set_dhcp_times(struct link_settings *s, const char *value);
int link_set_ra_servers(struct link_settings *s, const char *value);
int link_set_mtu(struct link_settings *s, const char *value);
int link_set_mac(struct link_settings *s, const char *value);
int link_expect_no(struct link_settings *s, const char *value);
int link_expect_yes(struct link_settings *s, const char *value);
int link_expect_only_no(struct link_settings *s, const char *value);
int link_expect_forwarding(struct link_settings *s, const char *value);
int link_expect_link_local(struct link_settings *s, const char *value);
int link_expect_any_switch(struct link_settings *s, const char *value);
int link_expect_no_detection(struct link_settings *s, const char *value);

/* link_sections.c: of the section that was begun last. */
int link_set_prefix(struct link_settings *s, const char *value);
int link_set_prefix_assign(struct link_settings *s, const char *value);
int link_set_prefix_autonomous(struct link_settings *s, const char *value);
int link_set_prefix_on_link(struct link_settings *s, const char *value);
int link_set_prefix_valid(struct link_settings *s, const char *value);
int link_set_prefix_preferred(struct link_settings *s, const char *value);
int link_set_prefix_token(struct link_settings *s, const char *value);
int link_set_route_prefix(struct link_settings *s, const char *value);
int link_set_route_prefix_lifetime(struct link_settings *s, const char *value);
int link_set_route_destination(struct link_settings *s, const char *value);
int link_set_route_gateway(struct link_settings *s, const char *value);
int link_set_route_source(struct link_settings *s, const char *value);
int link_set_neighbour_address(struct link_settings *s, const char *value);
int link_set_neighbour_mac(struct link_settings *s, const char *value);

/* Addresses, prefixes and routes beside the main ones: see struct network_more. */
#include "plan/more.h"

#include "plan/append.h"

static int admit_source(const struct network *n, const struct prefix *source, struct plan *p) {
        static const enum element_set v4[] = {SET_SOURCE_V4, SET_ARP_SENDERS}, v6[] = {SET_SOURCE_V6, SET_ADVERTISED};
        const enum element_set *sets = source->address.family == AF_INET ? v4 : v6;
        int r = 0;

        for (size_t i = 0; i < 2 && r == 0; i++)
                r = append_guard(p, sets[i], n->link, &n->container_mac, source);
        return r;
}

/* To a network that the container is the host's gateway to. */
static bool leads_behind(const struct network_more *m, const struct prefix *open) {
        for (size_t i = 0; i < m->n_host_routes; i++)
                if (m->host_routes[i].gateway.family != AF_UNSPEC && prefix_equal(&m->host_routes[i].destination, open))
                        return true;
        return false;
}

/* Links, not ranges: where a packet from behind may come from is what the host's routes say, whatever contains what. */
static int admit_behind(const struct network *n, struct plan *ret) {
        const struct network_more *m = n->more;
        bool gateway = false, v4 = false, v6 = false;
        int r = 0;

        for (size_t i = 0; m && i < m->n_host_routes; i++)
                gateway = gateway || m->host_routes[i].gateway.family != AF_UNSPEC;
        for (size_t i = 0; gateway && i < m->n_open; i++)
                if (leads_behind(m, &m->open[i]))
                        *(m->open[i].address.family == AF_INET ? &v4 : &v6) = true;
        if (gateway)
                r = append_link(ret, SET_GATEWAYS, n->link);
        if (v4 && r == 0)
                r = append_link(ret, SET_THROUGH_V4, n->link);
        return r < 0 || !v6 ? r : append_link(ret, SET_THROUGH_V6, n->link);
}

int plan_more_rights(const struct network *n, const char *link, struct plan *ret) {
        const struct network_more *m = n->more;
        int r = 0;

        for (size_t i = 0; m && i < m->n_masqueraded && r == 0; i++) {
                bool v4 = m->masqueraded[i].address.family == AF_INET;

                r = append_element(ret, &(struct element){.set = v4 ? SET_MASQUERADE_V4 : SET_MASQUERADE_V6,
                                                          .prefix = m->masqueraded[i]});
        }
        for (size_t i = 0; m && i < m->n_open && r == 0; i++) {
                bool v4 = m->open[i].address.family == AF_INET;

                if (!leads_behind(m, &m->open[i]))
                        r = append_guard(ret, v4 ? SET_OPEN_V4 : SET_OPEN_V6, link, &n->container_mac, &m->open[i]);
        }
        return r;
}

/* The main addresses' elements have come before. */
int plan_more_admit(const struct network *n, struct plan *ret) {
        int r = 0;

        for (size_t i = 0; n->more && i < n->more->n_sources && r == 0; i++)
                r = admit_source(n, &n->more->sources[i], ret);
        if (r == 0)
                r = admit_behind(n, ret);
        return r < 0 ? r : plan_more_rights(n, n->link, ret);
}

static int append_addresses(struct plan *p, enum operation_side side, const char *link, const struct prefix *list,
                            size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++)
                r = append(p, OPERATION_ADDRESS_ADD, side, link, &(struct operation){.address = list[i]});
        return r;
}

/* The other end's addresses, then those that were asked for. */
static int append_neighbours(struct plan *p, enum operation_side side, const char *link, const struct prefix *ends,
                             size_t n_ends, const struct mac *mac, const struct link_neighbour *more, size_t n_more) {
        int r = 0;

        for (size_t i = 0; i < n_ends && r == 0; i++)
                r = append_neighbour(p, side, link, &ends[i].address, mac);
        for (size_t i = 0; i < n_more && r == 0; i++)
                r = append_neighbour(p, side, link, &more[i].address, &more[i].mac);
        return r;
}

int plan_append_routes(struct plan *p, enum operation_side side, const char *link, const struct link_route *list,
                       size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++)
                r = append(p, OPERATION_ROUTE_ADD, side, link,
                           &(struct operation){.route = {.destination = list[i].destination,
                                                         .via = list[i].gateway,
                                                         .source = list[i].source}});
        return r;
}

int plan_more_host(const struct network *n, struct plan *ret) {
        const struct network_more *m = n->more;
        int r;

        if (!m)
                return 0;
        r = append_addresses(ret, SIDE_HOST, n->link, m->host_addresses, m->n_host_addresses);
        return r < 0 ? r
                     : append_neighbours(ret, SIDE_HOST, n->link, m->container_addresses, m->n_container_addresses,
                                         &n->container_mac, m->host_neighbours, m->n_host_neighbours);
}

int plan_more_host_routes(const struct network *n, struct plan *ret) {
        return n->more ? plan_append_routes(ret, SIDE_HOST, n->link, n->more->host_routes, n->more->n_host_routes) : 0;
}

int plan_more_guest(const struct network *n, const char *link, struct plan *ret) {
        const struct network_more *m = n->more;
        int r;

        if (!m)
                return 0;
        r = append_addresses(ret, SIDE_CONTAINER, link, m->container_addresses, m->n_container_addresses);
        return r < 0 ? r
                     : append_neighbours(ret, SIDE_CONTAINER, link, m->host_addresses, m->n_host_addresses,
                                         &n->router_mac, m->container_neighbours, m->n_container_neighbours);
}

int plan_more_guest_routes(const struct network *n, const char *link, struct plan *ret) {
        return n->more ? plan_append_routes(ret, SIDE_CONTAINER, link, n->more->container_routes,
                                            n->more->n_container_routes)
                       : 0;
}

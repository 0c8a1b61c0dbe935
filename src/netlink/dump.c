/* All of a kind: dumps into arrays. A message that does not parse ends the dump with an error rather than leaving a
 * hole that would look like a free range or an absent link. */
#include "netlink/route.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

struct collection {
        uint8_t *items; /* owned */
        size_t item_size, n, capacity;
};

static void collection_restart(void *userdata) {
        struct collection *c = userdata;
        c->n = 0;
}

static void collection_clear(struct collection *c) {
        free(c->items);
        c->items = NULL;
}

/* Room for one more, counted by the caller once it is filled. */
static void *collection_next(struct collection *c) {
        if (c->n == c->capacity) {
                size_t capacity = c->capacity ? c->capacity * 2 : 16;
                uint8_t *items = reallocarray(c->items, capacity, c->item_size);
                if (!items)
                        return NULL;
                c->items = items;
                c->capacity = capacity;
        }
        return c->items + c->n * c->item_size;
}

static int add_link(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        struct collection *c = userdata;
        struct netlink_link *l = collection_next(c);
        int r = l ? netlink_link_read(h, l) : -ENOMEM;
        if (r == 0)
                c->n++;
        return r;
}

static int add_address(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        struct collection *c = userdata;
        struct netlink_address *a = collection_next(c);
        int r = a ? netlink_address_read(h, a) : -ENOMEM;
        if (r == 0)
                c->n++;
        return r;
}

static int add_route(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        struct collection *c = userdata;
        const struct rtmsg *header = NLMSG_DATA(h);
        if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*header)) && header->rtm_family != AF_INET &&
            header->rtm_family != AF_INET6)
                return 0; /* multicast routing, MPLS */
        struct netlink_route *route = collection_next(c);
        int r = route ? netlink_route_read(h, route) : -ENOMEM;
        if (r == 0)
                c->n++;
        return r;
}

static int collect(struct netlink *n, uint16_t type, size_t header_size, netlink_answer_t add, size_t item_size,
                   void **ret, size_t *ret_n) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        _cleanup_(collection_clear) struct collection c = {.item_size = item_size};
        netlink_begin(&b, type, 0, header_size, NULL);
        int r = netlink_dump(n, &b, add, collection_restart, &c);
        if (r < 0)
                return r;
        *ret = steal_ptr(c.items);
        *ret_n = c.n;
        return 0;
}

int netlink_links(struct netlink *n, struct netlink_link **ret, size_t *ret_n) {
        return collect(n, RTM_GETLINK, sizeof(struct ifinfomsg), add_link, sizeof(**ret), (void **) ret, ret_n);
}

int netlink_addresses(struct netlink *n, struct netlink_address **ret, size_t *ret_n) {
        return collect(n, RTM_GETADDR, sizeof(struct ifaddrmsg), add_address, sizeof(**ret), (void **) ret, ret_n);
}

int netlink_routes(struct netlink *n, struct netlink_route **ret, size_t *ret_n) {
        return collect(n, RTM_GETROUTE, sizeof(struct rtmsg), add_route, sizeof(**ret), (void **) ret, ret_n);
}

static int found_link(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        return netlink_link_read(h, userdata);
}

static int find_link(struct netlink *n, int ifindex, const char *name, struct netlink_link *ret) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        *ret = (struct netlink_link){0};
        netlink_link_get(&b, ifindex, name);
        int r = netlink_send(n, &b, found_link, ret, NULL);
        if (r == 0 && ret->ifindex <= 0)
                return -ENODEV;
        return r;
}

int netlink_link_find(struct netlink *n, const char *name, struct netlink_link *ret) {
        return find_link(n, 0, name, ret);
}

int netlink_link_find_index(struct netlink *n, int ifindex, struct netlink_link *ret) {
        return find_link(n, ifindex, NULL, ret);
}

/* systemd-nspawn would find most of this out by itself, halfway, and say no more than "No such device". */
#include "links.h"

#include "base/file.h"
#include "base/parse.h"
#include "netlink/netlink.h"
#include "netlink/route.h"
#include "runtime/leftovers.h"
#include "state/store.h"

#include <errno.h>
#include <string.h>

#define LINK_TIMEOUT_MS 5000

static int check_bridge(struct netlink *n, const char *name, struct error *e) {
        struct netlink_link link;
        int r = netlink_link_find(n, name, &link);

        if (r == -ENODEV)
                return error_set(e, ENODEV, EXIT_CONTAINER,
                                 "There is no bridge %s on this host; make it first: ip link add %s type bridge && ip "
                                 "link set %s up",
                                 name, name, name);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot look for the bridge %s", name);
        if (!string_equal(link.kind, "bridge"))
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "%s is no bridge (%s), which a container could join; make one and give it %s as a "
                                 "port: ip link add br0 type bridge && ip link set %s master br0",
                                 name, link.kind[0] ? link.kind : "no virtual link", name, name);
        return 0;
}

static int find_parent(struct netlink *n, const char *word, struct netlink_link *ret, struct error *e) {
        char name[IFNAMSIZ];
        int r;

        (void) snprintf(name, sizeof name, "%.*s", (int) strcspn(word, ":"), word);
        r = netlink_link_find(n, name, ret);
        if (r == -ENODEV)
                return error_set(e, ENODEV, EXIT_CONTAINER, "There is no link %s on this host", name);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot look for the link %s", name) : 0;
}

/* systemd-nspawn makes the link on the host under the name that it is to have inside. */
static int check_name_free(struct netlink *n, enum link_prefix prefix, const char *word, struct error *e) {
        struct netlink_link link;
        char name[IFNAMSIZ];
        int r;

        link_inside_name(prefix, word, name);
        r = netlink_link_find(n, name, &link);
        if (r == -ENODEV)
                return 0;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot look for the link %s", name);
        return error_set(e, EEXIST, EXIT_CONTAINER,
                         "There is a link %s on this host already, and the container's own would be made under that "
                         "name; give the host's another one: ip link set %s down && ip link set %s name %s-host",
                         name, name, name, strlen(name) < IFNAMSIZ - strlen("-host") ? name : "mv");
}

/* A request without what every such link needs: a kernel that knows the kind refuses it for that. */
static int check_kind(struct netlink *n, const char *kind, struct error *e) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        int r;

        netlink_link_probe(&b, kind);
        r = netlink_send(n, &b, NULL, NULL, NULL);
        if (r != -EOPNOTSUPP)
                return 0;
        return error_set(e, EOPNOTSUPP, EXIT_CONTAINER,
                         "This kernel has no links of the kind %s (CONFIG_%s); use another, or a kernel that has them",
                         kind, string_equal(kind, "ipvlan") ? "IPVLAN" : "MACVLAN");
}

static int check_upper(struct netlink *n, char *const *words, enum link_prefix prefix, const char *kind,
                       struct error *e) {
        struct netlink_link link;
        int r = words && *words ? check_kind(n, kind, e) : 0;

        for (; words && *words && r >= 0; words++) {
                r = find_parent(n, *words, &link, e);
                if (r >= 0)
                        r = check_name_free(n, prefix, *words, e);
        }
        return r;
}

static bool has_word(char *const *list, const char *word) {
        for (; list && *list; list++)
                if (string_equal(*list, word))
                        return true;
        return false;
}

static int check_all(struct netlink *n, const struct container *c, const struct container *running, struct error *e) {
        struct netlink_link link;
        int r = c->mode == NETWORK_BRIDGE ? check_bridge(n, c->attached_to, e) : 0;

        for (size_t i = 0; i < c->n_extra_veths && r >= 0; i++)
                if (c->extra_veths[i].end.bridge)
                        r = check_bridge(n, c->extra_veths[i].end.bridge, e);
        for (char *const *word = c->interfaces; word && *word && r >= 0; word++)
                if (!running || !has_word(running->interfaces, *word))
                        r = find_parent(n, *word, &link, e);
        if (r >= 0)
                r = check_upper(n, c->macvlans, LINK_MV, "macvlan", e);
        return r < 0 ? r : check_upper(n, c->ipvlans, LINK_IV, "ipvlan", e);
}

static bool needs_links(const struct container *c) {
        return c->mode == NETWORK_BRIDGE || c->n_extra_veths > 0 || c->interfaces || c->macvlans || c->ipvlans;
}

int links_check(const struct container *c, const struct container *running, struct error *e) {
        _cleanup_(netlink_closep) struct netlink *n = NULL;
        int r;

        if (!needs_links(c))
                return 0;
        r = netlink_open(NETLINK_ROUTE, -1, &n);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot ask the kernel for its links")
                     : check_all(n, c, running, e);
}

static int wait_until_gone(const char *link, struct error *e) {
        if (leftovers_wait_link(link, LINK_TIMEOUT_MS) >= 0)
                return 0;
        return error_set(
                e, EEXIST, EXIT_FAILED,
                "There is a link %s already, which is not this container's; give that one another name (ip link "
                "set %s name NEW), or the container's",
                link, link);
}

static int links_wait_gone(const struct network *n, struct error *e) {
        int r = n->link[0] ? wait_until_gone(n->link, e) : 0;

        for (size_t i = 0; i < n->n_extra && r >= 0; i++)
                r = wait_until_gone(n->extra[i].link, e);
        return r;
}

void links_wait_ended(const char *name) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;

        if (store_load_network(name, &c, &n, NULL) >= 0)
                (void) links_wait_gone(&n, NULL);
}

/* systemd-nspawn takes no interface of the host that udev has not looked at. Where there is no udev, nobody ever would:
 * so it is told that it has been. The file is what udev would leave, and goes with the boot. */
static int let_take(const char *word, struct error *e) {
        char name[IFNAMSIZ];
        _cleanup_(freep) char *path = NULL;
        int r;

        (void) snprintf(name, sizeof name, "%.*s", (int) strcspn(word, ":"), word);
        if (access("/run/udev/control", F_OK) == 0)
                return 0;
        path = format("/run/udev/data/n%u", if_nametoindex(name));
        r = path ? directory_make("/run/udev/data", 0755) : -ENOMEM;
        if (r >= 0 && access(path, F_OK) < 0)
                r = file_write_atomic(path, "", 0, 0644, false);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot write %s", path ?: name) : 0;
}

int links_prepare(const struct container *c, const struct network *n, struct error *e) {
        char *const *const lists[] = {c->interfaces, c->macvlans, c->ipvlans};
        int r = links_check(c, NULL, e);

        for (size_t i = 0; i < ELEMENTS_OF(lists) && r >= 0; i++)
                for (char *const *word = lists[i]; word && *word && r >= 0; word++)
                        r = let_take(*word, e);
        return r < 0 ? r : links_wait_gone(n, e);
}

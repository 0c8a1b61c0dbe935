/* What systemd-nspawn would not miss, but run something else without, is looked for here. */
#include "definition.h"

#include "base/file.h"
#include "base/paths.h"
#include "netd/client.h"
#include "runtime/links.h"
#include "state/store.h"

#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#define ALLOCATE_TIMEOUT_MS 10000

static int check_root(const struct container *c, const char *advice, struct error *e) {
        _cleanup_(freep) char *root = container_root(c);

        if (!root)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start %s", c->name);
        return access(root, F_OK) < 0
                       ? error_errno(e, errno, EXIT_CONTAINER, "Cannot use the root folder %s; %s", root, advice)
                       : 0;
}

static int check_files(const struct container *c, struct error *e) {
        _cleanup_(freep) char *settings = format(PATH_UNITS "/%s.nspawn", c->name);

        if (!settings)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start %s", c->name);
        /* Without its settings nspawn would run something, but not this container. */
        if (access(settings, R_OK) < 0)
                return error_errno(e, errno, EXIT_CONTAINER,
                                   "Cannot read %s, which says how %s is run; make it again with "
                                   "'nixos-nspawn update'",
                                   settings, c->name);
        return check_root(c, "make the container again with 'nixos-nspawn create'", e);
}

/* What create does for those that are made by it. */
static int prepare_hand(const char *name, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        int r = store_load(name, &c, e);

        if (r < 0 || !c.hand)
                return r;
        r = check_root(&c, "the container's system has to be in that folder", e);
        if (r >= 0 && c.hand->other_user && container_is_attached(&c))
                r = error_set(
                        e, EPERM, EXIT_CONTAINER,
                        "%s: User=: the network of %s is completed by its first process, which has to be root for "
                        "that; remove User= and have the program change its user, or set VirtualEthernet=no or "
                        "Private=yes",
                        c.hand->path, name);
        if (r >= 0)
                r = store_forward_conflict(name, c.forwards, c.n_forwards, NULL, e);
        if (r < 0 || (c.mode != NETWORK_VETH && c.mode != NETWORK_ZONE))
                return r < 0 ? r : 0;
        r = netd_ensure(e);
        return r < 0 ? r : netd_call("Allocate", json_pack("{s:s}", "name", name), ALLOCATE_TIMEOUT_MS, NULL, e);
}

int definition_read(const char *name, struct container *c, struct network *n, struct error *e) {
        int r = store_exists(name) ? 0 : prepare_hand(name, e);

        network_clear(n);
        container_clear(c);
        if (r >= 0)
                r = store_load_network(name, c, n, e);
        if (r >= 0 && c->kind == CONTAINER_NSPAWN && !c->hand)
                r = check_files(c, e);
        return r < 0 ? r : links_prepare(c, n, e);
}

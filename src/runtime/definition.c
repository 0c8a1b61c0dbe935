/* What systemd-nspawn would not miss, but run something else without, is looked for here. */
#include "definition.h"

#include "base/file.h"
#include "base/paths.h"
#include "runtime/leftovers.h"
#include "state/store.h"

#include <errno.h>

#define LINK_TIMEOUT_MS 5000

int definition_read(const char *name, struct container *c, struct network *n, struct error *e) {
        _cleanup_(freep) char *root = format(PATH_MACHINES "/%s", name);
        _cleanup_(freep) char *settings = format(PATH_UNITS "/%s.nspawn", name);
        int r;

        if (!root || !settings)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start %s", name);
        container_clear(c);
        r = store_load_network(name, c, n, e);
        if (r < 0)
                return r;
        /* Without its settings nspawn would run something, but not this container. */
        if (access(settings, R_OK) < 0)
                return error_errno(e, errno, EXIT_CONTAINER,
                                   "Cannot read %s, which says how %s is run; make it again with "
                                   "'nixos-nspawn update'",
                                   settings, name);
        if (access(root, F_OK) < 0)
                return error_errno(e, errno, EXIT_CONTAINER,
                                   "Cannot use the root folder %s; make the container again with 'nixos-nspawn create'",
                                   root);
        r = leftovers_wait_link(n->link, LINK_TIMEOUT_MS);
        if (r < 0)
                return error_set(e, EEXIST, EXIT_FAILED,
                                 "There is a link %s already, which is not this container's; rename or delete it: "
                                 "ip link delete %s",
                                 n->link, n->link);
        return 0;
}

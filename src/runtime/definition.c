/* What systemd-nspawn would not miss, but run something else without, is looked for here. */
#include "definition.h"

#include "base/file.h"
#include "base/paths.h"
#include "runtime/links.h"
#include "state/store.h"

#include <errno.h>
#include <unistd.h>

static int check_files(const char *name, struct error *e) {
        _cleanup_(freep) char *root = format(PATH_MACHINES "/%s", name);
        _cleanup_(freep) char *settings = format(PATH_UNITS "/%s.nspawn", name);

        if (!root || !settings)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start %s", name);
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
        return 0;
}

int definition_read(const char *name, struct container *c, struct network *n, struct error *e) {
        int r;

        network_clear(n);
        container_clear(c);
        r = store_load_network(name, c, n, e);
        if (r >= 0 && c->kind == CONTAINER_NSPAWN)
                r = check_files(name, e);
        return r < 0 ? r : links_prepare(c, n, e);
}

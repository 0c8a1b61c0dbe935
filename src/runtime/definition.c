/* What systemd-nspawn would not miss, but run something else without, is looked for here. */
#include "definition.h"

#include "base/file.h"
#include "base/paths.h"
#include "runtime/leftovers.h"
#include "state/store.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#define LINK_TIMEOUT_MS 5000

static int check_link(const char *link, struct error *e) {
        if (leftovers_wait_link(link, LINK_TIMEOUT_MS) >= 0)
                return 0;
        return error_set(e, EEXIST, EXIT_FAILED,
                         "There is a link %s already, which is not this container's; rename or delete it: "
                         "ip link delete %s",
                         link, link);
}

static int check_links(const struct network *n, struct error *e) {
        int r = n->link[0] ? check_link(n->link, e) : 0;

        for (size_t i = 0; i < n->n_extra && r >= 0; i++)
                r = check_link(n->extra[i].link, e);
        return r;
}

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

/* systemd-nspawn takes no interface of the host that udev has not looked at. Where there is no udev, nobody ever would:
 * so it is told that it has been. The file is what udev would leave, and goes with the boot. */
static int check_interface(const char *word, struct error *e) {
        char name[IFNAMSIZ];
        _cleanup_(freep) char *path = NULL;
        unsigned index;
        int r;

        (void) snprintf(name, sizeof name, "%.*s", (int) strcspn(word, ":"), word);
        index = if_nametoindex(name);
        if (index == 0)
                return error_set(e, ENODEV, EXIT_CONTAINER, "There is no link %s on this host", name);
        if (access("/run/udev/control", F_OK) == 0)
                return 0;
        path = format("/run/udev/data/n%u", index);
        r = path ? directory_make("/run/udev/data", 0755) : -ENOMEM;
        if (r >= 0 && access(path, F_OK) < 0)
                r = file_write_atomic(path, "", 0, 0644, false);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot write %s", path ?: name) : 0;
}

static int check_interfaces(char *const *words, struct error *e) {
        int r = 0;

        for (; words && *words && r >= 0; words++)
                r = check_interface(*words, e);
        return r;
}

int definition_read(const char *name, struct container *c, struct network *n, struct error *e) {
        int r;

        network_clear(n);
        container_clear(c);
        r = store_load_network(name, c, n, e);
        if (r >= 0 && c->kind == CONTAINER_NSPAWN)
                r = check_files(name, e);
        if (r >= 0)
                r = check_interfaces(c->interfaces, e);
        if (r >= 0)
                r = check_interfaces(c->macvlans, e);
        return r < 0 ? r : check_links(n, e);
}

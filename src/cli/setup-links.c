/* A host with NetworkManager: the links of containers are not its own. The udev rule that says so is read where it was
 * installed (udev reads /usr/local/lib too); NetworkManager reads /usr/lib and /etc only, so a link in /etc is made. */
#include "cli/networkmanager.h"
#include "cli/setup.h"

#include "base/file.h"
#include "base/parse.h"
#include "netd/launch.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define NAME      "90-nixos-nspawn.conf"
#define FOLDER    "/etc/NetworkManager/conf.d"
#define PATH_LINK FOLDER "/" NAME
#define TARGET    NMDIR "/" NAME

static bool link_is_ours(void) {
        char target[PATH_MAX];
        ssize_t n = readlink(PATH_LINK, target, sizeof(target) - 1);

        if (n < 0)
                return false;
        target[n] = '\0';
        return string_equal(target, TARGET);
}

int setup_links(struct setup *s, struct error *e) {
        if (!launch_by_systemd() || access("/etc/NetworkManager", F_OK) < 0 || strncmp(TARGET, "/usr/lib/", 9) == 0 ||
            link_is_ours())
                return 0;
        setup_say(s, "link " PATH_LINK " to " TARGET ", so that NetworkManager leaves the links of containers alone");
        if (s->dry_run)
                return 0;
        if (access(TARGET, F_OK) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot find " TARGET "; is nixos-nspawn installed whole?");
        if (mkdir(FOLDER, 0755) < 0 && errno != EEXIST)
                return error_errno(e, errno, EXIT_FAILED, "cannot make " FOLDER);
        /* Before it is made: a link that is not there is no reason not to undo. */
        if (json_object_set_new(s->record, "networkManager", json_string(PATH_LINK)) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot make " PATH_LINK);
        if (symlink(TARGET, PATH_LINK) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot make " PATH_LINK);
        networkmanager_reload();
        return 0;
}

int setup_links_undo(struct setup *s, struct error *e) {
        int r;

        if (!json_object_get(s->record, "networkManager") || s->keeps_network)
                return 0;
        if (link_is_ours()) {
                setup_say(s, "remove " PATH_LINK);
                if (s->dry_run)
                        return 0;
                r = file_remove(PATH_LINK);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot remove " PATH_LINK);
                networkmanager_reload();
        }
        if (!s->dry_run)
                (void) json_object_del(s->record, "networkManager");
        return 0;
}

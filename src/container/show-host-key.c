/* show-host-key. The file is the guest's to write: it is read without leaving the root folder, and only a line of
 * printable characters is printed. */
#include "container/commands.h"
#include "container/find.h"
#include "front/directories.h"

#include "base/file.h"
#include "base/parse.h"
#include "runtime/beneath.h"

#include <errno.h>
#include <string.h>

enum { KEY_MAX = 8192 };

static int read_key(int root, const char *path, char **ret) {
        _cleanup_(freep) char *key = NULL;
        int r = beneath_read(root, path, KEY_MAX, &key, NULL);

        if (r < 0)
                return r;
        key[strcspn(key, "\n")] = '\0';
        if (!key[0] || !string_is_clean(key))
                return -EBADMSG;
        *ret = steal_ptr(key);
        return 0;
}

int container_command_show_host_key(struct invocation *i, struct error *e) {
        static const char *const keys[] = {"/etc/ssh/ssh_host_ed25519_key.pub", "/etc/ssh/ssh_host_ecdsa_key.pub"};
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const char *name = invocation_argument(i, 0);
        _cleanup_(freep) char *root = NULL, *key = NULL;
        _cleanup_(fd_closep) int fd = -1;
        const struct entry *entry;

        int r;

        r = container_find(name, &inventory, &entry, e);
        if (r < 0)
                return r;
        root = directories_root(name);
        fd = root ? beneath_open(root) : -ENOMEM;
        for (size_t k = 0; k < ELEMENTS_OF(keys) && fd >= 0; k++)
                if (read_key(fd, keys[k], &key) >= 0) {
                        output_line(&i->output, "%s", key);
                        return 0;
                }
        i->exit_status = EXIT_FAILED;
        return 0;
}

#include "system.h"

#include "base/file.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "runtime/beneath.h"
#include "runtime/tree.h"
#include "runtime/tree_copy.h"
#include "state/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#define TREE_FILE_MAX 65536

void guest_system_clear(struct guest_system *s) {
        free(s->init);
        free(s->usr);
        free(s->tree);
        strings_free(s->nix);
        *s = GUEST_SYSTEM_INIT;
}

static bool is_there(const char *folder, const char *name) {
        _cleanup_(freep) char *path = format("%s/%s", folder, name);
        struct stat st;

        return path && lstat(path, &st) >= 0;
}

/* Where its links lead cannot be asked from here. */
static const char *find_init(const char *root) {
        static const char *const places[] = {"usr/sbin/init", "usr/lib/systemd/systemd", "sbin/init"};
        static const char *const inside[] = {"/usr/sbin/init", "/usr/lib/systemd/systemd", "/sbin/init"};

        for (size_t i = 0; i < ELEMENTS_OF(places); i++)
                if (is_there(root, places[i]))
                        return inside[i];
        return NULL;
}

static int take(const char *s, char **ret) {
        *ret = s ? strdup(s) : NULL;
        return s && !*ret ? -ENOMEM : 0;
}

/* Profiles, and what keeps them from the host's garbage collection: each container has its own. */
static const char *const nix_own[] = {PATH_NIX_PROFILES, PATH_NIX_GCROOTS};

/* As far as the host has it (SPEC D.5). */
static int find_nix(const char *name, char ***ret) {
        static const char *const shared[] = {PATH_NIX_STORE, PATH_NIX_DB, PATH_NIX_DAEMON};
        _cleanup_(strings_freep) char **list = NULL;
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < ELEMENTS_OF(shared) && r >= 0; i++) {
                _cleanup_(freep) char *word = format("--bind-ro=%s", shared[i]);

                if (i == 0 || access(shared[i], F_OK) >= 0)
                        r = word ? strings_append(&list, &n, word) : -ENOMEM;
        }
        for (size_t i = 0; i < ELEMENTS_OF(nix_own) && r >= 0; i++) {
                _cleanup_(freep) char *word = format("--bind=%s" PATH_NIX_OWN "/%s:%s", nix_own[i], name, nix_own[i]);

                if (access(nix_own[i], F_OK) >= 0)
                        r = word ? strings_append(&list, &n, word) : -ENOMEM;
        }
        if (r >= 0)
                *ret = steal_ptr(list);
        return r;
}

static int from_path(const char *name, const char *path, struct guest_system *ret, struct error *e) {
        const char *init = NULL;
        struct stat st;
        int r = 0;

        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return error_errno(e, errno ?: ENOTDIR, EXIT_CONTAINER, "Cannot use the system in %s", path);
        if (is_there(path, "usr")) {
                init = find_init(path);
                if (init) {
                        ret->usr = format("%s/usr", path);
                        r = ret->usr ? take(path, &ret->tree) : -ENOMEM;
                }
        } else if (is_there(path, "init")) {
                r = find_nix(name, &ret->nix);
                ret->init = format("%s/init", path);
                return ret->init && r >= 0 ? 0
                                           : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot use the system in %s", path);
        }
        if (!init)
                return error_set(e, ENOENT, EXIT_CONTAINER,
                                 "%s is no system that could be run: it has neither usr/ with an init in it nor, as "
                                 "NixOS has it, init",
                                 path);
        r = r < 0 ? r : take(init, &ret->init);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot use the system in %s", path) : 0;
}

/* 1: it says; 0: there is no profile. */
static int from_profile(const char *name, struct guest_system *ret, struct error *e) {
        _cleanup_(freep) char *folder = store_generation_path(name, 0), *text = NULL;
        _cleanup_(freep) char *path = folder ? format("%s/tree.json", folder) : NULL;
        json_t *tree;
        int r = path ? file_read(path, TREE_FILE_MAX, &text, NULL) : -ENOMEM;

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(e, r, EXIT_CONTAINER, "Cannot read %s", path ?: name);
        tree = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        ret->profile = true;
        ret->idmap = json_is_true(json_object_get(tree, "idmap"));
        r = take(json_string_value(json_object_get(tree, "init")), &ret->init);
        if (r >= 0)
                r = take(json_string_value(json_object_get(tree, "usr")), &ret->usr);
        if (r >= 0)
                r = take(json_string_value(json_object_get(tree, "path")), &ret->tree);
        json_decref(tree);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot read %s", path);
        if (!ret->init || !ret->tree)
                return error_set(e, EBADMSG, EXIT_CONTAINER,
                                 "%s is damaged; run 'nixos-container update %s' to make it again", path, name);
        return 1;
}

int guest_system_find(const struct container *c, struct guest_system *ret, struct error *e) {
        _cleanup_(guest_system_clear) struct guest_system s = GUEST_SYSTEM_INIT;
        _cleanup_(freep) char *root = container_root(c);
        int r = c->system_path ? from_path(c->name, c->system_path, &s, e) : from_profile(c->name, &s, e);

        if (r < 0)
                return r;
        if (!c->system_path && r == 0) {
                const char *init = root ? find_init(root) : NULL;

                if (!init)
                        return error_set(
                                e, ENOENT, EXIT_CONTAINER,
                                "Container %s has no system: give SYSTEM_PATH in its conf, or make it again with "
                                "'nixos-container create'",
                                c->name);
                r = take(init, &s.init);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "Cannot use the system in %s", root);
        }
        *ret = s;
        s = GUEST_SYSTEM_INIT;
        return 0;
}

/* /etc, /var, and what leads into /usr: bin, lib, ... */
static int copy_tree(int root, const char *tree, uid_t shift) {
        _cleanup_(fd_closep) int from = beneath_open(tree);
        _cleanup_(directory_closep) DIR *d = from < 0 ? NULL : opendir(tree);

        if (from < 0 || !d)
                return from < 0 ? from : -errno;
        for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
                struct stat st;
                bool wanted = strcmp(entry->d_name, "etc") == 0 || strcmp(entry->d_name, "var") == 0;
                int r;

                if (!wanted && (fstatat(from, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode)))
                        continue;
                r = tree_copy(from, root, entry->d_name, shift);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Folders on the way are made. */
static void on_made(const char *path, void *userdata) {
}

static int make_folder(int root, const char *path, mode_t mode, uid_t shift) {
        _cleanup_(fd_closep) int folder = -1;
        const char *name;

        folder = beneath_parent(root, path, shift, on_made, NULL, &name);
        if (folder < 0)
                return folder;
        if (mkdirat(folder, name, mode) < 0)
                return errno == EEXIST ? 0 : -errno;
        return fchownat(folder, name, shift, shift, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* Unless something is there. */
static int make_file(int root, const char *path, const char *text, uid_t shift) {
        _cleanup_(fd_closep) int folder = -1;
        const char *name;
        struct stat st;

        folder = beneath_parent(root, path, shift, on_made, NULL, &name);
        if (folder < 0)
                return folder;
        if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) >= 0)
                return 0;
        return beneath_put(
                folder, name,
                &(struct beneath_entry){.data = text, .size = strlen(text), .mode = 0644, .uid = shift, .gid = shift});
}

/* What the start script of NixOS makes. The machine's number is given: a system without one is at its first boot, at
 * which systemd enables whatever is installed. */
static int make_skeleton(int root, uid_t shift) {
        static const struct {
                const char *path;
                mode_t mode;
        } folders[] = {
                {"/usr/bin", 0755}, {"/etc", 0755}, {"/var/lib", 0755}, {"/var/lib/private", 0700}, {"/root", 0700}};
        char id[SD_ID128_STRING_MAX + 1];
        sd_id128_t random;
        int r = sd_id128_randomize(&random);

        for (size_t i = 0; i < ELEMENTS_OF(folders) && r >= 0; i++)
                r = make_folder(root, folders[i].path, folders[i].mode, shift);
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "%s\n", SD_ID128_TO_STRING(random));
        r = make_file(root, "/etc/os-release", "", shift);
        return r < 0 ? r : make_file(root, "/etc/machine-id", id, shift);
}

/* As 'nixos-container create' makes it. */
static int instantiate(const struct container *c, const char *folder, const struct guest_system *s, struct error *e) {
        const struct tree tree = {.path = s->tree, .usr = s->usr, .init = s->init, .idmap = s->idmap};
        json_t *spec;
        int r = store_load_spec(c->name, 0, &spec, e);

        if (r < 0)
                return r;
        r = tree_instantiate_in(folder, &tree, c->name, spec, e);
        json_decref(spec);
        return r;
}

static int make_nix(const char *name) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTS_OF(nix_own) && r >= 0; i++) {
                _cleanup_(freep) char *all = format("%s" PATH_NIX_OWN, nix_own[i]), *own = NULL;

                if (access(nix_own[i], F_OK) < 0)
                        continue;
                own = all ? format("%s/%s", all, name) : NULL;
                r = own ? directory_make(all, 0700) : -ENOMEM;
                r = r < 0 ? r : directory_make(own, 0755);
        }
        return r;
}

int guest_root_prepare(const struct container *c, const struct guest_system *s, struct error *e) {
        _cleanup_(freep) char *path = container_root(c);
        _cleanup_(freep) char *folder = path ? strndup(path, (size_t) (strrchr(path, '/') - path)) : NULL;
        _cleanup_(fd_closep) int root = -1;
        struct stat st;
        bool new;
        int r = folder ? directory_make(folder, 0700) : -ENOMEM;

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot make %s", folder ?: c->name);
        new = !is_there(path, "etc");
        if (new && s->profile) {
                r = instantiate(c, folder, s, e);
                return r < 0 ? r : 0;
        }
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return error_errno(e, errno, EXIT_FAILED, "Cannot make the root folder %s", path);
        root = beneath_open(path);
        r = root < 0 ? root : fstat(root, &st) < 0 ? -errno : 0;
        if (r >= 0 && new && s->tree)
                r = copy_tree(root, s->tree, st.st_uid & ~(uid_t) 0xffff);
        if (r >= 0)
                r = make_skeleton(root, st.st_uid & ~(uid_t) 0xffff);
        if (r >= 0 && s->nix)
                r = make_nix(c->name);
        return r < 0 ? error_errno(e, r, EXIT_CONTAINER, "Cannot prepare the root folder %s", path) : 0;
}

/* Repair after a command that died. */
#include "front/journal.h"

#include "base/file.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "front/definition.h"
#include "front/directories.h"
#include "model/names.h"
#include "runtime/runtime.h"
#include "state/allocations.h"
#include "state/confs.h"
#include "state/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_UNFINISHED PATH_LIB "/unfinished"

enum {
        JOURNAL_MAX = 4096,
        BEGIN_TIMEOUT_MS = 200, /* one that repairs may just be looking */
        LOCK_TIMEOUT_MS = 60000,
        STOP_TIMEOUT_USEC = 5000000, /* what never became ready need not end nicely */
};

static bool is_current(int fd, const char *path) {
        struct stat a, b;

        return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Locks the file of a container; one that its owner removed meanwhile does not count. */
static int journal_lock(const char *path, int timeout_ms, int *ret) {
        for (;;) {
                _cleanup_(fd_closep) int fd = lock_take(path, timeout_ms);

                if (fd < 0)
                        return fd;
                if (!is_current(fd, path))
                        continue;
                *ret = steal_fd(&fd);
                return 0;
        }
}

int journal_begin(struct journal *j, const char *name, struct error *e) {
        const struct unfinished nothing = {0};
        int r;

        j->path = format(PATH_UNFINISHED "/%s", name);
        if (!j->path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot begin work on %s", name);
        do {
                r = directory_make(PATH_UNFINISHED, 0700);
                if (r >= 0)
                        r = journal_lock(j->path, BEGIN_TIMEOUT_MS, &j->fd);
        } while (r == -ENOENT); /* somebody who was ready took the empty folder away */
        if (r == -EAGAIN)
                return error_set(e, EBUSY, EXIT_CONTAINER,
                                 "another command is at work on container %s: try again later", name);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot lock %s", j->path);
        return journal_write(j, &nothing, e);
}

static json_t *list_new(char *const *strings) {
        json_t *list = json_array();

        for (; strings && *strings; strings++)
                if (json_array_append_new(list, json_string(*strings)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

int journal_write(struct journal *j, const struct unfinished *u, struct error *e) {
        json_t *value = json_pack("{s:i, s:i, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:o}", "generation",
                                  (int) u->generation, "previous", (int) u->previous, "addresses", u->addresses,
                                  "linked", u->linked, "root", u->root, "started", u->started, "running", u->running,
                                  "removal", u->removal, "conf", u->conf, "moved", u->moved, "live", u->live, "folders",
                                  list_new(u->folders));
        char text[JOURNAL_MAX];
        size_t n = value ? json_dumpb(value, text, sizeof(text), 0) : 0;

        /* Very many folders, or with very long names: only this command itself takes them away again. */
        if (n > sizeof(text) && json_array_clear(json_object_get(value, "folders")) == 0)
                n = json_dumpb(value, text, sizeof(text), 0);
        json_decref(value);
        if (n == 0 || n > sizeof(text))
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot write %s", j->path);
        /* Shorter than a block, written over in place: the lock is on this very file. Whoever is killed between the two
         * leaves the end of a longer text behind it, which journal_read() passes over. */
        if (pwrite(j->fd, text, n, 0) != (ssize_t) n || ftruncate(j->fd, (off_t) n) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot write %s", j->path);
        return 0;
}

void journal_end(struct journal *j) {
        if (j->fd >= 0) {
                (void) unlink(j->path);
                (void) rmdir(PATH_UNFINISHED);
        }
        fd_closep(&j->fd);
        freep(&j->path);
}

/* ret_folders: what ret borrows. */
static int journal_read(const char *path, struct unfinished *ret, char ***ret_folders) {
        _cleanup_(freep) char *text = NULL;
        json_t *value, *folder;
        size_t i, n = 0;
        int r;

        r = file_read(path, JOURNAL_MAX, &text, NULL);
        if (r < 0)
                return r;
        *ret = (struct unfinished){0};
        /* Empty: it died before it had done anything. */
        if (text[0] == '\0')
                return 0;
        value = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
        if (!value)
                return -EBADMSG;
        *ret = (struct unfinished){
                .generation = (unsigned) json_integer_value(json_object_get(value, "generation")),
                .previous = (unsigned) json_integer_value(json_object_get(value, "previous")),
                .addresses = json_is_true(json_object_get(value, "addresses")),
                .linked = json_is_true(json_object_get(value, "linked")),
                .root = json_is_true(json_object_get(value, "root")),
                .started = json_is_true(json_object_get(value, "started")),
                .running = json_is_true(json_object_get(value, "running")),
                .removal = json_is_true(json_object_get(value, "removal")),
                .conf = json_is_true(json_object_get(value, "conf")),
                .moved = json_is_true(json_object_get(value, "moved")),
                .live = json_is_true(json_object_get(value, "live")),
        };
        json_array_foreach (json_object_get(value, "folders"), i, folder)
                if (json_is_string(folder))
                        (void) strings_append(ret_folders, &n, json_string_value(folder));
        ret->folders = *ret_folders;
        json_decref(value);
        return 0;
}

int unfinished_undo_start(const char *name, struct unfinished *u, struct error *e) {
        int r;

        if (!u->started)
                return 0;
        r = runtime_stop(name, STOP_TIMEOUT_USEC, NULL, NULL, e);
        if (r >= 0)
                u->started = false;
        return r;
}

int unfinished_undo_root(const char *name, struct unfinished *u, struct error *e) {
        int r;

        if (!u->root)
                return 0;
        r = tree_remove_root_in(directories_folder(name), name, e);
        if (r >= 0)
                u->root = false;
        return r;
}

int unfinished_make_folders(struct journal *j, struct unfinished *u, char *const bind_mounts[], char ***ret,
                            struct error *e) {
        int r = directories_missing(bind_mounts, ret, e);

        if (r < 0)
                return r;
        u->folders = *ret;
        r = journal_write(j, u, e);
        return r < 0 ? r : directories_make(*ret, e);
}

int unfinished_undo_folders(const char *name, struct unfinished *u, struct error *e) {
        directories_remove(u->folders);
        u->folders = NULL;
        return 0;
}

/* Where it was is in its conf, which goes after everything else. */
int unfinished_undo_move(const char *name, struct unfinished *u, struct error *e) {
        _cleanup_(freep) char *conf = NULL, *from = format(PATH_MACHINES "/%s", name), *to = NULL;
        bool old = false;
        int r;

        if (!u->moved)
                return 0;
        (void) confs_find(name, &conf, &old);
        to = format("%s/%s", old ? PATH_STATES_OLD : PATH_STATES, name);
        if (!from || !to)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot move the files of %s back", name);
        /* As long as they are where they were, what is there beside is a copy. */
        r = access(to, F_OK) == 0 ? tree_remove(from) : rename(from, to) < 0 && errno != ENOENT ? -errno : 0;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot move %s back to %s", from, to);
        u->moved = false;
        return 0;
}

int unfinished_undo_link(const char *name, struct unfinished *u, struct error *e) {
        int r;

        if (!u->linked)
                return 0;
        r = store_unlink(name, e);
        if (r >= 0)
                u->linked = false;
        return r;
}

int unfinished_undo_generation(const char *name, struct unfinished *u, struct error *e) {
        const struct store_generation g = {.number = u->generation, .previous = u->previous};
        int r;

        if (u->generation == 0)
                return 0;
        r = store_drop_generation(name, &g, e);
        if (r >= 0)
                r = runtime_define(name, e);
        if (r >= 0)
                u->generation = 0;
        return r;
}

int unfinished_undo_live(const char *name, struct unfinished *u, struct error *e) {
        int r = u->live ? runtime_change_network(name, e) : 0;

        if (r >= 0)
                u->live = false;
        return r;
}

int unfinished_undo_conf(const char *name, struct unfinished *u, struct error *e) {
        int r;

        if (!u->conf)
                return 0;
        r = directories_remove_nix(name, e);
        if (r >= 0)
                r = confs_remove(name, e);
        if (r >= 0)
                r = runtime_define(name, e);
        if (r >= 0)
                u->conf = false;
        return r;
}

int unfinished_undo_addresses(const char *name, struct unfinished *u, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        int r;

        if (!u->addresses)
                return 0;
        r = allocations_load(&a, e);
        if (r >= 0 && allocations_release(a, name) > 0)
                r = allocations_save(a, e);
        if (r >= 0)
                u->addresses = false;
        return r;
}

/* One that does not start is not tried again by every command that follows. */
static void start_as_before(const char *name) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (runtime_start(name, NULL, NULL, &e) < 0)
                (void) fprintf(stderr, "%s: while starting %s as it was before: %s\n", program_name(), name,
                               error_message(&e));
}

/* After an update was taken back: the files of the generation that is in force again, and the container runs again. */
static int restore_previous(const char *name, struct unfinished *u, struct error *e) {
        _cleanup_(definition_clear) struct definition d = DEFINITION_INIT;
        int r;

        r = definition_load_generation(name, 0, &d, e);
        if (r >= 0)
                r = unfinished_undo_live(name, u, e);
        if (r >= 0)
                r = definition_instantiate(&d, e);
        if (r >= 0 && u->running)
                start_as_before(name);
        return r;
}

/* Everything, past errors; the first is returned. */
static int undo_all(const char *name, struct unfinished *u, struct error *e) {
        static int (*const undo[])(const char *, struct unfinished *, struct error *) = {
                unfinished_undo_start, unfinished_undo_move,       unfinished_undo_root, unfinished_undo_folders,
                unfinished_undo_link,  unfinished_undo_generation, unfinished_undo_conf, unfinished_undo_addresses,
        };
        bool update = u->generation > 0 && u->previous > 0;
        int r = 0;

        for (size_t i = 0; i < ELEMENTS_OF(undo); i++) {
                int k = undo[i](name, u, r < 0 ? NULL : e);

                if (k < 0 && r >= 0)
                        r = k;
        }
        if (update && r >= 0)
                r = restore_previous(name, u, e);
        else if (u->running && r >= 0)
                start_as_before(name);
        return r;
}

static int repair_one(const char *name, struct error *e) {
        struct journal j = JOURNAL_INIT;
        struct unfinished u;
        _cleanup_(strings_freep) char **folders = NULL;
        _cleanup_(fd_closep) int lock = -1;
        int r;

        j.path = format(PATH_UNFINISHED "/%s", name);
        if (!j.path || container_name_problem(name) || journal_lock(j.path, 0, &j.fd) < 0) {
                free(j.path);
                return 0;
        }
        r = journal_read(j.path, &u, &folders);
        if (r < 0)
                (void) error_errno(e, r, EXIT_FAILED, "%s does not tell what to take back: remove it by hand", j.path);
        if (r >= 0)
                r = lock = store_lock(LOCK_TIMEOUT_MS, e);
        if (r >= 0)
                r = u.removal ? removal_repair(name, &u, e) : undo_all(name, &u, e);
        if (r < 0) {
                fd_closep(&j.fd);
                freep(&j.path);
                return error_prefix(e, r, "cannot take back what an interrupted command did to %s", name);
        }
        if (u.removal && !store_exists(name))
                (void) fprintf(stderr, "%s: finished the interrupted removal of %s\n", program_name(), name);
        else
                (void) fprintf(stderr, "%s: took back what an interrupted command had done to %s\n", program_name(),
                               name);
        journal_end(&j);
        return 0;
}

int journal_repair(struct error *e) {
        _cleanup_(directory_closep) DIR *d = geteuid() == 0 ? opendir(PATH_UNFINISHED) : NULL;

        if (!d)
                return 0;
        for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
                int r = entry->d_name[0] == '.' ? 0 : repair_one(entry->d_name, e);

                if (r < 0)
                        return r;
        }
        return 0;
}

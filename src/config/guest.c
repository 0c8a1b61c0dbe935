/* From a spec to the files inside the guest: each part adds its own, what the person wrote comes last and wins. */
#include "guest.h"

#include "base/parse.h"
#include "guest_make.h"

#include <errno.h>
#include <string.h>

void guest_files_clear(struct guest_files *f) {
        for (size_t i = 0; i < f->n; i++) {
                free(f->files[i].path);
                free(f->files[i].content);
                free(f->files[i].target);
                free(f->files[i].user);
                free(f->files[i].group);
        }
        free(f->files);
        *f = (struct guest_files){0};
}

/* '/' sorts before every other byte, so that what lies below a path follows it. */
static int compare_paths(const void *a, const void *b) {
        const unsigned char *x = (const unsigned char *) ((const struct guest_file *) a)->path;
        const unsigned char *y = (const unsigned char *) ((const struct guest_file *) b)->path;

        for (; *x && *x == *y; x++)
                y++;
        return (*x == '/' ? 1 : *x) - (*y == '/' ? 1 : *y);
}

/* A path cannot be a file and a folder. */
static void check_paths(struct guest_maker *m) {
        for (size_t i = 1; i < m->files->n; i++) {
                const char *above = m->files->files[i - 1].path;
                const char *path = m->files->files[i].path;

                if (string_starts_with(path, above) && path[strlen(above)] == '/')
                        guest_fail(m, ENOTDIR, "the config asks for %s as a file and for %s below it", above, path);
        }
}

int guest_files_make(const json_t *spec, struct guest_files *ret, struct error *e) {
        struct guest_maker m = {.config = json_object_get(spec, "config"), .files = ret, .e = e};

        *ret = (struct guest_files){0};
        if (!json_is_object(m.config))
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "spec: has no \"config\"; it is damaged, remove the container, which keeps its files, "
                                 "and create it again");
        guest_make_host(&m);
        guest_make_firewall(&m);
        guest_make_nginx(&m);
        guest_make_openssh(&m);
        guest_make_units(&m);
        guest_make_networks(&m);
        guest_make_etc(&m);
        if (m.error == 0 && ret->n > 0) {
                qsort(ret->files, ret->n, sizeof(*ret->files), compare_paths);
                check_paths(&m);
        }
        if (m.error < 0)
                guest_files_clear(ret);
        return m.error;
}

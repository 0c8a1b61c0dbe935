/* Published names, for NSS: what others remove of them is there again at once. Our own removals are told, too, but by
 * then the name is not published. */
#include "manager.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"
#include "state/publish.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

#define FOLDER_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_Q_OVERFLOW)

static int on_removed(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        struct manager *m = userdata;
        const struct attachment *a = NULL;
        struct address address;

        /* We remove a suffix ourselves only for the default. */
        if ((event->mask & FOLDER_EVENTS) ||
            (event->len > 0 && string_equal(event->name, ".suffix") && !string_equal(m->suffix, NAME_SUFFIX_DEFAULT))) {
                manager_names_damaged(m);
                return 0;
        }
        if (event->len > 0)
                a = address_parse(event->name, &address) == 0 ? manager_find_address(m, &address)
                                                              : manager_find_any_case(m, event->name);
        if (a && a->published && !names_are_published(&a->network))
                manager_names_damaged(m);
        return 0;
}

/* A folder that was removed and made again is another one. A host whose inotify instances are all taken
 * (fs.inotify.max_user_instances) has its names all the same. */
static void watch(struct manager *m, const char *folder, sd_event_source **source) {
        int r;

        *source = sd_event_source_disable_unref(*source);
        r = directory_make(folder, 0755);
        if (r >= 0)
                r = sd_event_add_inotify(m->event, source, folder,
                                         IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR, on_removed, m);
        if (r < 0)
                log_warning("cannot watch %s, what others remove there stays away: %s", folder, strerror(-r));
}

int manager_repair_names(struct manager *m, struct error *e) {
        int r = 0;

        watch(m, PATH_NAMES, &m->names_source);
        watch(m, PATH_NAMES_BY_ADDRESS, &m->addresses_source);
        if (m->suffix[0] && names_publish_suffix(m->suffix) < 0)
                r = error_set(e, EIO, EXIT_FAILED, "cannot publish the domain of containers' names, '%s'", m->suffix);
        for (struct attachment *a = NULL; r >= 0 && (a = manager_each(m, a));) {
                if (!a->published || names_are_published(&a->network))
                        continue;
                a->published = false;
                r = manager_publish(a, e);
        }
        return r;
}

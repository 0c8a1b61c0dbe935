#include "front/zone-journal.h"

#include "front/sequence.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "model/names.h"
#include "netd/client.h"
#include "runtime/runtime.h"
#include "runtime/systemd/networkd.h"
#include "state/allocations.h"
#include "state/store.h"
#include "state/zones.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#define PATH_UNFINISHED_ZONES PATH_LIB "/unfinished-zones"

enum { JOURNAL_MAX = 1 << 20 };

/* ---- The parts ---- */

int zone_put_options(const char *name, const json_t *options, struct error *e) {
        return options ? zones_save(name, options, e) : zones_remove(name, e);
}

int zone_put_addresses(const char *name, const struct allocations *addresses, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        int r = allocations_load(&a, e);

        if (r < 0)
                return r;
        r = addresses ? allocations_restore_zone(a, name, addresses) : allocations_release_zone(a, name);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot give zone '%s' its addresses back", name);
        return r > 0 ? allocations_save(a, e) : 0;
}

int zone_put_networkd(const char *name, bool wanted, struct error *e) {
        int r = runtime_has_units() ? zones_follow_host(name, wanted, e) : 0;

        return r > 0 ? networkd_reload(e) : r;
}

/* A zone without a bridge needs no daemon; one that starts by and by reads the definition. The bridge may be there
 * while the daemon is not: killed, and to be started again. */
int zone_tell(const char *name, bool persistent, struct error *e) {
        char link[IFNAMSIZ];

        (void) link_name(LINK_VZ, name, link);
        if (!persistent && !netd_running() && if_nametoindex(link) == 0)
                return 0;
        return runtime_change_zone(name, e);
}

/* ---- The file ---- */

static char *file_of(const char *name) {
        return format(PATH_UNFINISHED_ZONES "/%s", name);
}

int zone_journal_begin(const char *name, const json_t *options, const struct allocations *addresses, struct error *e) {
        _cleanup_(freep) char *path = file_of(name), *text = NULL;
        json_t *value =
                json_pack("{s:O?, s:o?}", "options", options, "addresses", allocations_zone_json(addresses, name));
        int r;

        text = json_dumps(value, 0);
        json_decref(value);
        if (!path || !text)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot begin to change zone '%s'", name);
        r = directory_make(PATH_UNFINISHED_ZONES, 0700);
        if (r >= 0)
                r = file_write_atomic(path, text, strlen(text), 0600, false);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write %s", path) : 0;
}

void zone_journal_end(const char *name) {
        _cleanup_(freep) char *path = file_of(name);

        if (path)
                (void) unlink(path);
        (void) rmdir(PATH_UNFINISHED_ZONES);
}

/* ---- The way back ---- */

static int take_back(const char *name, const json_t *value, struct error *e) {
        const json_t *options = json_object_get(value, "options");
        _cleanup_(allocations_freep) struct allocations *addresses = NULL;
        int r = allocations_from_zone_json(name, json_object_get(value, "addresses"), &addresses, e);

        if (r >= 0)
                r = zone_put_addresses(name, addresses, e);
        if (r >= 0)
                r = zone_put_options(name, json_is_object(options) ? options : NULL, e);
        if (r >= 0)
                r = zone_put_networkd(name, json_is_object(options), e);
        return r < 0 ? r : zone_tell(name, json_is_true(json_object_get(options, "persistent")), e);
}

int zone_journal_repair_one(const char *name, struct error *e) {
        _cleanup_(freep) char *path = file_of(name), *text = NULL;
        json_t *value;
        int r = path ? file_read(path, JOURNAL_MAX, &text, NULL) : -ENOMEM;

        if (r == -ENOENT)
                return 0;
        value = r >= 0 ? json_loads(text, 0, NULL) : NULL;
        if (!value)
                return error_set(e, EBADMSG, EXIT_FAILED, "%s does not tell what to take back: remove it by hand",
                                 path);
        r = take_back(name, value, e);
        json_decref(value);
        if (r < 0)
                return error_prefix(e, r, "cannot take back what an interrupted command did to zone '%s'", name);
        (void) fprintf(stderr, "%s: took back what an interrupted command had done to zone '%s'\n", program_name(),
                       name);
        zone_journal_end(name);
        return 0;
}

int zone_journal_repair(struct error *e) {
        _cleanup_(directory_closep) DIR *d = geteuid() == 0 ? opendir(PATH_UNFINISHED_ZONES) : NULL;
        _cleanup_(fd_closep) int lock = d ? store_lock(0, NULL) : -1;

        if (lock < 0)
                return 0;
        for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
                int r = zone_name_problem(entry->d_name) ? 0 : zone_journal_repair_one(entry->d_name, e);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* zone: definitions of zones. The daemon carries out what of them concerns bridges that are there. */
#include "cli/zone.h"

#include "cli/commands.h"
#include "front/dry-run.h"
#include "front/sequence.h"
#include "front/taken.h"
#include "front/zone-journal.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/string-list.h"
#include "config/zone_options.h"
#include "netd/client.h"
#include "runtime/runtime.h"
#include "state/allocate.h"
#include "state/store.h"
#include "state/zones.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

enum {
        LOCK_TIMEOUT_MS = 60000,
        LIST_TIMEOUT_MS = 10000,
};

struct zone_change {
        const char *name;
        json_t *before, *after; /* options; NULL: there is none */
        struct zone zone;       /* of after */
        struct zone_network network;
        bool persistent;                               /* before or after */
        bool told;                                     /* nspawn-netd may have carried it out */
        struct allocations *had_addresses, *addresses; /* before, after */
};

static void zone_change_clear(struct zone_change *c) {
        json_decref(c->before);
        json_decref(c->after);
        zone_clear(&c->zone);
        allocations_freep(&c->had_addresses);
        allocations_freep(&c->addresses);
}

/* ---- The definition ---- */

static json_t *access_option(const char *text) {
        enum host_access_kind kind;
        json_t *list;

        if (host_access_parse(text, &kind) >= 0)
                return json_string(text);
        list = json_array();
        while (*text) {
                size_t n = strcspn(text, ",");

                (void) json_array_append_new(list, json_stringn(text, n));
                text += n;
                text += *text == ',';
        }
        return list;
}

/* What the command line says goes over what the file says. */
static int put_options(const struct invocation *i, json_t *options, struct error *e) {
        static const struct {
                enum option yes, no;
                const char *key;
        } switches[] = {
                {OPTION_INTERNAL, OPTION_NO_INTERNAL, "internal"},
                {OPTION_PERSISTENT, OPTION_NO_PERSISTENT, "persistent"},
                {OPTION_ISOLATED, OPTION_NO_ISOLATED, "isolated"},
        };
        const char *size = invocation_value(i, OPTION_SIZE), *access = invocation_value(i, OPTION_HOST_ACCESS);
        uint64_t length;

        for (size_t k = 0; k < ELEMENTS_OF(switches); k++) {
                bool yes = invocation_has(i, switches[k].yes), no = invocation_has(i, switches[k].no);

                if (yes && no)
                        return error_set(e, EINVAL, EXIT_USAGE, "--%s and --no-%s do not go together", switches[k].key,
                                         switches[k].key);
                if (yes || no)
                        (void) json_object_set_new(options, switches[k].key, json_boolean(yes));
        }
        if (access)
                (void) json_object_set_new(options, "hostAccess", access_option(access));
        if (size && parse_unsigned(size + (*size == '/'), 0, 128, &length) < 0)
                return error_set(e, EINVAL, EXIT_USAGE, "--size %s is not the length of a prefix, 16 to 29", size);
        if (size)
                (void) json_object_set_new(options, "size", json_integer((json_int_t) length));
        return 0;
}

/* A file says all of it; without one, what was there before stays, but for what the command line says. */
static int load_definition(const struct invocation *i, struct zone_change *c, struct error *e) {
        const char *config = invocation_value(i, OPTION_CONFIG);
        _cleanup_(freep) char *where = format("zone %s", c->name);
        const char *problem = zone_name_problem(c->name);
        int r;

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "'%s' is no name for a zone: %s", c->name, problem);
        if (c->before && !config) {
                c->after = json_deep_copy(c->before);
                r = c->after ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot change zone '%s'", c->name);
        } else
                r = zone_options_load(config, c->name, &c->after, e);
        if (r >= 0)
                r = put_options(i, c->after, e);
        if (r >= 0)
                r = zone_from_options(c->after, c->name, where ?: c->name, &c->zone, e);
        return r;
}

static int choose_addresses(struct zone_change *c, bool save, struct error *e) {
        _cleanup_(freep) struct prefix *taken = NULL;
        uint8_t machine_id[16];
        bool new = false;
        size_t n = 0;
        int r;

        r = machine_id_get(machine_id, e);
        if (r >= 0)
                r = allocations_load(&c->addresses, e);
        if (r >= 0)
                r = taken_find(NULL, save, &taken, &n, e);
        if (r >= 0)
                r = allocate_zone(&c->zone, c->addresses, machine_id, taken, n, &c->network, e);
        new = r > 0;
        if (r >= 0)
                r = taken_check_zone(&c->network, save, e);
        return r >= 0 && save && new ? allocations_save(c->addresses, e) : r;
}

/* ---- Steps ---- */

static int act_save(void *context, struct error *e) {
        const struct zone_change *c = context;

        return zone_put_options(c->name, c->after, e);
}

static int undo_save(void *context, struct error *e) {
        const struct zone_change *c = context;

        return zone_put_options(c->name, c->before, e);
}

static int act_allocate(void *context, struct error *e) {
        return choose_addresses(context, true, e);
}

/* The last thing that is undone: all is defined as before then, and the daemon, which may have carried out what was
 * interrupted, is told so. */
static int undo_allocate(void *context, struct error *e) {
        const struct zone_change *c = context;
        int r = zone_put_addresses(c->name, c->had_addresses, e);

        return r < 0 || !c->told ? r : zone_tell(c->name, c->persistent, e);
}

static int act_tell(void *context, struct error *e) {
        struct zone_change *c = context;

        c->told = true;
        return zone_tell(c->name, c->persistent, e);
}

static bool wants_allocation(const void *context) {
        const struct zone_change *c = context;

        return c->after;
}

static int act_networkd(void *context, struct error *e) {
        const struct zone_change *c = context;

        return zone_put_networkd(c->name, c->after, e);
}

static int undo_networkd(void *context, struct error *e) {
        const struct zone_change *c = context;

        return zone_put_networkd(c->name, c->before, e);
}

static bool wants_networkd(const void *context) {
        return runtime_has_units();
}

static const struct step steps[] = {
        {"choosing addresses", act_allocate, undo_allocate, wants_allocation},
        {"writing the definition", act_save, undo_save},
        {"telling systemd-networkd", act_networkd, undo_networkd, wants_networkd},
        {"having nspawn-netd carry it out", act_tell, NULL},
};

static int answer(struct invocation *i, const struct zone_change *c, const char *done, struct error *e) {
        json_t *value = json_pack("{s:s, s:b}", "name", c->name, done, 1);
        int r;

        output_line(&i->output, "Zone %s %s.", c->name, done);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

/* What was in force. Whether its bridge is there is for the daemon to say. -ENOENT: it is not. */
static int find_active(const char *name, struct zone_network *ret) {
        _cleanup_(allocations_freep) struct allocations *a = NULL;
        json_t *answer = NULL, *z;
        uint8_t machine_id[16];
        bool there = false;
        size_t i;

        if (netd_running() && netd_call("ListZones", NULL, LIST_TIMEOUT_MS, &answer, NULL) >= 0)
                json_array_foreach (json_object_get(answer, "zones"), i, z)
                        there = there || string_equal(json_string_value(json_object_get(z, "name")), name);
        json_decref(answer);
        if (!there || machine_id_get(machine_id, NULL) < 0 || allocations_load(&a, NULL) < 0)
                return -ENOENT;
        return zones_compute(name, a, machine_id, ret, NULL);
}

/* A bridge that comes or goes. */
static int plan(const struct zone_change *c, struct plan *ret) {
        struct zone_network from;
        int r;

        if (find_active(c->name, &from) >= 0)
                return c->after ? 0 : plan_zone_dismiss(&from, ret);
        if (!c->after || !c->zone.persistent)
                return 0;
        r = plan_zone_admit(&c->network, ret);
        return r < 0 ? r : plan_zone_link(&c->network, true, ret);
}

static int dry_run(struct invocation *i, struct zone_change *c, struct error *e) {
        _cleanup_(plan_clear) struct plan operations = PLAN_INIT;
        json_t *object = dry_run_new(c->name);
        int r = c->after ? choose_addresses(c, false, e) : 0;

        if (r >= 0 && c->before && c->after)
                r = zone_describe_change(object, c->name, c->after, c->addresses, &c->network, e);
        if (r >= 0) {
                r = plan(c, &operations);
                if (r >= 0)
                        r = dry_run_operations(object, NULL, &operations);
                if (r < 0)
                        (void) error_errno(e, r, EXIT_FAILED, "cannot plan zone '%s'", c->name);
        }
        if (r < 0) {
                json_decref(object);
                return r;
        }
        (void) json_object_set_new(object, "zone", json_true());
        dry_run_step(object, "%s " PATH_ZONES "/%s.json", c->after ? "write" : "remove", c->name);
        if (runtime_has_units())
                dry_run_step(object, "%s " PATH_NETWORKS "/20-vz-%s.network", c->after ? "write" : "remove", c->name);
        return dry_run_print(i, object, e);
}

static int run(struct invocation *i, struct zone_change *c, const char *done, struct error *e) {
        struct progress *progress;
        int r;

        if (invocation_has(i, OPTION_DRY_RUN))
                return dry_run(i, c, e);
        /* What the way back restores, whichever step it begins at. */
        r = allocations_load(&c->had_addresses, e);
        if (r >= 0)
                r = zone_journal_begin(c->name, c->before, c->had_addresses, e);
        if (r < 0)
                return r;
        progress = progress_begin(&i->output, c->name);
        r = sequence_run(steps, ELEMENTS_OF(steps), c, progress, e);
        progress_endp(&progress);
        zone_journal_end(c->name);
        /* Those of one that is gone, which may stay until somebody else asks for them. */
        if (r >= 0 && !c->after)
                (void) zone_put_addresses(c->name, NULL, NULL);
        return r < 0 ? r : answer(i, c, done, e);
}

/* ---- Actions ---- */

static int refuse_declared(const char *name, const char *what, struct error *e) {
        return error_set(e, EPERM, EXIT_CONTAINER,
                         "zone '%s' is declared by the host's configuration (nixos.containers.zones.%s): %s it there, "
                         "and run 'nixos-nspawn apply'",
                         name, name, what);
}

static int zone_create(struct invocation *i, struct error *e) {
        _cleanup_(zone_change_clear) struct zone_change c = {.name = invocation_argument(i, 1), .zone = ZONE_INIT};
        json_t *there = NULL;
        int r;

        if (zones_load_options(c.name, &there, NULL, NULL) >= 0) {
                json_decref(there);
                return error_set(e, EEXIST, EXIT_CONTAINER,
                                 "Zone %s already exists! 'nixos-nspawn zone update %s' changes it", c.name, c.name);
        }
        r = load_definition(i, &c, e);
        c.persistent = c.zone.persistent;
        return r < 0 ? r : run(i, &c, "created", e);
}

static int load_before(struct zone_change *c, const char *what, struct error *e) {
        enum zone_origin origin = ZONE_IMPERATIVE;
        int r = zones_load_options(c->name, &c->before, &origin, e);

        if (r < 0)
                return r;
        c->persistent = json_is_true(json_object_get(c->before, "persistent"));
        return origin == ZONE_DECLARED ? refuse_declared(c->name, what, e) : 0;
}

static int zone_update(struct invocation *i, struct error *e) {
        _cleanup_(zone_change_clear) struct zone_change c = {.name = invocation_argument(i, 1), .zone = ZONE_INIT};
        int r = load_before(&c, "change", e);

        if (r >= 0)
                r = load_definition(i, &c, e);
        c.persistent |= c.zone.persistent;
        return r < 0 ? r : run(i, &c, "updated", e);
}

static int refuse_members(const char *name, char **members, struct error *e) {
        _cleanup_(buffer_clear) struct buffer list = BUFFER_INIT;

        for (char **m = members; *m; m++)
                buffer_append_format(&list, "%s%s", m == members ? "" : ", ", *m);
        return error_set(e, EBUSY, EXIT_CONTAINER,
                         "zone '%s' has members: %s; remove them, or give them configurations without it, first", name,
                         buffer_text(&list));
}

static int zone_remove(struct invocation *i, struct error *e) {
        _cleanup_(zone_change_clear) struct zone_change c = {.name = invocation_argument(i, 1), .zone = ZONE_INIT};
        _cleanup_(strings_freep) char **members = NULL;
        json_t *value;
        int r = load_before(&c, "remove", e);

        if (r == -ENOENT) {
                error_clear(e);
                value = json_pack("{s:s, s:b}", "name", c.name, "removed", 0);
                output_line(&i->output, "Zone %s does not exist; Nothing done.", c.name);
                r = output_json(&i->output, value, e);
                json_decref(value);
                return r;
        }
        if (r >= 0)
                r = zones_members(c.name, &members, e);
        if (r < 0)
                return r;
        if (*members)
                return refuse_members(c.name, members, e);
        return run(i, &c, "removed", e);
}

static const struct action {
        const char *name;
        int (*run)(struct invocation *i, struct error *e);
        bool one;     /* takes one name */
        bool changes; /* needs root */
} actions[] = {
        {"create", zone_create, true, true},   {"list", zone_list, false, false},   {"remove", zone_remove, true, true},
        {"status", zone_status, false, false}, {"update", zone_update, true, true},
};

int command_zone(struct invocation *i, struct error *e) {
        const char *name = invocation_argument(i, 0);

        for (size_t k = 0; k < ELEMENTS_OF(actions); k++) {
                const struct action *a = &actions[k];
                _cleanup_(fd_closep) int lock = -1;
                int r = 0;

                if (!string_equal(name, a->name))
                        continue;
                if (a->one && i->arguments.n_positional != 2)
                        return error_set(e, EINVAL, EXIT_USAGE,
                                         "'zone %s' takes the name of one zone: nixos-nspawn zone "
                                         "%s NAME",
                                         name, name);
                if (a->changes && !invocation_has(i, OPTION_DRY_RUN))
                        r = invocation_may_change(i, e);
                /* Before anything is looked at: what was there is what the change is made of. */
                if (r >= 0 && a->changes && !invocation_has(i, OPTION_DRY_RUN))
                        r = lock = store_lock(LOCK_TIMEOUT_MS, e);
                if (r >= 0 && lock >= 0 && !zone_name_problem(invocation_argument(i, 1)))
                        r = zone_journal_repair_one(invocation_argument(i, 1), e);
                return r < 0 ? r : a->run(i, e);
        }
        return error_set(e, EINVAL, EXIT_USAGE, "'zone %s' is unknown: zone create, list, status, update, remove",
                         name);
}

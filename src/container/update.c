/* update: the configuration is built again, from what is there now. */
#include "container/commands.h"
#include "container/configuration.h"
#include "container/find.h"
#include "container/rebuild.h"
#include "front/activation.h"
#include "front/change.h"
#include "front/describe.h"

#include "runtime/runtime.h"
#include "state/store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int load_both(struct invocation *i, const struct entry *entry, const char *text, struct change *c,
                     struct error *e) {
        int r;

        r = definition_load_generation(entry->name, 0, &c->old, e);
        if (r >= 0)
                r = configuration_load(i, text, entry->name, c->old.image, &c->new, e);
        if (r >= 0)
                c->old.container.kind = c->new.container.kind = CONTAINER_NIXOS;
        return r;
}

/* Why a container that runs has to be restarted whatever is different, or NULL. */
static const char *find_reason(const struct entry *entry, const struct container *c,
                               const struct runtime_status *status) {
        struct stat st;

        if (status->state != RUNTIME_RUNNING)
                return "it is just being started or stopped";
        if (c->ephemeral)
                return "its root is made anew at each start";
        if (stat(entry->unit_file, &st) == 0 &&
            (uint64_t) st.st_mtim.tv_sec * 1000000 + (uint64_t) st.st_mtim.tv_nsec / 1000 > status->since_usec)
                return "its conf was changed after its start";
        return NULL;
}

static int print_updated(struct invocation *i, const struct entry *entry, int r, struct error *e) {
        return r < 0 || !i->output.json ? r : describe_one(&i->output, entry, false, e);
}

int container_command_update(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        _cleanup_(change_clear) struct change c = CHANGE_INIT;
        _cleanup_(container_clear) struct container container = CONTAINER_INIT;
        struct runtime_status status = {0};
        _cleanup_(freep) char *text = NULL;
        _cleanup_(build_clear) struct build build = BUILD_INIT;
        const struct entry *entry;
        unsigned number;
        int r;

        r = configuration_check(i, e);
        if (r >= 0)
                r = build_check(i, e);
        if (r >= 0)
                r = container_find(invocation_argument(i, 0), &inventory, &entry, e);
        if (r >= 0 && entry->origin == ORIGIN_DECLARATIVE)
                r = error_set(e, EPERM, EXIT_CONTAINER,
                              "cannot update declarative container %s: change its declaration, and run 'nixos-nspawn "
                              "apply'",
                              entry->name);
        if (r >= 0)
                r = container_may_change(i, e);
        if (r >= 0)
                r = configuration_text(i, &text, e);
        if (r >= 0)
                r = rebuild_wanted(i, entry->name, &build, e);
        if (r > 0) {
                r = runtime_status(entry->name, &status, e);
                if (r >= 0)
                        r = rebuild_run(i, entry->name, &build, text, status.state == RUNTIME_RUNNING, e);
                return print_updated(i, entry, r, e);
        }
        if (r >= 0)
                r = build_check_unused(i, e);
        if (r < 0)
                return r;
        if (store_current_generation(entry->name, &number) < 0)
                return error_set(e, ENOENT, EXIT_CONTAINER,
                                 "container '%s' was not made from a configuration: its system is what SYSTEM_PATH in "
                                 "%s says; change that, and restart it",
                                 entry->name, entry->unit_file);
        if (!text)
                r = configuration_kept(entry->name, &text, e);
        if (r >= 0)
                r = load_both(i, entry, text, &c, e);
        if (r >= 0)
                r = store_load(entry->name, &container, e);
        if (r >= 0)
                r = runtime_status(entry->name, &status, e);
        if (r < 0)
                return r;
        c.config = text;
        c.running = status.state != RUNTIME_OFF;
        c.reason = c.running ? find_reason(entry, &container, &status) : NULL;
        c.strategy = c.reason ? STRATEGY_ALWAYS : STRATEGY_DYNAMIC;
        r = change_run(&c, &i->output, e);
        return print_updated(i, entry, r, e);
}

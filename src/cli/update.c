/* update: another configuration. */
#include "cli/commands.h"
#include "front/activation.h"
#include "front/change.h"
#include "front/describe.h"
#include "front/dry-run.h"
#include "front/inventory.h"

#include "base/paths.h"
#include "runtime/links.h"
#include "runtime/runtime.h"

#include <errno.h>

static int update_dry_run(struct invocation *i, struct change *c, struct error *e) {
        json_t *object = dry_run_new(c->new.name);
        unsigned next = 1, current = 0;
        int r;

        r = change_next_generation(c->new.name, &next, &current, e);
        if (r >= 0)
                r = definition_allocate(&c->new, false, e);
        if (r >= 0 && change_base(c)->spec)
                r = definition_allocate(change_base(c), false, e);
        if (r >= 0) {
                definition_describe(&c->new, next, object);
                dry_run_step(object, "switch from generation %u to %u", current, next);
                dry_run_host_files(object, c->new.name, &c->new.container);
                r = dry_run_folders(object, &c->new.container, e);
                dry_run_step(object, "change the container's files in " PATH_MACHINES "/%s", c->new.name);
        }
        if (r >= 0)
                r = activation_describe(c, object, e);
        if (r >= 0 && change_base(c)->spec)
                r = dry_run_network(object, DRY_RUN_CHANGE, &change_base(c)->network, &c->new.network, e);
        if (r < 0) {
                json_decref(object);
                return r;
        }
        return dry_run_print(i, object, e);
}

static int update_check(const struct invocation *i, const char *name, struct change *c, struct error *e) {
        const struct container *container = &c->new.container;
        struct runtime_status status;
        enum strategy strategy;
        int r;

        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = definition_load_generation(name, 0, &c->old, e);
        if (r >= 0)
                r = definition_load(i, name, &c->old, &c->new, e);
        if (r >= 0)
                r = activation_strategy(i, c->new.spec, &strategy, e);
        if (r >= 0)
                r = store_forward_conflict(name, container->forwards, container->n_forwards, NULL, e);
        if (r > 0)
                return -EADDRINUSE;
        if (r >= 0)
                r = runtime_status(name, &status, e);
        if (r < 0)
                return r;
        c->running = status.state != RUNTIME_OFF;
        c->strategy = strategy;
        /* One that is not there any more is one that nothing can be compared with. */
        if (c->running)
                (void) activation_load_base(c, name, NULL);
        r = activation_decide(c, e);
        return r < 0 || c->effect != EFFECT_RESTART ? r : links_check(container, &change_base(c)->container, e);
}

static int update(struct invocation *i, const struct entry *entry, struct change *c, struct error *e) {
        int r = change_run(c, &i->output, e);

        if (r < 0)
                return r;
        output_line(&i->output, "Container %s updated successfully. Details:", entry->name);
        return describe_one(&i->output, entry, false, e);
}

int command_update(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        _cleanup_(change_clear) struct change c = CHANGE_INIT;
        const struct entry *entry;
        int r;

        r = definition_check_options(i, e);
        if (r >= 0)
                r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        entry = inventory_own(&inventory, invocation_argument(i, 0), "update", "nixos-container update", e);
        if (!entry)
                return -ENOENT;
        r = update_check(i, entry->name, &c, e);
        if (r < 0)
                return r;
        return invocation_has(i, OPTION_DRY_RUN) ? update_dry_run(i, &c, e) : update(i, entry, &c, e);
}

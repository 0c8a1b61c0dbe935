/* update: another configuration. */
#include "cli/commands.h"
#include "front/change.h"
#include "front/describe.h"
#include "front/dry-run.h"
#include "front/inventory.h"

#include "base/parse.h"
#include "base/paths.h"
#include "runtime/runtime.h"

#include <errno.h>

enum strategy {
        STRATEGY_RESTART,
        STRATEGY_NONE,
};

static int choose_strategy(const struct invocation *i, const struct change *c, enum strategy *ret, struct error *e) {
        const json_t *activation = json_object_get(
                json_object_get(json_object_get(c->new.spec, "config"), "nixosContainer"), "activation");
        const char *s =
                invocation_value(i, OPTION_STRATEGY) ?: json_string_value(json_object_get(activation, "strategy"));

        if (!s || string_equal(s, "restart"))
                *ret = STRATEGY_RESTART;
        else if (string_equal(s, "none"))
                *ret = STRATEGY_NONE;
        else if (string_equal(s, "dynamic"))
                return error_set(e, ENOTSUP, EXIT_CONTAINER,
                                 "'dynamic' is currently not supported for imperative containers!");
        else if (string_equal(s, "reload"))
                return error_set(e, ENOTSUP, EXIT_CONTAINER,
                                 "--strategy reload does not work yet: use restart, or none");
        else
                return error_set(e, EINVAL, EXIT_USAGE, "--strategy %s is unknown: restart or none", s);
        return 0;
}

static int update_dry_run(struct invocation *i, struct change *c, struct error *e) {
        json_t *object = dry_run_new(c->new.name);
        unsigned next = 1, current = 0;
        int r;

        r = change_next_generation(c->new.name, &next, &current, e);
        if (r >= 0)
                r = definition_allocate(&c->new, false, e);
        if (r >= 0)
                r = definition_allocate(&c->old, false, e);
        if (r >= 0) {
                definition_describe(&c->new, next, object);
                dry_run_step(object, "switch from generation %u to %u", current, next);
                dry_run_host_files(object, c->new.name, &c->new.container);
                dry_run_step(object, "change the container's files in " PATH_MACHINES "/%s", c->new.name);
                if (c->restart)
                        dry_run_step(object, "restart the container");
                r = dry_run_network(object, DRY_RUN_CHANGE, &c->old.network, &c->new.network, e);
        }
        if (r < 0) {
                json_decref(object);
                return r;
        }
        return dry_run_print(i, object, e);
}

static int update_check(const struct invocation *i, const char *name, struct change *c, struct error *e) {
        const struct container *container = &c->new.container;
        struct runtime_status status;
        enum strategy strategy = STRATEGY_RESTART;
        int r;

        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = definition_load_current(name, &c->old, e);
        if (r >= 0)
                r = definition_load(i, name, &c->old, &c->new, e);
        if (r >= 0)
                r = choose_strategy(i, c, &strategy, e);
        if (r >= 0)
                r = store_forward_conflict(name, container->forwards, container->n_forwards, NULL, e);
        if (r > 0)
                return -EADDRINUSE;
        if (r >= 0)
                r = runtime_status(name, &status, e);
        if (r < 0)
                return r;
        c->restart = status.state != RUNTIME_OFF && strategy == STRATEGY_RESTART;
        return 0;
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

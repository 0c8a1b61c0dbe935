/* remove. */
#include "cli/commands.h"
#include "front/dry-run.h"
#include "front/inventory.h"
#include "front/removal.h"

#include "base/paths.h"
#include "runtime/runtime.h"
#include "state/store.h"

#include <errno.h>

static int remove_dry_run(struct invocation *i, const char *name, bool running, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        json_t *object = dry_run_new(name);
        _cleanup_(network_clear) struct network network = NETWORK_INIT;

        if (running)
                dry_run_step(object, "stop the container");
        dry_run_step(object, "remove " PATH_UNITS "/%s.nspawn", name);
        dry_run_step(object, "remove " PATH_PROFILES "/%s", name);
        dry_run_host_files(object, name, NULL);
        dry_run_step(object, "let its addresses go");
        dry_run_step(object, "%s " PATH_MACHINES "/%s", invocation_has(i, OPTION_DELETE_STATE) ? "delete" : "keep",
                     name);
        if (running && store_load_network(name, &c, &network, NULL) >= 0)
                (void) dry_run_network(object, DRY_RUN_STOP, NULL, &network, e);
        return dry_run_print(i, object, e);
}

static int remove_container(struct invocation *i, const char *name, bool running, struct error *e) {
        _cleanup_(progress_endp) struct progress *progress = NULL;
        json_t *value;
        int r;

        output_line(&i->output, "Removing container %s...", name);
        progress = progress_begin(&i->output, name);
        r = removal_run(name, running, invocation_has(i, OPTION_DELETE_STATE), progress, e);
        progress_endp(&progress);
        if (r < 0)
                return r;
        output_line(&i->output, "Container %s removed successfully", name);
        value = json_pack("{s:s, s:b}", "name", name, "removed", 1);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

/* Removing what is not there is no mistake. */
static int nothing_done(struct invocation *i, const char *name, struct error *e) {
        json_t *value = json_pack("{s:s, s:b}", "name", name, "removed", 0);
        int r;

        output_line(&i->output, "Container %s does not exist; Nothing done.", name);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

int command_remove(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const char *name = invocation_argument(i, 0);
        struct runtime_status status = {0};
        bool running;
        int r;

        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        if (!inventory_find(&inventory, name))
                return nothing_done(i, name, e);
        if (!inventory_own(&inventory, name, "remove", "nixos-container destroy", e))
                return -EPERM;
        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = runtime_status(name, &status, e);
        if (r < 0)
                return r;
        running = status.state != RUNTIME_OFF;
        return invocation_has(i, OPTION_DRY_RUN) ? remove_dry_run(i, name, running, e)
                                                 : remove_container(i, name, running, e);
}

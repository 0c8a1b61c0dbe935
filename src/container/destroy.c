/* destroy: the container and its files. */
#include "container/commands.h"
#include "container/find.h"
#include "front/directories.h"
#include "front/dry-run.h"
#include "front/removal.h"

#include "base/file.h"
#include "base/paths.h"
#include "runtime/runtime.h"
#include "state/store.h"

#include <errno.h>

static int print_result(struct invocation *i, const char *name, bool removed, struct error *e) {
        json_t *value = json_pack("{s:s, s:b}", "name", name, "removed", removed);
        int r;

        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

static int destroy_dry_run(struct invocation *i, const struct entry *entry, bool running, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *root = directories_root(entry->name);
        _cleanup_(freep) char *profile = format(PATH_NIX_PROFILES PATH_NIX_OWN "/%s", entry->name);
        json_t *object = dry_run_new(entry->name);
        _cleanup_(network_clear) struct network network = NETWORK_INIT;

        if (running)
                dry_run_step(object, "end the container");
        dry_run_step(object, "remove %s", entry->unit_file);
        dry_run_step(object, "remove " PATH_PROFILES "/%s", entry->name);
        dry_run_host_files(object, entry->name, NULL);
        dry_run_step(object, "let its addresses go");
        dry_run_step(object, "delete %s", root ?: "its files");
        if (access(profile ?: "", F_OK) == 0)
                dry_run_step(object, "delete %s", profile);
        if (running && store_load_network(entry->name, &c, &network, NULL) >= 0)
                (void) dry_run_network(object, DRY_RUN_STOP, NULL, &network, e);
        return dry_run_print(i, object, e);
}

int container_command_destroy(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        _cleanup_(progress_endp) struct progress *progress = NULL;
        const char *name = invocation_argument(i, 0);
        struct runtime_status status = {0};
        const struct entry *entry;
        int r;

        r = inventory_load(PATH_UNITS, &inventory, e);
        if (r < 0)
                return r;
        if (!inventory_find(&inventory, name))
                return print_result(i, name, false, e);
        inventory_clear(&inventory);
        r = container_find(name, &inventory, &entry, e);
        if (r < 0)
                return r;
        if (entry->origin == ORIGIN_DECLARATIVE)
                return error_set(
                        e, EPERM, EXIT_CONTAINER,
                        "cannot destroy declarative container (remove it from your configuration.nix instead)");
        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : container_may_change(i, e);
        if (r >= 0)
                r = runtime_status(name, &status, e);
        if (r < 0)
                return r;
        if (invocation_has(i, OPTION_DRY_RUN))
                return destroy_dry_run(i, entry, status.state != RUNTIME_OFF, e);
        progress = progress_begin(&i->output, name);
        r = removal_run(name, status.state != RUNTIME_OFF, true, progress, e);
        progress_endp(&progress);
        return r < 0 ? r : print_result(i, name, true, e);
}

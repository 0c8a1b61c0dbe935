/* autostart: what a host runs once, when it has booted. */
#include "cli/commands.h"
#include "front/describe.h"
#include "front/progress.h"

#include "base/paths.h"
#include "netd/client.h"
#include "runtime/runtime.h"
#include "state/store.h"

#include <errno.h>

/* Whether to start it; says why not. */
static int wants_start(struct invocation *i, const struct entry *entry, bool *ret, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        struct runtime_status status = {0};
        int r;

        *ret = false;
        if (entry->origin == ORIGIN_UNMANAGED) {
                output_line(&i->output, "Skipping unmanaged container %s", entry->unit_file);
                return 0;
        }
        if (entry->origin == ORIGIN_DECLARATIVE && entry->kind == CONTAINER_NSPAWN) {
                output_line(&i->output, "Skipping declarative container %s", entry->name);
                return 0;
        }
        r = store_load(entry->name, &c, e);
        if (r >= 0)
                r = runtime_status(entry->name, &status, e);
        if (r < 0)
                return r;
        if (status.state != RUNTIME_OFF)
                output_line(&i->output, "Skipping container %s in state %s", entry->unit_file,
                            runtime_state_name(status.state));
        else if (!c.auto_start)
                output_line(&i->output, "Skipping imperative container %s", entry->name);
        else
                *ret = true;
        return 0;
}

static int start(struct invocation *i, const struct entry *entry, struct error *e) {
        _cleanup_(progress_endp) struct progress *progress = NULL;

        if (invocation_has(i, OPTION_DRY_RUN))
                return 0;
        progress = progress_begin(&i->output, entry->name);
        return runtime_start(entry->name, progress_phrase, progress, e);
}

/* Everything that is to run; one that does not start keeps no other from it. The first error is returned. */
static int start_all(struct invocation *i, const struct inventory *inventory, const struct entry **started,
                     size_t *ret_n, struct error *e) {
        int r = 0;

        for (size_t n = 0; n < inventory->n; n++) {
                const struct entry *entry = &inventory->entries[n];
                _cleanup_(error_clear) struct error one = ERROR_INIT;
                bool wanted;
                int k;

                k = wants_start(i, entry, &wanted, &one);
                if (k >= 0 && wanted)
                        k = start(i, entry, &one);
                if (k >= 0) {
                        if (wanted)
                                started[(*ret_n)++] = entry;
                } else if (r >= 0) {
                        r = k;
                        error_move(e, &one);
                } else
                        (void) fprintf(stderr, "%s: %s\n", program_name(), error_message(&one));
        }
        return r;
}

static int report(struct invocation *i, const struct inventory *inventory, const struct entry *const *started, size_t n,
                  struct error *e) {
        json_t *objects = json_array();
        const json_t *object;
        struct describer d;
        size_t k;
        int r;

        describer_open(&d);
        for (k = 0; k < n; k++)
                (void) json_array_append_new(objects, describe(&d, started[k]));
        describer_close(&d);
        output_line(&i->output,
                    "%s %zu of %zu containers:", invocation_has(i, OPTION_DRY_RUN) ? "Would start" : "Started", n,
                    inventory->n);
        json_array_foreach (objects, k, object)
                describe_print(&i->output, object, false);
        r = output_json(&i->output, objects, e);
        json_decref(objects);
        return r;
}

/* The daemon puts in force what the host's configuration says, whether there are containers or not. */
static void start_host(void) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (access(PATH_HOST, F_OK) == 0 && netd_ensure(&e) < 0)
                (void) fprintf(stderr, "nixos-nspawn: the host's configuration is not in force: %s\n",
                               error_message(&e));
}

int command_autostart(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        _cleanup_(freep) const struct entry **started = NULL;
        size_t n = 0;
        int r;

        r = invocation_has(i, OPTION_DRY_RUN) ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        if (!invocation_has(i, OPTION_DRY_RUN))
                start_host();
        started = calloc(inventory.n + 1, sizeof(*started));
        if (!started)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot start the containers");
        r = start_all(i, &inventory, started, &n, e);
        return r < 0 ? r : report(i, &inventory, started, n, e);
}

/* What start, stop and restart have in common. */
#include "front/power.h"

#include "front/command.h"
#include "front/describe.h"
#include "front/inventory.h"

#include "base/parse.h"
#include "runtime/runtime.h"
#include "state/store.h"

#include <errno.h>

int power_timeout(const struct invocation *i, uint64_t *ret_usec, struct error *e) {
        const char *s = invocation_value(i, OPTION_TIMEOUT);

        *ret_usec = UINT64_C(90000000);
        if (s && parse_timespan(s, ret_usec) < 0)
                return error_set(e, EINVAL, EXIT_USAGE, "--timeout %s is not a time span: give one such as 30s or 2min",
                                 s);
        return 0;
}

static int power_one(struct invocation *i, const struct power *power, const char *name, struct error *e) {
        _cleanup_(progress_endp) struct progress *progress = NULL;
        struct runtime_status status = {0};
        int r;

        r = runtime_recover_status(name, &status, e);
        if (r < 0)
                return r;
        if (power->needless && status.state == (power->needless_running ? RUNTIME_RUNNING : RUNTIME_OFF)) {
                if (power->done)
                        output_line(&i->output, "Container %s %s.", name, power->needless);
                return 0;
        }
        progress = progress_begin(&i->output, name);
        r = power->act(i, name, progress, e);
        progress_endp(&progress);
        if (r >= 0 && power->done)
                output_line(&i->output, "Container %s %s.", name, power->done);
        return r;
}

static int power_dry_run(const struct power *power, const char *name, json_t *list, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        json_t *object = dry_run_new(name);
        struct runtime_status status = {0};
        _cleanup_(network_clear) struct network network = NETWORK_INIT;
        int r;

        r = runtime_status(name, &status, e);
        if (r >= 0 && power->needless && status.state == (power->needless_running ? RUNTIME_RUNNING : RUNTIME_OFF))
                dry_run_step(object, "nothing: it %s", power->needless);
        else if (r >= 0) {
                dry_run_step(object, "%s the container", power->verb);
                r = store_load_network(name, &c, &network, e);
                if (r >= 0)
                        r = dry_run_network(object, power->plan, NULL, &network, e);
        }
        if (json_array_append_new(list, object) < 0 && r >= 0)
                r = error_errno(e, ENOMEM, EXIT_FAILED, "cannot plan");
        return r;
}

/* The containers' objects, as they are now: one object for one name, else an array. */
static int print_json(struct invocation *i, const struct inventory *inventory, struct error *e) {
        json_t *objects;
        struct describer d;
        int r;

        if (!i->output.json)
                return 0;
        objects = json_array();
        describer_open(&d);
        for (size_t n = 0; n < i->arguments.n_positional; n++)
                (void) json_array_append_new(objects,
                                             describe(&d, inventory_find(inventory, i->arguments.positional[n])));
        describer_close(&d);
        r = output_json(&i->output, json_array_size(objects) == 1 ? json_array_get(objects, 0) : objects, e);
        json_decref(objects);
        return r;
}

static int run_all(struct invocation *i, const struct power *power, struct error *e) {
        int r = 0;

        for (size_t n = 0; n < i->arguments.n_positional; n++) {
                _cleanup_(error_clear) struct error one = ERROR_INIT;
                int k = power_one(i, power, i->arguments.positional[n], &one);

                if (k < 0 && r >= 0) {
                        r = k;
                        error_move(e, &one);
                } else if (k < 0)
                        (void) fprintf(stderr, "%s: %s\n", program_name(), error_message(&one));
        }
        return r;
}

int power_run(struct invocation *i, const struct power *power, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        int r;

        r = inventory_load(i->unit_directory, &inventory, e);
        for (size_t n = 0; n < i->arguments.n_positional && r >= 0; n++)
                if (!inventory_runnable(&inventory, i->arguments.positional[n], power->verb, e))
                        r = -ENOENT;
        if (r < 0)
                return r;
        if (invocation_has(i, OPTION_DRY_RUN)) {
                json_t *list = json_array();

                for (size_t n = 0; n < i->arguments.n_positional && r >= 0; n++)
                        r = power_dry_run(power, i->arguments.positional[n], list, e);
                if (r < 0) {
                        json_decref(list);
                        return r;
                }
                return dry_run_print(i, list, e);
        }
        r = invocation_may_change(i, e);
        if (r >= 0)
                r = run_all(i, power, e);
        return r < 0 ? r : print_json(i, &inventory, e);
}

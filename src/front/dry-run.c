/* Saying instead of doing. */
#include "front/dry-run.h"

#include "base/string-list.h"
#include "front/directories.h"
#include "runtime/runtime.h"
#include "state/host.h"

#include <errno.h>
#include <stdarg.h>

json_t *dry_run_new(const char *name) {
        return json_pack("{s:b, s:s, s:[], s:[]}", "dryRun", 1, "name", name, "steps", "operations");
}

void dry_run_step(json_t *object, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        (void) json_array_append_new(json_object_get(object, "steps"), json_vsprintf(fmt, ap));
        va_end(ap);
}

void dry_run_host_files(json_t *object, const char *name, const struct container *container) {
        bool nixos = container && container->kind == CONTAINER_NIXOS;
        const bool wanted[_HOST_FILE_MAX] = {
                [HOST_DROP_IN] = container && !nixos,
                [HOST_NETWORK] = container && container->mode == NETWORK_VETH,
                [HOST_AUTOSTART] = container && !nixos && container->auto_start,
                [HOST_CONTAINER_DROP_IN] = nixos,
                [HOST_CONTAINER_AUTOSTART] = nixos && container->auto_start,
        };

        for (enum host_file f = 0; f < _HOST_FILE_MAX && runtime_has_units(); f++) {
                _cleanup_(freep) char *path = host_file_path(f, name);

                if (path && wanted[f])
                        dry_run_step(object, "%s %s",
                                     f == HOST_AUTOSTART || f == HOST_CONTAINER_AUTOSTART ? "make the link" : "write",
                                     path);
                else if (path && host_file_exists(f, name))
                        dry_run_step(object, "remove %s", path);
        }
}

int dry_run_folders(json_t *object, const struct container *container, struct error *e) {
        _cleanup_(strings_freep) char **folders = NULL;
        int r = directories_missing(container->bind_mounts, &folders, e);

        for (char **p = folders; p && *p; p++)
                dry_run_step(object, "make %s, for a bind mount", *p);
        return r;
}

static int make_plan(enum dry_run_plan what, const struct network *from, const struct network *to, struct plan *ret) {
        int r;

        switch (what) {
        case DRY_RUN_START:
                r = plan_admit(to, ret);
                if (r >= 0)
                        r = plan_link(to, ret);
                if (r >= 0)
                        r = plan_guest(to, to->kind == CONTAINER_NIXOS ? to->guest_link : "host0", ret);
                return r;
        case DRY_RUN_STOP:
                return plan_dismiss(to, ret);
        case DRY_RUN_CHANGE:
                return plan_change(from, to, ret);
        }
        return -EINVAL;
}

int dry_run_operations(json_t *object, const char *container, const struct plan *plan) {
        json_t *operations = json_object_get(object, "operations");

        for (size_t n = 0; n < plan->n; n++) {
                _cleanup_(buffer_clear) struct buffer text = BUFFER_INIT;
                json_t *operation = operation_json(&plan->operations[n]);

                operation_print(&plan->operations[n], &text);
                if (container && plan->operations[n].side == SIDE_CONTAINER) {
                        buffer_append_format(&text, " %s", container);
                        (void) json_object_set_new(operation, "container", json_string(container));
                }
                (void) json_object_set_new(operation, "text", json_string(buffer_text(&text)));
                if (json_array_append_new(operations, operation) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int dry_run_network(json_t *object, enum dry_run_plan what, const struct network *from, const struct network *to,
                    struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r = make_plan(what, from, to, &plan);

        if (r >= 0)
                r = dry_run_operations(object, NULL, &plan);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot plan the network of %s", to->name) : 0;
}

int dry_run_zone(json_t *object, const struct zone_network *from, const struct zone_network *to,
                 const struct network *const *old, const struct network *const *new, size_t n, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r = plan_zone_change(from, to, old, new, n, &plan);

        if (r >= 0)
                r = dry_run_operations(object, NULL, &plan);
        for (size_t i = 0; i < n && r >= 0; i++) {
                _cleanup_(plan_clear) struct plan inside = PLAN_INIT;

                r = plan_guest_change(old[i], new[i], new[i]->guest_link, &inside);
                if (r >= 0)
                        r = dry_run_operations(object, new[i]->name, &inside);
        }
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot plan the change of zone %s", to->name) : 0;
}

void dry_run_print_operations(struct output *o, const json_t *object) {
        const json_t *value;
        size_t n;

        json_array_foreach (json_object_get(object, "operations"), n, value)
                output_line(o, "  network: %s", json_string_value(json_object_get(value, "text")));
}

static void print_one(struct output *o, const json_t *object) {
        const json_t *value;
        size_t n;

        output_line(o, "%s %s, nothing is done:", json_object_get(object, "zone") ? "Zone" : "Container",
                    json_string_value(json_object_get(object, "name")));
        json_array_foreach (json_object_get(object, "steps"), n, value)
                output_line(o, "  %s", json_string_value(value));
        dry_run_print_operations(o, object);
}

int dry_run_print(struct invocation *i, json_t *value, struct error *e) {
        const json_t *object;
        size_t n;
        int r;

        if (json_is_object(value))
                print_one(&i->output, value);
        json_array_foreach (value, n, object)
                print_one(&i->output, object);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

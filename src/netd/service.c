#include "service.h"

#include <errno.h>

static const char description[] =
#include "io.nixos.Nspawn.varlink.inc"
        ;

static const char *text(const json_t *parameters, const char *name) {
        return json_string_value(json_object_get(parameters, name));
}

/* Both steal value, which may be NULL for want of memory. */
static int answer(json_t **ret, const char *key, json_t *value, struct error *e) {
        *ret = json_pack("{s:o}", key, value);
        return *ret ? 0 : error_set(e, ENOMEM, EXIT_FAILED, "no memory for the answer");
}

static json_t *operations_json(const struct plan *p) {
        json_t *list = json_array();

        for (size_t i = 0; i < p->n; i++) {
                _cleanup_(buffer_clear) struct buffer line = BUFFER_INIT;
                json_t *o = operation_json(&p->operations[i]);

                operation_print(&p->operations[i], &line);
                if (!o || json_object_set_new(o, "text", json_string(buffer_text(&line))) < 0 ||
                    json_array_append_new(list, o) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static int method_attach(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        struct attachment *a;
        int r;

        r = manager_attach(userdata, text(parameters, "name"), &a, e);
        return r < 0 ? r : answer(ret, "network", attachment_json(a), e);
}

static int method_detach(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return manager_detach(userdata, text(parameters, "name"), e);
}

static int update(json_t *parameters, struct manager *m, bool dry, json_t **ret, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r;

        r = manager_update(m, text(parameters, "name"), text(parameters, "namespacePath"), dry, &plan, e);
        return r < 0 ? r : answer(ret, "operations", operations_json(&plan), e);
}

static int method_update(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return update(parameters, userdata, false, ret, e);
}

static int method_plan(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return update(parameters, userdata, true, ret, e);
}

static int update_zone(json_t *parameters, struct manager *m, bool dry, json_t **ret, struct error *e) {
        _cleanup_(plan_clear) struct plan plan = PLAN_INIT;
        int r;

        r = manager_zone_update(m, text(parameters, "name"), json_object_get(parameters, "namespaces"), dry, &plan, e);
        return r < 0 ? r : answer(ret, "operations", operations_json(&plan), e);
}

static int method_update_zone(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return update_zone(parameters, userdata, false, ret, e);
}

static int method_plan_zone(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return update_zone(parameters, userdata, true, ret, e);
}

static int method_list_zones(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        const struct manager *m = userdata;
        json_t *list = json_array();

        for (const struct active_zone *z = m->zones; z && list; z = z->next)
                if (json_array_append_new(list, zone_json(z)) < 0) {
                        json_decref(list);
                        list = NULL;
                }
        return answer(ret, "zones", list, e);
}

static int method_check(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return manager_check(userdata, text(parameters, "name"), e);
}

static int method_allocate(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return manager_allocate(userdata, text(parameters, "name"), e);
}

static int method_list(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        json_t *list = json_array();

        for (struct attachment *a = NULL; (a = manager_each(userdata, a));)
                if (json_array_append_new(list, attachment_json(a)) < 0) {
                        json_decref(list);
                        list = NULL;
                        break;
                }
        return answer(ret, "networks", list, e);
}

static int method_describe(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        const char *name = text(parameters, "name");
        const struct attachment *a = manager_find(userdata, name);

        if (!a)
                return error_set(e, ENOENT, EXIT_USAGE,
                                 "container '%s' has no network now: it does not run, or has none of "
                                 "its own",
                                 name);
        return answer(ret, "network", attachment_json(a), e);
}

static int method_attach_namespace(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        const json_t *forwards = json_object_get(parameters, "forwards");
        struct attachment *a;
        int r;

        r = manager_attach_namespace(userdata, text(parameters, "name"), text(parameters, "namespacePath"),
                                     text(parameters, "link"), json_is_null(forwards) ? NULL : forwards, &a, e);
        return r < 0 ? r : answer(ret, "network", attachment_json(a), e);
}

static int method_detach_namespace(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return manager_detach_namespace(userdata, text(parameters, "name"), e);
}

static int method_ping(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        *ret = json_pack("{s:i,s:s}", "pid", (int) getpid(), "version", VERSION);
        return *ret ? 0 : error_set(e, ENOMEM, EXIT_FAILED, "no memory for the answer");
}

static int method_resync(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return manager_resync(userdata, e);
}

static int method_apply_host(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        return manager_apply_host(userdata, e);
}

static int method_stop(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        struct manager *m = userdata;

        return sd_event_exit(m->event, 0);
}

#define NAME                                                                                                           \
        { "name", JSON_STRING, false }

static const struct varlink_method methods[] = {
        {"Attach", method_attach, {NAME}},
        {"Detach", method_detach, {NAME}},
        {"Update", method_update, {NAME, {"namespacePath", JSON_STRING, true}}},
        {"Plan", method_plan, {NAME}},
        {"Check", method_check, {NAME}},
        {"Allocate", method_allocate, {NAME}},
        {"List", method_list, {{0}}},
        {"Describe", method_describe, {NAME}},
        {"AttachNamespace",
         method_attach_namespace,
         {NAME, {"namespacePath", JSON_STRING, false}, {"link", JSON_STRING, false}, {"forwards", JSON_ARRAY, true}}},
        {"DetachNamespace", method_detach_namespace, {NAME}},
        {"UpdateZone", method_update_zone, {NAME, {"namespaces", JSON_OBJECT, true}}},
        {"PlanZone", method_plan_zone, {NAME}},
        {"ListZones", method_list_zones, {{0}}},
        {"Ping", method_ping, {{0}}},
        {"Resync", method_resync, {{0}}},
        {"ApplyHost", method_apply_host, {{0}}},
        {"Stop", method_stop, {{0}}},
        {0},
};

static const char *error_name(const struct error *e) {
        switch (e->code) {
        case -ENOENT:
                return "NotFound";
        case -EADDRINUSE:
                return "PortTaken";
        default:
                return "Failed";
        }
}

const struct varlink_interface service_interface = {
        .name = "io.nixos.Nspawn",
        .description = description,
        .methods = methods,
        .error_name = error_name,
};

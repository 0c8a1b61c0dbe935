/* show-ip: an address alone on a line, for scripts. */
#include "front/describe.h"

#include "cli/commands.h"

#include <errno.h>

static int show(struct invocation *i, const json_t *object, struct error *e) {
        bool v6 = invocation_has(i, OPTION_IPV6), v4 = invocation_has(i, OPTION_IPV4) || !v6;
        const char *name = json_string_value(json_object_get(object, "name"));
        json_t *v4_value = json_object_get(object, "ipv4"), *v6_value = json_object_get(object, "ipv6"), *value;
        int r;

        if ((v4 && !json_is_string(v4_value)) || (v6 && !json_is_string(v6_value)))
                return error_set(e, ENOENT, EXIT_CONTAINER, "container %s has no address of ours%s%s", name,
                                 json_is_string(json_object_get(object, "problem")) ? ": " : "",
                                 json_string_value(json_object_get(object, "problem")) ?: "");
        if (v4)
                output_line(&i->output, "%s", json_string_value(v4_value));
        if (v6)
                output_line(&i->output, "%s", json_string_value(v6_value));
        value = json_pack("{s:s, s:O, s:O}", "name", name, "ipv4", v4_value, "ipv6", v6_value);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

int command_show_ip(struct invocation *i, struct error *e) {
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const char *name = invocation_argument(i, 0);
        const struct entry *entry;
        struct describer d;
        json_t *object;
        int r;

        r = inventory_load(i->unit_directory, &inventory, e);
        if (r < 0)
                return r;
        entry = inventory_find(&inventory, name);
        if (!entry)
                return error_set(e, ENOENT, EXIT_USAGE, "Container %s does not exist!", name);
        describer_open(&d);
        object = describe(&d, entry);
        describer_close(&d);
        if (!object)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot describe %s", name);
        r = show(i, object, e);
        json_decref(object);
        return r;
}

#include "varlink-service.h"

#include "base/parse.h"

#include <errno.h>
#include <string.h>

static const char service_description[] =
        "# The Varlink Service Interface is provided by every varlink service.\n"
        "interface " VARLINK_SERVICE "\n\n"
        "method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)\n\n"
        "method GetInterfaceDescription(interface: string) -> (description: string)\n\n"
        "error InterfaceNotFound (interface: string)\n\n"
        "error MethodNotFound (method: string)\n\n"
        "error MethodNotImplemented (method: string)\n\n"
        "error InvalidParameter (parameter: string)\n";

const struct varlink_method *varlink_method_find(const struct varlink_interface *i, const char *name) {
        for (const struct varlink_method *m = i->methods; m->name; m++)
                if (string_equal(m->name, name))
                        return m;
        return NULL;
}

static const struct varlink_parameter *parameter_find(const struct varlink_method *m, const char *name) {
        for (size_t k = 0; k < VARLINK_PARAMETERS_MAX && m->parameters[k].name; k++)
                if (string_equal(m->parameters[k].name, name))
                        return &m->parameters[k];
        return NULL;
}

const char *varlink_parameters_check(const struct varlink_method *m, json_t *parameters) {
        const char *key;
        json_t *value;

        for (size_t k = 0; k < VARLINK_PARAMETERS_MAX && m->parameters[k].name; k++) {
                const struct varlink_parameter *p = &m->parameters[k];

                value = json_object_get(parameters, p->name);
                if (!value || json_is_null(value)) {
                        if (!p->optional)
                                return p->name;
                } else if (json_typeof(value) != p->type)
                        return p->name;
        }
        json_object_foreach (parameters, key, value)
                if (!parameter_find(m, key))
                        return key;
        return NULL;
}

int varlink_service_call(const struct varlink_interface *i, const char *method, json_t *parameters, json_t **ret,
                         const char **ret_error, const char **ret_key, const char **ret_value) {
        static const struct varlink_method methods[] = {
                {.name = "GetInfo"},
                {.name = "GetInterfaceDescription", .parameters = {{"interface", JSON_STRING, false}}},
        };
        const char *name = strrchr(method, '.') + 1;
        const struct varlink_method *m;
        const char *wrong, *interface;

        m = string_equal(name, methods[0].name)   ? &methods[0]
            : string_equal(name, methods[1].name) ? &methods[1]
                                                  : NULL;
        if (!m) {
                *ret_error = VARLINK_SERVICE ".MethodNotFound", *ret_key = "method", *ret_value = method;
                return 0;
        }
        wrong = parameters ? varlink_parameters_check(m, parameters) : m->parameters[0].name;
        if (wrong) {
                *ret_error = VARLINK_SERVICE ".InvalidParameter", *ret_key = "parameter", *ret_value = wrong;
                return 0;
        }

        if (m == &methods[0]) {
                *ret = json_pack("{s:s,s:s,s:s,s:s,s:[s,s]}", "vendor", "nixos-nspawn", "product", "nspawn-netd",
                                 "version", VERSION, "url", "", "interfaces", VARLINK_SERVICE, i->name);
                return *ret ? 0 : -ENOMEM;
        }

        interface = json_string_value(json_object_get(parameters, "interface"));
        if (string_equal(interface, i->name))
                *ret = json_pack("{s:s}", "description", i->description);
        else if (string_equal(interface, VARLINK_SERVICE))
                *ret = json_pack("{s:s}", "description", service_description);
        else {
                *ret_error = VARLINK_SERVICE ".InterfaceNotFound", *ret_key = "interface", *ret_value = interface;
                return 0;
        }
        return *ret ? 0 : -ENOMEM;
}

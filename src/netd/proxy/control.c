/* The Varlink methods: checks everything that comes in, then asks services.c. */
#include "proxy.h"

#include "netd/varlink-server.h"

#include <errno.h>
#include <string.h>

static int bad(struct error *e, const char *what) {
        return error_set(e, EINVAL, EXIT_FAILED, "nspawn-proxy was asked for something impossible: %s", what);
}

static int read_name(json_t *parameters, const char **ret, struct error *e) {
        const char *name = json_string_value(json_object_get(parameters, "name"));

        if (container_name_problem(name))
                return bad(e, "a name that is not a container's");
        *ret = name;
        return 0;
}

static int read_address(json_t *parameters, const char *key, int family, struct address *ret) {
        json_t *v = json_object_get(parameters, key);

        *ret = ADDRESS_NONE;
        if (!v || json_is_null(v))
                return 0;
        return address_parse(json_string_value(v), ret) < 0 || (family && ret->family != family) ? -EINVAL : 0;
}

static int read_number(json_t *v, const char *key, uint16_t *ret) {
        json_t *number = json_object_get(v, key);

        if (!json_is_integer(number) || json_integer_value(number) < 1 || json_integer_value(number) > UINT16_MAX)
                return -EINVAL;
        *ret = (uint16_t) json_integer_value(number);
        return 0;
}

static int read_forward(json_t *v, struct forward *ret) {
        const char *protocol = json_string_value(json_object_get(v, "protocol"));
        struct forward f = {0};

        if (!protocol || (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0))
                return -EINVAL;
        f.protocol = strcmp(protocol, "udp") == 0 ? PROTOCOL_UDP : PROTOCOL_TCP;
        if (read_number(v, "hostPort", &f.host_port) < 0 || read_number(v, "containerPort", &f.container_port) < 0 ||
            read_number(v, "count", &f.count) < 0 || read_address(v, "bindAddress", 0, &f.bind) < 0)
                return -EINVAL;
        if (f.host_port + f.count - 1u > UINT16_MAX || f.container_port + f.count - 1u > UINT16_MAX)
                return -EINVAL;
        *ret = f;
        return 0;
}

static int method_set(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        json_t *list = json_object_get(parameters, "forwards"), *v;
        _cleanup_(freep) struct forward *forwards = NULL;
        struct address addresses[2];
        const char *name = "";
        size_t i;
        int r;

        r = read_name(parameters, &name, e);
        if (r < 0)
                return r;
        if (read_address(parameters, "address4", AF_INET, &addresses[0]) < 0 ||
            read_address(parameters, "address6", AF_INET6, &addresses[1]) < 0)
                return bad(e, "an address that is none");
        forwards = calloc(json_array_size(list) + 1, sizeof *forwards);
        if (!forwards)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot listen for container '%s'", name);
        json_array_foreach (list, i, v) {
                if (read_forward(v, &forwards[i]) < 0)
                        return bad(e, "a forward that is none");
        }
        return service_set(userdata, name, addresses, steal_ptr(forwards), json_array_size(list), e);
}

static int method_clear(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        const char *name = "";
        int r;

        r = read_name(parameters, &name, e);
        if (r == 0)
                service_clear(userdata, name);
        return r;
}

static json_t *address_json(const struct address *a) {
        char text[ADDRESS_TEXT_MAX];

        return a->family == AF_UNSPEC ? json_null() : json_string(address_format(a, text));
}

static json_t *service_json(const struct service *s) {
        json_t *forwards = json_array();

        for (size_t i = 0; i < s->n_forwards; i++) {
                const struct forward *f = &s->forwards[i];

                (void) json_array_append_new(
                        forwards, json_pack("{s:s, s:i, s:i, s:i, s:o}", "protocol", protocol_name(f->protocol),
                                            "hostPort", (int) f->host_port, "containerPort", (int) f->container_port,
                                            "count", (int) f->count, "bindAddress", address_json(&f->bind)));
        }
        return json_pack("{s:s, s:o, s:o, s:o, s:i, s:i}", "name", s->name, "address4", address_json(&s->addresses[0]),
                         "address6", address_json(&s->addresses[1]), "forwards", forwards, "connections",
                         (int) s->n_connections, "flows", (int) s->n_flows);
}

static int method_list(json_t *parameters, void *userdata, json_t **ret, struct error *e) {
        struct proxy *p = userdata;
        json_t *list = json_array();

        for (struct link *l = p->services.next; l != &p->services; l = l->next)
                (void) json_array_append_new(list, service_json(CONTAINER_OF(l, struct service, link)));
        *ret = json_pack("{s:o}", "containers", list);
        return *ret ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot list the forwards");
}

static const struct varlink_method methods[] = {
        {"Set",
         method_set,
         {{"name", JSON_STRING, false},
          {"address4", JSON_STRING, true},
          {"address6", JSON_STRING, true},
          {"forwards", JSON_ARRAY, false}}},
        {"Clear", method_clear, {{"name", JSON_STRING, false}}},
        {"List", method_list, {{0}}},
        {0},
};

static const char description[] =
#include "io.nixos.NspawnProxy.varlink.inc"
        ;

static const char *error_name(const struct error *e) {
        return e->code == -EADDRINUSE ? "PortTaken" : "Failed";
}

int control_new(struct proxy *p, int fd, struct varlink_server **ret) {
        static const struct varlink_interface interface = {
                .name = "io.nixos.NspawnProxy",
                .description = description,
                .methods = methods,
                .error_name = error_name,
                .call_max = 16u << 20,
        };

        return varlink_server_new(p->event, fd, &interface, p, ret);
}

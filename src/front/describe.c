/* One object a container. */
#include "front/describe.h"

#include "base/buffer.h"
#include "base/file.h"
#include "state/store.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void describer_open(struct describer *d) {
        *d = (struct describer){0};
        if (allocations_load(&d->allocations, NULL) < 0)
                d->allocations = NULL;
        d->machine_id_known = machine_id_get(d->machine_id, NULL) >= 0;
        d->has_v6 = store_host_has_v6();
}

void describer_survey(struct describer *d) {
        /* Whatever kept it from that is said of each container. */
        (void) runtime_survey_new(&d->survey, NULL);
}

void describer_close(struct describer *d) {
        runtime_survey_freep(&d->survey);
        allocations_freep(&d->allocations);
}

json_t *forward_json(const struct forward *f) {
        char bind[ADDRESS_TEXT_MAX];

        return json_pack("{s:s, s:i, s:i, s:i, s:s?}", "protocol", protocol_name(f->protocol), "hostPort", f->host_port,
                         "containerPort", f->container_port, "count", f->count, "bindAddress",
                         f->bind.family != AF_UNSPEC ? address_format(&f->bind, bind) : NULL);
}

static void append_ports(struct buffer *b, json_int_t first, json_int_t count) {
        buffer_append_format(b, "%d", (int) first);
        if (count > 1)
                buffer_append_format(b, "-%d", (int) (first + count - 1));
}

static void append_forward(struct buffer *b, const json_t *f) {
        const char *bind = json_string_value(json_object_get(f, "bindAddress"));
        json_int_t count = json_integer_value(json_object_get(f, "count"));

        buffer_append_format(b, "%s ", json_string_value(json_object_get(f, "protocol")) ?: "");
        if (bind)
                buffer_append_format(b, strchr(bind, ':') ? "[%s]:" : "%s:", bind);
        append_ports(b, json_integer_value(json_object_get(f, "hostPort")), count);
        buffer_append_string(b, " -> ");
        append_ports(b, json_integer_value(json_object_get(f, "containerPort")), count);
}

char *describe_forwards(const json_t *forwards) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *f;
        size_t i;

        json_array_foreach (forwards, i, f) {
                if (i > 0)
                        buffer_append_string(&b, ", ");
                append_forward(&b, f);
        }
        return b.size > 0 ? buffer_steal(&b) : NULL;
}

static json_t *address_json(const struct prefix *p) {
        char text[ADDRESS_TEXT_MAX];

        return p->address.family == AF_UNSPEC ? json_null() : json_string(address_format(&p->address, text));
}

/* All of them, with their lengths. */
static json_t *addresses_json(const struct network *n, const struct prefix *(*nth)(const struct network *n, size_t i)) {
        json_t *list = json_array();
        const struct prefix *p;
        char text[PREFIX_TEXT_MAX];

        for (size_t i = 0; (p = nth(n, i)); i++)
                (void) json_array_append_new(list, json_string(prefix_format(p, text)));
        return list;
}

static json_t *since_json(uint64_t usec) {
        time_t seconds = (time_t) (usec / 1000000);
        char text[32];
        struct tm tm;

        if (usec == 0 || !gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                return json_null();
        return json_string(text);
}

/* true: it runs, and so should its links. */
static bool add_status(const struct describer *d, json_t *object, const char *name) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct runtime_status status = {0};

        if (runtime_survey_status(d->survey, name, &status, &e) < 0) {
                (void) json_object_set_new(object, "state", json_null());
                (void) json_object_set_new(object, "problem", json_string(error_message(&e)));
                return false;
        }
        (void) json_object_set_new(object, "state", json_string(runtime_state_name(status.state)));
        (void) json_object_set_new(object, "leader", json_integer(status.leader));
        (void) json_object_set_new(object, "supervisor", json_integer(status.supervisor));
        (void) json_object_set_new(object, "since", since_json(status.since_usec));
        return status.state == RUNTIME_RUNNING && status.leader > 0;
}

/* Nobody can make a link again for a container that runs; the next start does. */
static void add_lost_link(json_t *object, const struct network *n, const char *link) {
        _cleanup_(freep) char *problem = NULL;

        if (!link[0] || if_nametoindex(link) > 0 || errno != ENODEV)
                return;
        problem = format("the link %s is gone, and with it the container's network; '%s restart %s' makes it anew",
                         link, container_kind_name(n->kind), n->name);
        (void) json_object_set_new(object, "problem", json_string(problem));
}

/* A bridge of the host's owner is his to delete and make again: then nobody puts the port back. */
static void add_lost_port(json_t *object, const struct network *n, const char *link, const char *bridge) {
        _cleanup_(freep) char *port = format("/sys/class/net/%s", link), *problem = NULL;
        _cleanup_(freep) char *place = format("/sys/class/net/%s/upper_%s", link, bridge);

        if (!port || !place || access(port, F_OK) < 0 || access(place, F_OK) == 0)
                return;
        problem = format("the link %s is no port of the bridge %s; 'ip link set %s master %s' or '%s restart %s' makes "
                         "it one again",
                         link, bridge, link, bridge, container_kind_name(n->kind), n->name);
        (void) json_object_set_new(object, "problem", json_string(problem));
}

static void add_network(const struct describer *d, json_t *object, const struct container *c, bool runs) {
        _cleanup_(network_clear) struct network network = NETWORK_INIT;

        if (c->mode == NETWORK_ZONE)
                (void) json_object_set_new(object, "zone", json_string(c->attached_to));
        if (!d->allocations || !d->machine_id_known ||
            store_network(c, d->allocations, d->machine_id, &network, NULL) < 0)
                return;
        if (!d->has_v6)
                network_drop_v6(&network);
        (void) json_object_set_new(object, "ipv4", address_json(&network.container_v4));
        (void) json_object_set_new(object, "ipv6", address_json(&network.container_v6));
        (void) json_object_set_new(object, "hostIpv4", address_json(&network.host_v4));
        (void) json_object_set_new(object, "hostIpv6", address_json(&network.host_v6));
        (void) json_object_set_new(object, "addresses", addresses_json(&network, network_container_address));
        (void) json_object_set_new(object, "hostAddresses", addresses_json(&network, network_host_address));
        (void) json_object_set_new(object, "link", json_string(network.link));
        for (size_t i = 0; runs && i < network.n_extra; i++)
                add_lost_link(object, &network, network.extra[i].link);
        if (runs)
                add_lost_link(object, &network, network.link);
        if (runs && c->mode == NETWORK_BRIDGE)
                add_lost_port(object, &network, network.link, c->attached_to);
}

static void add_forwards(json_t *object, const struct container *c) {
        json_t *forwards = json_array();

        for (size_t i = 0; i < c->n_forwards; i++)
                (void) json_array_append_new(forwards, forward_json(&c->forwards[i]));
        (void) json_object_set_new(object, "forwards", forwards);
}

static void add_definition(const struct describer *d, json_t *object, const struct entry *entry, bool runs) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if ((entry->origin == ORIGIN_UNMANAGED ? store_load(entry->name, &c, &e)
                                               : store_load_kind(entry->name, entry->kind, &c, &e)) < 0) {
                (void) json_object_set_new(object, "problem", json_string(error_message(&e)));
                return;
        }
        add_network(d, object, &c, runs);
        add_forwards(object, &c);
        if (!c.hand)
                (void) json_object_set_new(object, "autoStart", json_boolean(c.auto_start));
        (void) json_object_set_new(object, "ephemeral", json_boolean(c.ephemeral));
}

json_t *describe(const struct describer *d, const struct entry *entry) {
        json_t *object =
                json_pack("{s:s, s:s, s:b, s:s, s:s, s:n, s:i, s:i, s:n, s:n, s:n, s:n, s:n, s:n, s:[], s:n, s:n, s:n}",
                          "name", entry->name, "unit_file", entry->unit_file, "is_imperative",
                          entry->origin == ORIGIN_IMPERATIVE, "type", origin_name(entry->origin), "kind",
                          container_kind_name(entry->kind), "state", "leader", 0, "supervisor", 0, "since", "ipv4",
                          "ipv6", "hostIpv4", "hostIpv6", "link", "forwards", "autoStart", "ephemeral", "problem");

        /* Of what the host's configuration declares, no more is known. */
        if (!object || (entry->origin == ORIGIN_DECLARATIVE && entry->kind == CONTAINER_NSPAWN))
                return object;
        /* Nor of a file in a folder where it would not be run from. */
        if (entry->origin == ORIGIN_UNMANAGED && !store_runs(entry->name))
                return object;
        add_definition(d, object, entry, add_status(d, object, entry->name));
        return object;
}

static char *process_text(const json_t *value) {
        return json_integer_value(value) > 0 ? output_text(value) : NULL;
}

/* Those that have no line of their own. */
static char *more_text(const json_t *value) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *v;
        size_t i;

        json_array_foreach (value, i, v)
                if (i >= 2)
                        buffer_append_format(&b, "%s%s", b.size > 0 ? ", " : "", json_string_value(v));
        return b.size > 0 ? buffer_steal(&b) : NULL;
}

void describe_print(struct output *o, const json_t *object, bool all) {
        static const struct output_column columns[] = {
                {.title = "State", .key = "state", .none = "unknown"},
                {.title = "IPv4", .key = "ipv4"},
                {.title = "IPv6", .key = "ipv6"},
                {.title = "Ports", .key = "forwards", .format = describe_forwards},
                {.title = "Problem", .key = "problem"},
        };
        static const struct output_column more[] = {
                {.title = "Type", .key = "type"},
                {.title = "Kind", .key = "kind"},
                {.title = "Since", .key = "since"},
                {.title = "Leader", .key = "leader", .format = process_text},
                {.title = "Supervisor", .key = "supervisor", .format = process_text},
                {.title = "Link", .key = "link"},
                {.title = "Host IPv4", .key = "hostIpv4"},
                {.title = "Host IPv6", .key = "hostIpv6"},
                {.title = "More addresses", .key = "addresses", .format = more_text},
                {.title = "Host's more", .key = "hostAddresses", .format = more_text},
                {.title = "Start at boot", .key = "autoStart"},
                {.title = "Throw-away root", .key = "ephemeral"},
        };

        output_line(o, "Container %s", json_string_value(json_object_get(object, "name")));
        output_line(o, "  Unit File: %s", json_string_value(json_object_get(object, "unit_file")));
        output_line(o, "  Imperative: %s", json_is_true(json_object_get(object, "is_imperative")) ? "True" : "False");
        output_details(o, columns, ELEMENTS_OF(columns), object);
        if (all)
                output_details(o, more, ELEMENTS_OF(more), object);
}

int describe_one(struct output *o, const struct entry *entry, bool all, struct error *e) {
        struct describer d;
        json_t *object;
        int r;

        describer_open(&d);
        object = describe(&d, entry);
        describer_close(&d);
        if (!object)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot describe %s", entry->name);
        describe_print(o, object, all);
        r = output_json(o, object, e);
        json_decref(object);
        return r;
}

/* containers.NAME: each option becomes a line of a conf, whose own rules (conf_container.c) then say what is wrong. */
#include "host_containers.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "conf_keys.h"
#include "model/names.h"
#include "option_path.h"
#include "spec.h"
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void host_containers_clear(struct host_containers *c) {
        for (size_t i = 0; i < c->n; i++) {
                free(c->list[i].name);
                conf_clear(&c->list[i].conf);
                json_decref(c->list[i].config);
        }
        free(c->list);
        *c = HOST_CONTAINERS_INIT;
}

/* One container that is being read. */
struct reader {
        const json_t *options;
        struct host_container *to;
        json_t *path;
        struct error *e;
};

/* Which option is in the conf under which key. */
static const char *const names[][2] = {
        {"path", "SYSTEM_PATH"},
        {"autoStart", "AUTO_START"},
        {"ephemeral", "EPHEMERAL"},
        {"timeoutStartSec", "TIMEOUT_START_SEC"},
        {"copyResolvConf", "COPY_RESOLV_CONF"},
        {"privateUsers", "PRIVATE_USERS"},
        {"allowedDevices", "ALLOWED_DEVICES"},
        {"privateNetwork", "PRIVATE_NETWORK"},
        {"hostBridge", "HOST_BRIDGE"},
        {"hostAddress", "HOST_ADDRESS"},
        {"hostAddress6", "HOST_ADDRESS6"},
        {"localAddress", "LOCAL_ADDRESS"},
        {"localAddress6", "LOCAL_ADDRESS6"},
        {"localMacAddress", "LOCAL_MAC_ADDRESS"},
        {"networkNamespace", "NETWORK_NAMESPACE_PATH"},
        {"forwardPorts", "HOST_PORT"},
        {"extraVeths", "EXTRA_VETHS"},
        {"interfaces", "INTERFACES"},
        {"macvlans", "MACVLANS"},
        {"extraFlags", "EXTRA_NSPAWN_FLAGS"}, /* and all the others that have no key of their own */
};

/* The other one of a pair; given itself where there is none. */
static const char *name_of(const char *given, size_t side) {
        for (size_t i = 0; i < ELEMENTS_OF(names); i++)
                if (string_equal(names[i][side], given))
                        return names[i][1 - side];
        return given;
}

const char *host_container_option(const char *key) {
        return name_of(key, 1);
}

static int wrong(const struct reader *r, const char *option, const char *problem) {
        _cleanup_(freep) char *name = NULL;

        if (option)
                (void) json_array_append_new(r->path, json_string(option));
        name = option_path_name(r->path);
        return error_set(r->e, EINVAL, EXIT_CONTAINER, "%s: %s", name ? name : "?", problem);
}

static const char *text_of(const json_t *set, const char *option) {
        return value_string(json_object_get(set, option));
}

/* Into the conf, when there is a value. It is tried alone first, so that the message names the option. */
static int put(struct reader *r, const char *option, const char *value) {
        _cleanup_(container_clear) struct container one = CONTAINER_INIT;
        const char *key = name_of(option, 0), *problem = NULL;
        int k;

        if (!value || !*value)
                return 0;
        k = conf_read_key(&one, key, value, &problem);
        if (k >= 0)
                k = conf_set(&r->to->conf, key, value);
        return k == -ENOMEM ? k : k < 0 ? wrong(r, option, problem ? problem : "control characters") : 0;
}

static int put_text(struct reader *r, const char *option) {
        return put(r, option, text_of(r->options, option));
}

static bool is_set(const struct reader *r, const char *option) {
        return json_is_true(json_object_get(r->options, option));
}

static int put_switch(struct reader *r, const char *option) {
        return put(r, option, is_set(r, option) ? "1" : "0");
}

static int put_buffer(struct reader *r, const char *option, const struct buffer *b) {
        return buffer_error(b) < 0 ? -ENOMEM : put(r, option, buffer_text(b));
}

static int put_words(struct reader *r, const char *option) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *word;
        size_t i;

        json_array_foreach (json_object_get(r->options, option), i, word)
                buffer_append_format(&b, "%s%s", i > 0 ? " " : "", value_string(word) ?: "");
        return put_buffer(r, option, &b);
}

static int put_forwards(struct reader *r) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *forward;
        size_t i;

        json_array_foreach (json_object_get(r->options, "forwardPorts"), i, forward) {
                const json_t *host = json_object_get(forward, "hostPort"), *port;

                port = json_object_get(forward, "containerPort");
                buffer_append_format(&b, "%s%s:%" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT, i > 0 ? "," : "",
                                     text_of(forward, "protocol") ?: "tcp", json_integer_value(host),
                                     json_integer_value(json_is_integer(port) ? port : host));
        }
        return put_buffer(r, "forwardPorts", &b);
}

static int put_extra_veths(struct reader *r) {
        static const char *const ends[] = {"hostBridge", "hostAddress", "hostAddress6", "localAddress",
                                           "localAddress6"};
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *veths = json_object_get(r->options, "extraVeths");
        const char *name;
        json_t *end;

        json_object_foreach ((json_t *) veths, name, end) {
                buffer_append_format(&b, "%s%s", b.size > 0 ? " " : "", name);
                for (size_t i = 0; i < ELEMENTS_OF(ends); i++)
                        if (text_of(end, ends[i]))
                                buffer_append_format(&b, ",%s=%s", ends[i], text_of(end, ends[i]));
        }
        return put_buffer(r, "extraVeths", &b);
}

static void add_flags(struct buffer *b, const json_t *list, const char *option) {
        const json_t *item;
        size_t i;

        json_array_foreach (list, i, item)
                buffer_append_format(b, " %s%s", option, value_string(item) ?: "");
}

/* What has no key of its own. */
static int put_flags(struct reader *r) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *mounts = json_object_get(r->options, "bindMounts");
        const char *name;
        json_t *mount;

        json_object_foreach ((json_t *) mounts, name, mount) {
                const char *inside = text_of(mount, "mountPoint") ?: name, *host = text_of(mount, "hostPath") ?: inside;

                buffer_append_format(&b, " --bind%s=%s:%s",
                                     json_is_true(json_object_get(mount, "isReadOnly")) ? "-ro" : "", host, inside);
        }
        if (is_set(r, "enableTun"))
                buffer_append_string(&b, " --bind=/dev/net/tun --capability=CAP_NET_ADMIN");
        add_flags(&b, json_object_get(r->options, "tmpfs"), "--tmpfs=");
        add_flags(&b, json_object_get(r->options, "additionalCapabilities"), "--capability=");
        add_flags(&b, json_object_get(r->options, "extraFlags"), "");
        if (buffer_error(&b) < 0)
                return -ENOMEM;
        return put(r, "extraFlags", b.size > 0 ? buffer_text(&b) + 1 : NULL);
}

static int put_devices(struct reader *r) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const json_t *device;
        size_t i;

        json_array_foreach (json_object_get(r->options, "allowedDevices"), i, device)
                buffer_append_format(&b, "%s%s:%s", i > 0 ? " " : "", text_of(device, "node") ?: "",
                                     text_of(device, "modifier") ?: "");
        return put_buffer(r, "allowedDevices", &b);
}

static int put_private_users(struct reader *r) {
        const json_t *v = json_object_get(r->options, "privateUsers");
        char number[32];

        (void) snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        return put(r, "privateUsers", json_is_integer(v) ? number : value_string(v));
}

/* NixOS says nothing of them to a container without a network of its own. */
static int check_private(struct reader *r) {
        static const char *const options[] = {
                "hostBridge", "hostAddress", "hostAddress6", "localAddress", "localAddress6", "localMacAddress", NULL};

        if (is_set(r, "privateNetwork"))
                return 0;
        for (const char *const *option = options; *option; option++)
                if (text_of(r->options, *option))
                        return wrong(r, *option, "goes with privateNetwork = true only");
        if (json_array_size(json_object_get(r->options, "forwardPorts")) > 0)
                return wrong(r, "forwardPorts", "goes with privateNetwork = true only");
        return 0;
}

static int put_network(struct reader *r) {
        static const char *const texts[] = {"hostBridge",    "hostAddress",     "hostAddress6",    "localAddress",
                                            "localAddress6", "localMacAddress", "networkNamespace"};
        int k = check_private(r);

        if (k >= 0)
                k = put_switch(r, "privateNetwork");
        for (size_t i = 0; i < ELEMENTS_OF(texts) && k >= 0; i++)
                k = put_text(r, texts[i]);
        if (k >= 0)
                k = put_forwards(r);
        if (k >= 0)
                k = put_extra_veths(r);
        if (k >= 0)
                k = put_words(r, "interfaces");
        return k < 0 ? k : put_words(r, "macvlans");
}

static int put_all(struct reader *r) {
        json_t *config = json_object_get(r->options, "config");
        const char *path = text_of(r->options, "path");
        int k;

        if (json_is_object(config) == (path != NULL))
                return wrong(r, path ? "path" : "config",
                             path ? "goes without config: the system that is there has its own"
                                  : "is not set; set it, or path to a system that is there");
        r->to->config = path ? NULL : json_incref(config);
        r->to->restart = is_set(r, "restartIfChanged");
        k = put_text(r, "path");
        if (k >= 0)
                k = put_switch(r, "autoStart");
        if (k >= 0)
                k = put_switch(r, "ephemeral");
        if (k >= 0)
                k = put_text(r, "timeoutStartSec");
        if (k >= 0)
                k = put_switch(r, "copyResolvConf");
        if (k >= 0)
                k = put_private_users(r);
        if (k >= 0)
                k = put_devices(r);
        if (k >= 0)
                k = put_network(r);
        return k < 0 ? k : put_flags(r);
}

/* All of it together. */
static int check_whole(struct reader *r, struct container *ret) {
        _cleanup_(freep) char *name = option_path_name(r->path);
        int k = conf_to_container(&r->to->conf, r->to->name, name ? name : "containers", ret, r->e);

        if (k < 0 && k != -ENOMEM) {
                json_decref(r->path);
                r->path = option_path_read(error_message(r->e));
        }
        return k;
}

/* What only one of them can have. */
static int check_pair(struct reader *r, const struct container *a, const struct container *b) {
        const char *key = container_address_clash(a, b);
        _cleanup_(freep) char *text = NULL;

        if (key) {
                text = format("container %s has this address, too", b->name);
                return wrong(r, host_container_option(key), text ?: "used twice");
        }
        for (size_t i = 0; i < a->n_forwards; i++)
                for (size_t k = 0; k < b->n_forwards; k++)
                        if (forward_conflicts(&a->forwards[i], &b->forwards[k])) {
                                text = format("container %s has port %u, too", b->name, a->forwards[i].host_port);
                                return wrong(r, "forwardPorts", text ?: "a port is used twice");
                        }
        return 0;
}

static int read_one(const char *name, const json_t *options, struct host_containers *all, struct container *whole,
                    json_t **ret_path, struct error *e) {
        struct reader r = {
                .options = options, .to = &all->list[all->n], .path = json_pack("[s,s]", "containers", name), .e = e};
        int k = r.path ? 0 : -ENOMEM;

        r.to->name = strdup(name);
        r.to->conf = CONF_INIT;
        all->n++;
        if (!r.to->name)
                k = -ENOMEM;
        if (k >= 0 && container_name_problem(name))
                k = wrong(&r, NULL, container_name_problem(name));
        else if (k >= 0 && strchr(name, '_'))
                k = wrong(&r, NULL, "the name of a declared container has no '_', on NixOS, too");
        if (k >= 0)
                k = conf_parse(CONF_DECLARED, "", &r.to->conf, e);
        r.to->conf.option = host_container_option;
        if (k >= 0)
                k = put_all(&r);
        if (k >= 0)
                k = check_whole(&r, &whole[all->n - 1]);
        for (size_t i = 0; i + 1 < all->n && k >= 0; i++)
                k = check_pair(&r, &whole[all->n - 1], &whole[i]);
        if (k < 0 && ret_path)
                *ret_path = json_incref(r.path);
        json_decref(r.path);
        return k;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const struct host_container *) a)->name, ((const struct host_container *) b)->name);
}

int host_containers_read(const json_t *host, struct host_containers *ret, json_t **ret_path, struct error *e) {
        _cleanup_(host_containers_clear) struct host_containers all = HOST_CONTAINERS_INIT;
        json_t *set = json_object_get(json_object_get(host, "config"), "containers"), *options;
        size_t n = json_object_size(set);
        struct container *whole = calloc(n + 1, sizeof(*whole));
        const char *name;
        int k;

        all.list = calloc(n + 1, sizeof(*all.list));
        k = whole && all.list ? 0 : -ENOMEM;
        json_object_foreach (set, name, options)
                if (k >= 0)
                        k = read_one(name, options, &all, whole, ret_path, e);
        for (size_t i = 0; whole && i < n; i++)
                container_clear(&whole[i]);
        free(whole);
        if (k == -ENOMEM)
                (void) error_errno(e, k, EXIT_FAILED, "reading the declared containers");
        if (k < 0)
                return k;
        if (all.n > 0)
                qsort(all.list, all.n, sizeof(*all.list), compare);
        *ret = all;
        all = HOST_CONTAINERS_INIT;
        return 0;
}

int host_container_spec(const struct host_container *c, const char *source, json_t **ret, struct error *e) {
        _cleanup_(container_clear) struct container inside = CONTAINER_INIT;
        json_t *spec = json_pack("{s:i, s:s, s:s?, s:O}", "version", SPEC_VERSION, "name", c->name, "source", source,
                                 "config", c->config);
        int r = spec ? spec_to_container(spec, c->name, &inside, e)
                     : error_errno(e, ENOMEM, EXIT_FAILED, "making the spec of %s", c->name);

        if (r >= 0 && inside.n_forwards > 0)
                r = error_set(e, EINVAL, EXIT_CONTAINER,
                              "nixosContainer.forwardPorts is for nixos-nspawn: use containers.%s.forwardPorts",
                              c->name);
        if (r < 0) {
                json_decref(spec);
                return error_prefix(e, r, "containers.%s.config", c->name);
        }
        *ret = spec;
        return 0;
}

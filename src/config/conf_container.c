/* From a conf to a container: every key that counts, then what has to fit together. */
#include "conf.h"

#include "base/file.h"
#include "base/parse.h"
#include "conf_keys.h"
#include "model/names.h"
#include "option_path.h"
#include "shape.h"

#include <errno.h>
#include <string.h>

struct check {
        const struct conf *conf;
        const char *shown;
        struct container *c;
        struct error *problems;
        bool memory;
};

/* The line of the assignment that counts. */
static unsigned line_of(const struct conf *conf, const char *key) {
        for (size_t i = conf->n; i-- > 0;)
                if (string_equal(conf->lines[i].key, key))
                        return conf->lines[i].number;
        return 0;
}

static const char *shown_key(const struct check *k, const char *key) {
        return k->conf->option ? k->conf->option(key) : key;
}

static void problem_add(struct check *k, const char *key, const char *problem) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (k->conf->option)
                (void) error_set(&e, EINVAL, EXIT_CONTAINER, "%s%s%s: %s", k->shown, option_path_dot(k->shown),
                                 shown_key(k, key), problem);
        /* One that was changed here has no lines yet. */
        else if (line_of(k->conf, key) == 0)
                (void) error_set(&e, EINVAL, EXIT_CONTAINER, "%s: %s: %s", k->shown, key, problem);
        else
                (void) error_set(&e, EINVAL, EXIT_CONTAINER, "%s:%u: %s: %s", k->shown, line_of(k->conf, key), key,
                                 problem);
        error_append(k->problems, &e);
}

static void read_keys(struct check *k) {
        for (size_t i = 0; i < k->conf->n; i++) {
                const struct conf_line *l = &k->conf->lines[i];
                const char *problem;

                /* Of several assignments the last one counts. */
                if (!l->key || conf_get(k->conf, l->key) != l->value)
                        continue;
                int r = conf_read_key(k->c, l->key, l->value, &problem);
                if (r == -ENOMEM)
                        k->memory = true;
                else if (r < 0)
                        problem_add(k, l->key, problem);
        }
}

static bool has_address(const struct end *end) {
        return end->host_v4.address.family != AF_UNSPEC || end->host_v6.address.family != AF_UNSPEC ||
               end->local_v4.address.family != AF_UNSPEC || end->local_v6.address.family != AF_UNSPEC;
}

/* As the start script of NixOS chooses systemd-nspawn's options (SPEC D.5). */
static void choose_mode(struct check *k) {
        struct container *c = k->c;

        if (c->end.bridge) {
                c->mode = NETWORK_BRIDGE;
                c->attached_to = strdup(c->end.bridge);
                k->memory = k->memory || !c->attached_to;
        } else if (has_address(&c->end) || c->end.has_mac)
                c->mode = NETWORK_VETH;
        else if (c->private_network || c->interfaces || c->macvlans || c->n_extra_veths > 0)
                c->mode = NETWORK_NONE;
        else
                c->mode = NETWORK_HOST;
}

static void check_namespace(struct check *k) {
        _cleanup_(freep) char *problem = NULL;

        if (!k->c->network_namespace || k->c->mode == NETWORK_HOST)
                return;
        problem = format("goes with none of %s, addresses, %s, %s, %s and %s: the network there is somebody else's",
                         shown_key(k, "PRIVATE_NETWORK"), shown_key(k, "HOST_BRIDGE"), shown_key(k, "INTERFACES"),
                         shown_key(k, "MACVLANS"), shown_key(k, "EXTRA_VETHS"));
        problem_add(k, "NETWORK_NAMESPACE_PATH", problem ?: "goes with no other network");
}

static void check_forwards(struct check *k) {
        const struct end *end = &k->c->end;
        _cleanup_(freep) char *problem = NULL;

        if (k->c->n_forwards == 0)
                return;
        if (!container_has_link(k->c))
                problem = format("needs a network of the container's own: give %s and %s", shown_key(k, "HOST_ADDRESS"),
                                 shown_key(k, "LOCAL_ADDRESS"));
        else if (end->local_v4.address.family == AF_UNSPEC && end->local_v6.address.family == AF_UNSPEC)
                problem =
                        format("needs %s, or an IPv6 one, to which ports are forwarded", shown_key(k, "LOCAL_ADDRESS"));
        else
                return;
        problem_add(k, "HOST_PORT", problem ?: "needs an address");
}

static void check_ends(struct check *k, const char *key, const struct end *end) {
        if ((end->host_v4.address.family != AF_UNSPEC &&
             address_equal(&end->host_v4.address, &end->local_v4.address)) ||
            (end->host_v6.address.family != AF_UNSPEC && address_equal(&end->host_v6.address, &end->local_v6.address)))
                problem_add(k, key, "the host and the container would have the same address");
}

/* What systemd-nspawn, or another container, calls its links. */
static bool is_taken_name(const struct container *c, const char *link) {
        static const char *const taken[] = {"lo", "eth0", "host0"};
        char own[IFNAMSIZ];

        for (size_t i = 0; i < ELEMENTS_OF(taken); i++)
                if (strcmp(link, taken[i]) == 0)
                        return true;
        link_name(LINK_VE, c->name, own);
        if (strcmp(link, own) == 0)
                return true;
        link_name(LINK_VB, c->name, own);
        return strcmp(link, own) == 0;
}

static bool same_address(const struct prefix *a, const struct prefix *b) {
        return a->address.family != AF_UNSPEC && address_equal(&a->address, &b->address);
}

/* Whether the container at that end has the address, or, `either`, its host: on a bridge, that is the router's, which
 * may be a container. */
static bool end_has(const struct end *end, const struct prefix *p, bool either) {
        return same_address(p, &end->local_v4) || same_address(p, &end->local_v6) ||
               (either && !end->bridge && (same_address(p, &end->host_v4) || same_address(p, &end->host_v6)));
}

/* What one has inside is at neither end of the other one. */
static bool ends_clash(const struct end *a, const struct end *b) {
        return !a->bridge && !b->bridge &&
               (end_has(b, &a->local_v4, true) || end_has(b, &a->local_v6, true) || end_has(a, &b->local_v4, true) ||
                end_has(a, &b->local_v6, true));
}

static void check_extra_veths(struct check *k) {
        for (size_t i = 0; i < k->c->n_extra_veths; i++) {
                const struct extra_veth *v = &k->c->extra_veths[i];

                bool twice = ends_clash(&v->end, &k->c->end);

                check_ends(k, "EXTRA_VETHS", &v->end);
                for (size_t n = 0; n < i && !twice; n++)
                        twice = ends_clash(&v->end, &k->c->extra_veths[n].end);
                if (twice)
                        problem_add(k, "EXTRA_VETHS", "an address of the container's is that of another of its links");
                if (is_taken_name(k->c, v->name))
                        problem_add(k, "EXTRA_VETHS",
                                    "one of the names is that of another link of the container or host");
        }
}

int conf_to_container(const struct conf *conf, const char *name, const char *shown, struct container *ret,
                      struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(error_clear) struct error problems = ERROR_INIT;
        struct check k = {.conf = conf, .shown = shown, .c = &c, .problems = &problems};
        const char *problem = container_name_problem(name);

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "container name '%s': %s", name, problem);
        c.kind = CONTAINER_NIXOS;
        c.user_namespacing = c.auto_start = false;
        c.timeout_start_usec = UINT64_C(60000000);
        c.name = strdup(name);
        k.memory = !c.name;
        if (c.name) {
                read_keys(&k);
                choose_mode(&k);
                check_namespace(&k);
                check_forwards(&k);
                check_ends(&k, "LOCAL_ADDRESS", &c.end);
                check_extra_veths(&k);
        }
        if (!k.memory && problems.code >= 0)
                (void) shape_check_inside(&c, shown, &problems);
        if (k.memory)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read %s", *shown ? shown : name);
        if (problems.code < 0) {
                int r = problems.code;

                error_move(e, &problems);
                return r;
        }
        *ret = c;
        c = CONTAINER_INIT;
        return 0;
}

static bool append_address(struct prefix **list, size_t *n, const struct prefix *p) {
        struct prefix *grown;

        if (p->address.family == AF_UNSPEC)
                return true;
        grown = reallocarray(*list, *n + 1, sizeof *grown);
        if (!grown)
                return false;
        *list = grown;
        grown[(*n)++] = *p;
        return true;
}

static bool append_end(struct prefix **list, size_t *n, const struct end *end) {
        return append_address(list, n, &end->host_v4) && append_address(list, n, &end->host_v6) &&
               append_address(list, n, &end->local_v4) && append_address(list, n, &end->local_v6);
}

/* Into a container that is otherwise empty. */
static int read_addresses(const struct conf *conf, struct container *c) {
        static const char *const keys[] = {"HOST_ADDRESS",   "HOST_ADDRESS6", "LOCAL_ADDRESS",
                                           "LOCAL_ADDRESS6", "EXTRA_VETHS",   "HOST_BRIDGE"};
        const char *problem;

        for (size_t i = 0; i < ELEMENTS_OF(keys); i++) {
                const char *value = conf_get(conf, keys[i]);

                if (value && conf_read_key(c, keys[i], value, &problem) == -ENOMEM)
                        return -ENOMEM;
        }
        return 0;
}

int conf_addresses(const struct conf *conf, struct prefix **ret, size_t *ret_n) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) struct prefix *list = NULL;
        size_t n = 0;

        if (read_addresses(conf, &c) < 0 || !append_end(&list, &n, &c.end))
                return -ENOMEM;
        for (size_t i = 0; i < c.n_extra_veths; i++)
                if (!append_end(&list, &n, &c.extra_veths[i].end))
                        return -ENOMEM;
        *ret = steal_ptr(list);
        *ret_n = n;
        return 0;
}

/* Whether any end of the other one's has it. */
static bool container_has(const struct container *other, const struct prefix *p, bool either) {
        bool has = end_has(&other->end, p, either);

        for (size_t i = 0; i < other->n_extra_veths && !has; i++)
                has = end_has(&other->extra_veths[i].end, p, either);
        return has;
}

const char *container_address_clash(const struct container *c, const struct container *other) {
        const struct {
                const char *key;
                const struct prefix *address;
                bool local;
        } own[] = {
                {"LOCAL_ADDRESS", &c->end.local_v4, true},
                {"LOCAL_ADDRESS6", &c->end.local_v6, true},
                {"HOST_ADDRESS", &c->end.host_v4, false},
                {"HOST_ADDRESS6", &c->end.host_v6, false},
        };

        for (size_t k = 0; k < ELEMENTS_OF(own); k++)
                if ((own[k].local || !c->end.bridge) && container_has(other, own[k].address, own[k].local))
                        return own[k].key;
        for (size_t i = 0; i < c->n_extra_veths; i++)
                if (!c->extra_veths[i].end.bridge && (container_has(other, &c->extra_veths[i].end.local_v4, true) ||
                                                      container_has(other, &c->extra_veths[i].end.local_v6, true)))
                        return "EXTRA_VETHS";
        return NULL;
}

int conf_address_clash(const struct conf *conf, const struct container *c, const char **ret_key) {
        _cleanup_(container_clear) struct container other = CONTAINER_INIT;

        if (read_addresses(conf, &other) < 0)
                return -ENOMEM;
        *ret_key = container_address_clash(c, &other);
        return *ret_key ? 1 : 0;
}

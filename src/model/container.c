/* What containers own, and when two forwards are in each other's way. */
#include "container.h"

#include "base/file.h"
#include "base/paths.h"

#include <string.h>

const char *protocol_name(enum protocol p) {
        return p == PROTOCOL_UDP ? "udp" : "tcp";
}

uint8_t protocol_number(enum protocol p) {
        return p == PROTOCOL_UDP ? IPPROTO_UDP : IPPROTO_TCP;
}

const char *container_kind_name(enum container_kind k) {
        return k == CONTAINER_NIXOS ? "nixos-container" : "nixos-nspawn";
}

static void list_free(char **list) {
        for (char **p = list; p && *p; p++)
                free(*p);
        free(list);
}

void end_clear(struct end *end) {
        free(end->bridge);
        *end = (struct end){0};
}

static void hand_free(struct hand *h) {
        if (!h)
                return;
        free(h->path);
        list_free(h->parameters);
        free(h);
}

void container_clear(struct container *c) {
        free(c->name);
        free(c->root);
        free(c->attached_to);
        free(c->forwards);
        list_free(c->bind_mounts);
        link_settings_clear(&c->host_settings);
        link_settings_clear(&c->container_settings);
        end_clear(&c->end);
        for (size_t i = 0; i < c->n_extra_veths; i++) {
                free(c->extra_veths[i].name);
                free(c->extra_veths[i].inside);
                end_clear(&c->extra_veths[i].end);
        }
        free(c->extra_veths);
        list_free(c->interfaces);
        list_free(c->macvlans);
        list_free(c->ipvlans);
        list_free(c->exec);
        list_free(c->files);
        hand_free(c->hand);
        free(c->network_namespace);
        list_free(c->extra_flags);
        list_free(c->allowed_devices);
        free(c->private_users);
        free(c->system_path);
        *c = CONTAINER_INIT;
}

char *container_root(const struct container *c) {
        return c->root ? strdup(c->root) : format(PATH_MACHINES "/%s", c->name);
}

bool container_has_link(const struct container *c) {
        return c->mode != NETWORK_NONE && c->mode != NETWORK_HOST;
}

bool container_is_attached(const struct container *c) {
        return container_has_link(c) || c->n_extra_veths > 0;
}

/* Every address of its family, or (AF_UNSPEC) of both. */
static bool is_any(const struct address *a) {
        static const uint8_t zero[16];

        return memcmp(a->bytes, zero, address_size(a)) == 0;
}

static bool binds_meet(const struct address *a, const struct address *b) {
        if (a->family == AF_UNSPEC || b->family == AF_UNSPEC)
                return true;
        if (a->family != b->family)
                return false;
        return is_any(a) || is_any(b) || address_equal(a, b);
}

bool forward_conflicts(const struct forward *a, const struct forward *b) {
        return a->protocol == b->protocol && a->host_port < (unsigned) b->host_port + b->count &&
               b->host_port < (unsigned) a->host_port + a->count && binds_meet(&a->bind, &b->bind);
}

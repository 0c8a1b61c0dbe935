/* Who is behind a link: the one container, or the members of a zone, which are told apart by what the firewall does not
 * let them forge. */
#include "netd/responder.h"

#include <errno.h>
#include <string.h>

static size_t member_position(const struct responder_link *l, const struct mac *mac) {
        size_t low = 0, high = l->n_members;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (memcmp(l->members[middle].mac.bytes, mac->bytes, sizeof(mac->bytes)) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static struct responder_member *member_find(const struct responder_link *l, const struct mac *mac) {
        size_t i = member_position(l, mac);

        return i < l->n_members && mac_equal(&l->members[i].mac, mac) ? &l->members[i] : NULL;
}

bool responder_client_by_mac(struct responder_link *l, const struct mac *mac, struct responder_client *ret) {
        struct responder_member *m;

        if (!l->zone) {
                *ret = (struct responder_client){.mac = l->client_mac,
                                                 .v4 = l->client_v4,
                                                 .v6 = l->client_v6,
                                                 .name = l->name,
                                                 .allowance = &l->allowance};
                return true;
        }
        m = member_find(l, mac);
        if (!m)
                return false;
        *ret = (struct responder_client){
                .mac = m->mac, .v4 = m->v4, .v6 = m->v6, .name = m->name, .allowance = &m->allowance};
        return true;
}

bool responder_client_by_link_local(struct responder_link *l, const struct in6_addr *a, struct responder_client *ret) {
        const struct mac mac = link_local_mac(a);
        const struct address source = address_v6(a);

        if (l->zone && !address_is_made_from(&source, &mac))
                return false;
        return responder_client_by_mac(l, &mac, ret);
}

static void member_fill(struct responder_member *m, const struct network *n) {
        m->mac = n->container_mac;
        m->v4 = v4_of(&n->container_v4);
        m->v6 = v6_of(&n->container_v6);
}

int responders_put_member(struct responders *r, int ifindex, const struct network *member) {
        struct responder_link *l = responder_link_find(r, ifindex);
        struct responder_member *members, new = {0};
        size_t at;

        if (!l || !l->zone)
                return -ENOENT;
        members = member_find(l, &member->container_mac);
        if (members) {
                member_fill(members, member);
                return 0;
        }
        members = reallocarray(l->members, l->n_members + 1, sizeof(*members));
        if (!members)
                return -ENOMEM;
        l->members = members;
        new.name = strdup(member->name);
        if (!new.name)
                return -ENOMEM;
        member_fill(&new, member);
        allowance_init(&new.allowance);
        at = member_position(l, &new.mac);
        memmove(members + at + 1, members + at, (l->n_members - at) * sizeof(*members));
        members[at] = new;
        l->n_members++;
        return 0;
}

void responders_remove_member(struct responders *r, int ifindex, const char *name) {
        struct responder_link *l = responder_link_find(r, ifindex);

        for (size_t i = 0; l && i < l->n_members; i++)
                if (strcmp(l->members[i].name, name) == 0) {
                        free(l->members[i].name);
                        l->n_members--;
                        memmove(l->members + i, l->members + i + 1, (l->n_members - i) * sizeof(*l->members));
                        return;
                }
}

void responder_members_free(struct responder_link *l) {
        for (size_t i = 0; i < l->n_members; i++)
                free(l->members[i].name);
        free(l->members);
        l->members = NULL;
        l->n_members = 0;
}

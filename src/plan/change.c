/* From one network to another: what differs between two plans. */
#include "plan/append.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>

/* An index of a plan by what tells most operations apart, so that ten thousand forwards, or the guards of a thousand
 * members, are compared with as many others in a moment. */
struct index_entry {
        uint32_t hash;
        const struct operation *operation;
};

static uint32_t hash_bytes(uint32_t h, const void *data, size_t size) {
        const uint8_t *bytes = data;
        for (size_t i = 0; i < size; i++)
                h = h * 31 + bytes[i];
        return h;
}

static uint32_t operation_hash(const struct operation *o) {
        uint32_t h = (uint32_t) o->kind;
        if (!operation_is_element(o))
                return hash_bytes(h, o->link, strlen(o->link));
        h = ((h * 31 + (uint32_t) o->element.set) * 31 + o->element.protocol) * 65599 + o->element.port;
        unsigned int fields = element_fields(o->element.set);
        if (fields & ELEMENT_LINK)
                h = hash_bytes(h, o->element.link, strlen(o->element.link));
        if (fields & ELEMENT_MAC)
                h = hash_bytes(h, o->element.mac.bytes, sizeof(o->element.mac.bytes));
        if (fields & ELEMENT_PREFIX)
                h = hash_bytes(h, o->element.prefix.address.bytes, address_size(&o->element.prefix.address));
        return h;
}

static int entry_compare(const void *a, const void *b) {
        const struct index_entry *x = a, *y = b;
        return (x->hash > y->hash) - (x->hash < y->hash);
}

static int index_make(const struct plan *p, struct index_entry **ret) {
        struct index_entry *entries = calloc(p->n + 1, sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        for (size_t i = 0; i < p->n; i++)
                entries[i] = (struct index_entry){operation_hash(&p->operations[i]), &p->operations[i]};
        qsort(entries, p->n, sizeof(*entries), entry_compare);
        *ret = entries;
        return 0;
}

static bool index_has(const struct index_entry *entries, size_t n, const struct operation *o) {
        uint32_t hash = operation_hash(o);
        size_t low = 0, high = n;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (entries[middle].hash < hash)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (; low < n && entries[low].hash == hash; low++)
                if (operation_equal(entries[low].operation, o))
                        return true;
        return false;
}

/* Those of p that other does not have. */
static int plan_difference(const struct plan *p, const struct plan *other, struct plan *ret) {
        _cleanup_(freep) struct index_entry *entries = NULL;
        int r = index_make(other, &entries);
        for (size_t i = 0; i < p->n && r == 0; i++)
                if (!index_has(entries, other->n, &p->operations[i]))
                        r = plan_append(ret, &p->operations[i]);
        return r;
}

/* What goes, taken back in reverse; what comes, in order. */
static int plan_step(const struct plan *from, const struct plan *to, bool going, struct plan *ret) {
        _cleanup_(plan_clear) struct plan p = PLAN_INIT;
        if (!going)
                return plan_difference(to, from, ret);
        int r = plan_difference(from, to, &p);
        return r == 0 ? plan_append_inverted(&p, ret) : r;
}

/* The link is there already: "as the kernel made it" is a number. */
static void name_mtu(struct plan *p) {
        for (size_t i = 0; i < p->n; i++)
                if (p->operations[i].kind == OPERATION_LINK_CONFIGURE && p->operations[i].configure.mtu == 0)
                        p->operations[i].configure.mtu = ETH_DATA_LEN;
}

void plan_parts_clear(struct plan_parts *p) {
        plan_clear(&p->admit);
        plan_clear(&p->link);
        plan_clear(&p->guest);
}

int plan_append_change(const struct plan_parts *from, const struct plan_parts *to, struct plan *ret) {
        int r;
        /* Elements that go and elements that come stand side by side: one transaction, so a port is never without its
         * forward and a link never without its guard. What the guest may use is guarded before it is there. */
        if ((r = plan_step(&from->guest, &to->guest, true, ret)) < 0 ||
            (r = plan_step(&from->link, &to->link, true, ret)) < 0 ||
            (r = plan_step(&from->admit, &to->admit, true, ret)) < 0 ||
            (r = plan_step(&from->admit, &to->admit, false, ret)) < 0 ||
            (r = plan_step(&from->link, &to->link, false, ret)) < 0 ||
            (r = plan_step(&from->guest, &to->guest, false, ret)) < 0)
                return r;
        name_mtu(ret);
        return 0;
}

static int parts_make(const struct network *n, const char *guest_link, struct plan_parts *ret) {
        int r = plan_admit(n, &ret->admit);
        if (r == 0)
                r = plan_link_configured(n, &ret->link);
        return r == 0 ? plan_guest(n, guest_link, &ret->guest) : r;
}

int plan_change(const struct network *from, const struct network *to, struct plan *ret) {
        _cleanup_(plan_parts_clear) struct plan_parts old = {0}, new = {0};
        int r;
        if ((r = parts_make(from, to->guest_link, &old)) < 0 || (r = parts_make(to, to->guest_link, &new)) < 0)
                return r;
        return plan_append_change(&old, &new, ret);
}

int plan_guest_change(const struct network *from, const struct network *to, const char *link, struct plan *ret) {
        _cleanup_(plan_parts_clear) struct plan_parts old = {0}, new = {0};
        int r;
        if ((r = plan_guest(from, link, &old.guest)) < 0 || (r = plan_guest(to, link, &new.guest)) < 0)
                return r;
        return plan_append_change(&old, &new, ret);
}

/* What the DNS responder knows itself: containers, this host, reverse names of our addresses.
 *
 * Only what the daemon assigned is said; nothing is learnt from guests. What is ours is never asked of others, and
 * neither is a name of one label, which means something inside one network only. */
#include "netd/responder.h"

#include <errno.h>
#include <string.h>

#define NAME_TTL     30 /* seconds; a container keeps its addresses */
#define NEGATIVE_TTL 5  /* a container may be created any time */

enum outcome {
        KNOWN,
        UNKNOWN, /* NXDOMAIN */
        ELSEWHERE,
};

/* What is known about the name of a query. */
struct finding {
        struct address addresses[RESPONDER_ADDRESSES_MAX];
        int n;
        bool has_pointer;
        struct dns_name pointer;
        unsigned zone_labels; /* of the name, counted from its end; 0: there is no zone to name in a negative answer */
        bool apex;            /* the name is the zone's own */
};

static enum outcome find_host(const struct responder_link *l, struct finding *f) {
        if (link_has_v4(l))
                f->addresses[f->n++] = address_v4(l->host_v4);
        if (link_has_v6(l))
                f->addresses[f->n++] = address_v6(&l->host_v6);
        return KNOWN;
}

static enum outcome find_loopback(struct finding *f) {
        f->addresses[f->n++] = address_v4((struct in_addr){htonl(INADDR_LOOPBACK)});
        f->addresses[f->n++] = address_v6(&in6addr_loopback);
        return KNOWN;
}

/* The leftmost label is a container or the host. */
static enum outcome find_label(const struct responders *r, const struct responder_link *l, const struct dns_query *q,
                               struct finding *f) {
        char label[DNS_LABEL_MAX + 1];
        int n;

        if (dns_name_label(&q->name, 0, label) < 0)
                return UNKNOWN;
        if (strcmp(label, "host") == 0)
                return find_host(l, f);
        n = r->names.lookup(r->names.userdata, label, f->addresses);
        if (n < 0)
                return UNKNOWN;
        f->n = n > RESPONDER_ADDRESSES_MAX ? RESPONDER_ADDRESSES_MAX : n;
        return KNOWN;
}

/* Types that a validator asks of a top-level domain, never a program of a host. */
static bool asks_for_delegation(uint16_t type) {
        return type == DNS_TYPE_DS || type == DNS_TYPE_DNSKEY || type == DNS_TYPE_NS || type == DNS_TYPE_SOA;
}

static enum outcome find_name(const struct responders *r, const struct responder_link *l, const struct dns_query *q,
                              struct finding *f) {
        enum outcome outcome;
        struct dns_name zone;

        if (q->name.labels == 0)
                return ELSEWHERE;
        if (dns_name_parse("localhost", &zone) >= 0 && dns_name_within(&q->name, &zone)) {
                f->zone_labels = 1;
                return find_loopback(f); /* RFC 6761 6.3 */
        }
        if (dns_name_within(&q->name, &r->domain_name)) {
                f->zone_labels = r->domain_name.labels;
                f->apex = q->name.labels == f->zone_labels;
                if (f->apex)
                        return KNOWN;
                return q->name.labels == f->zone_labels + 1 ? find_label(r, l, q, f) : UNKNOWN;
        }
        if (q->name.labels > 1)
                return ELSEWHERE;
        outcome = find_label(r, l, q, f);
        if (outcome == KNOWN)
                f->zone_labels = 1;
        else if (asks_for_delegation(q->type))
                return ELSEWHERE;
        return outcome;
}

static void set_pointer(const struct responders *r, struct finding *f, const char *name) {
        char text[CONTAINER_NAME_MAX + 1 + sizeof(r->domain)];

        (void) snprintf(text, sizeof(text), "%s.%s", name, r->domain);
        f->has_pointer = dns_name_parse(text, &f->pointer) >= 0;
}

/* The name that an address has by this link or by the daemon. */
static bool find_owner(const struct responders *r, const struct responder_link *l, const struct address *a,
                       struct finding *f) {
        struct address host_v4 = address_v4(l->host_v4), host_v6 = address_v6(&l->host_v6),
                       client_v4 = address_v4(l->client_v4), client_v6 = address_v6(&l->client_v6);
        char name[CONTAINER_NAME_MAX + 1] = "";

        if ((link_has_v4(l) && address_equal(a, &host_v4)) || (link_has_v6(l) && address_equal(a, &host_v6)))
                set_pointer(r, f, "host");
        else if (!l->zone &&
                 ((link_has_v4(l) && address_equal(a, &client_v4)) || (link_has_v6(l) && address_equal(a, &client_v6))))
                set_pointer(r, f, l->name);
        else if (r->names.reverse(r->names.userdata, a, name) >= 0)
                set_pointer(r, f, name);
        return f->has_pointer;
}

static enum outcome find_reverse(const struct responders *r, const struct responder_link *l, const struct prefix *p,
                                 struct finding *f) {
        bool whole = p->length == address_bits(&p->address);

        for (size_t i = 0; i < r->n_owned; i++)
                if (r->owned[i].length <= p->length && prefix_contains(&r->owned[i], &p->address))
                        f->zone_labels = dns_reverse_labels(&r->owned[i]);
        if (whole && find_owner(r, l, &p->address, f)) {
                if (f->zone_labels == 0)
                        f->zone_labels = dns_reverse_labels(p);
                return KNOWN;
        }
        if (f->zone_labels == 0)
                return ELSEWHERE;
        f->apex = f->zone_labels == dns_reverse_labels(p);
        return whole ? UNKNOWN : KNOWN;
}

/* Adds the addresses of one family that mean something to the asker. */
static unsigned answer_addresses(struct dns_answer *a, const struct finding *f, int family) {
        unsigned n = 0;

        for (int i = 0; i < f->n; i++)
                if (f->addresses[i].family == family && !address_is_link_local(&f->addresses[i])) {
                        dns_answer_address(a, &f->addresses[i], NAME_TTL);
                        n++;
                }
        return n;
}

static unsigned answer_records(struct dns_answer *a, const struct finding *f, uint16_t type) {
        unsigned n = 0;

        switch (type) {
        case DNS_TYPE_A:
                return answer_addresses(a, f, AF_INET);
        case DNS_TYPE_AAAA:
                return answer_addresses(a, f, AF_INET6);
        case DNS_TYPE_ANY: /* one set of records is enough (RFC 8482) */
                n = answer_addresses(a, f, AF_INET);
                if (n == 0)
                        n = answer_addresses(a, f, AF_INET6);
                if (n > 0 || !f->has_pointer)
                        break;
                dns_answer_pointer(a, &f->pointer, NAME_TTL);
                return 1;
        case DNS_TYPE_PTR:
                if (!f->has_pointer)
                        break;
                dns_answer_pointer(a, &f->pointer, NAME_TTL);
                return 1;
        default:
                break;
        }
        return n;
}

int dns_local_answer(const struct responders *r, const struct responder_link *l, const struct dns_query *q,
                     uint8_t *data, size_t capacity, size_t *ret_size) {
        struct finding f = {0};
        enum outcome outcome;
        struct dns_answer a;
        struct prefix p;
        unsigned n = 0;

        outcome = dns_name_to_prefix(&q->name, &p) >= 0 ? find_reverse(r, l, &p, &f) : find_name(r, l, q, &f);
        /* Where there is no way out, questions do not find one, either. */
        if (outcome == ELSEWHERE && l->internal) {
                outcome = UNKNOWN;
                f = (struct finding){0};
        }
        if (outcome == ELSEWHERE)
                return 0;

        dns_answer_begin(&a, data, capacity, q, outcome == KNOWN ? DNS_NOERROR : DNS_NXDOMAIN, DNS_FLAG_AA);
        if (outcome == KNOWN)
                n = answer_records(&a, &f, q->type);
        if (f.apex && q->type == DNS_TYPE_SOA)
                dns_answer_soa(&a, DNS_ANSWER, f.zone_labels, NEGATIVE_TTL);
        else if (n == 0 && f.zone_labels > 0)
                dns_answer_soa(&a, DNS_AUTHORITY, f.zone_labels, NEGATIVE_TTL);
        *ret_size = dns_answer_end(&a);
        return 1;
}

/* DNS messages: what is read here comes from guests and from the network. */
#include "proto/dns-message.h"

#include <errno.h>

#define OPT_SIZE       11 /* root, type, size, ttl, length; we send no options */
#define OPT_FLAG_DO    (1 << 15)
#define TYPE_META_MIN  249 /* TKEY, TSIG, IXFR, AXFR, MAILB, MAILA: not for a resolver */
#define POINTER_TO(at) ((uint16_t) (0xc000 | (at)))

/* Skips one record; the OPT record's class and TTL come back. */
static int record_read(const uint8_t *data, size_t size, size_t *offset, struct dns_name *ret_owner, uint16_t *ret_type,
                       uint16_t *ret_class, uint32_t *ret_ttl) {
        struct reader r;
        const uint8_t *content;
        uint16_t length;

        if (dns_name_read(data, size, offset, ret_owner) < 0)
                return -EBADMSG;
        r = (struct reader){data + *offset, size - *offset};
        if (!reader_u16(&r, ret_type) || !reader_u16(&r, ret_class) || !reader_u32(&r, ret_ttl) ||
            !reader_u16(&r, &length) || !reader_take(&r, length, &content))
                return -EBADMSG;
        *offset = size - r.size;
        return 0;
}

static int query_read_edns(struct dns_query *q, const uint8_t *data, size_t size, size_t offset, unsigned records) {
        bool bad_version = false;

        for (unsigned i = 0; i < records; i++) {
                uint16_t type, class;
                struct dns_name owner;
                uint32_t ttl;

                if (record_read(data, size, &offset, &owner, &type, &class, &ttl) < 0)
                        return DNS_FORMERR;
                if (type != DNS_TYPE_OPT)
                        continue;
                if (q->edns || owner.labels > 0)
                        return DNS_FORMERR;
                q->edns = true;
                q->dnssec_ok = ttl & OPT_FLAG_DO;
                q->udp_size = class > DNS_UDP_SIZE ? class : DNS_UDP_SIZE;
                bad_version = (ttl >> 16 & 0xff) != 0;
        }
        if (offset != size)
                return DNS_FORMERR;
        return bad_version ? DNS_BADVERS : DNS_NOERROR;
}

int dns_query_parse(const uint8_t *data, size_t size, struct dns_query *ret) {
        struct reader r = {data, size};
        uint16_t questions, answers, authorities, additionals;
        size_t offset = DNS_HEADER_SIZE;

        *ret = (struct dns_query){.udp_size = DNS_UDP_SIZE};
        if (!reader_u16(&r, &ret->id) || !reader_u16(&r, &ret->flags) || !reader_u16(&r, &questions) ||
            !reader_u16(&r, &answers) || !reader_u16(&r, &authorities) || !reader_u16(&r, &additionals))
                return -EBADMSG;
        if (ret->flags & DNS_FLAG_QR)
                return -EBADMSG;
        if (ret->flags & DNS_FLAG_OPCODE)
                return DNS_NOTIMP;
        if (questions != 1 || answers != 0 || (ret->flags & DNS_FLAG_TC))
                return DNS_FORMERR;

        /* There is nothing before the question that it could point to. */
        if (dns_name_read(data, size, &offset, &ret->name) < 0 || offset != DNS_HEADER_SIZE + (size_t) ret->name.size)
                return DNS_FORMERR;
        r = (struct reader){data + offset, size - offset};
        if (!reader_u16(&r, &ret->type) || !reader_u16(&r, &ret->class))
                return DNS_FORMERR;
        offset += 4;
        ret->has_question = true;
        if (ret->class != DNS_CLASS_IN || ret->type == 0 || ret->type == DNS_TYPE_OPT ||
            (ret->type >= TYPE_META_MIN && ret->type < DNS_TYPE_ANY))
                return DNS_REFUSED;
        if (authorities != 0)
                return DNS_FORMERR;
        return query_read_edns(ret, data, size, offset, additionals);
}

int dns_stream_next(const uint8_t *data, size_t size, size_t max, size_t *ret_size) {
        struct reader r = {data, size};
        uint16_t length;

        if (!reader_u16(&r, &length))
                return 0;
        if (length < DNS_HEADER_SIZE || length > max)
                return -EBADMSG;
        *ret_size = length;
        return r.size >= length;
}

size_t dns_query_limit(const struct dns_query *q, bool own) {
        if (!q->edns)
                return DNS_UDP_SIZE;
        return own && q->udp_size > DNS_UDP_SIZE_EDNS ? DNS_UDP_SIZE_EDNS : q->udp_size;
}

void dns_answer_begin(struct dns_answer *a, uint8_t *data, size_t capacity, const struct dns_query *q,
                      enum dns_rcode rcode, uint16_t flags) {
        *a = (struct dns_answer){
                .writer = {.data = data, .capacity = capacity - (q->edns ? OPT_SIZE : 0)},
                .query = q,
                .rcode = rcode,
        };
        flags |= (uint16_t) (DNS_FLAG_QR | DNS_FLAG_RA | (rcode & DNS_FLAG_RCODE));
        flags |= (uint16_t) (q->flags & (DNS_FLAG_OPCODE | DNS_FLAG_RD | DNS_FLAG_CD));
        writer_u16(&a->writer, q->id);
        writer_u16(&a->writer, flags);
        writer_u16(&a->writer, q->has_question);
        writer_zero(&a->writer, 6);
        if (q->has_question) {
                writer_bytes(&a->writer, q->name.wire, q->name.size);
                writer_u16(&a->writer, q->type);
                writer_u16(&a->writer, q->class);
        }
        a->records_at = a->writer.size;
}

static void answer_record(struct dns_answer *a, enum dns_section section, size_t owner_at, enum dns_type type,
                          uint32_t ttl, size_t length) {
        writer_u16(&a->writer, POINTER_TO(DNS_HEADER_SIZE + owner_at));
        writer_u16(&a->writer, (uint16_t) type);
        writer_u16(&a->writer, DNS_CLASS_IN);
        writer_u32(&a->writer, ttl);
        writer_u16(&a->writer, (uint16_t) length);
        a->counts[section]++;
}

void dns_answer_address(struct dns_answer *a, const struct address *address, uint32_t ttl) {
        size_t size = address->family == AF_INET ? 4 : 16;

        answer_record(a, DNS_ANSWER, 0, address->family == AF_INET ? DNS_TYPE_A : DNS_TYPE_AAAA, ttl, size);
        writer_bytes(&a->writer, address->bytes, size);
}

void dns_answer_pointer(struct dns_answer *a, const struct dns_name *target, uint32_t ttl) {
        answer_record(a, DNS_ANSWER, 0, DNS_TYPE_PTR, ttl, target->size);
        writer_bytes(&a->writer, target->wire, target->size);
}

void dns_answer_soa(struct dns_answer *a, enum dns_section section, unsigned labels, uint32_t ttl) {
        static const uint8_t mailbox[] = "\006nobody\007invalid"; /* with its NUL: nobody reads mail for this zone */
        size_t at = dns_name_suffix_offset(&a->query->name, labels);

        answer_record(a, section, at, DNS_TYPE_SOA, ttl, 2 + sizeof(mailbox) + 20);
        writer_u16(&a->writer, POINTER_TO(DNS_HEADER_SIZE + at));
        writer_bytes(&a->writer, mailbox, sizeof(mailbox));
        writer_u32(&a->writer, 1);      /* serial: there are no secondaries */
        writer_u32(&a->writer, 3600);   /* refresh */
        writer_u32(&a->writer, 600);    /* retry */
        writer_u32(&a->writer, 604800); /* expire */
        writer_u32(&a->writer, ttl);    /* how long "no" may be remembered */
}

size_t dns_answer_end(struct dns_answer *a) {
        struct writer *w = &a->writer;

        if (w->overflow) {
                w->overflow = false;
                w->size = a->records_at;
                a->counts[DNS_ANSWER] = a->counts[DNS_AUTHORITY] = 0;
                w->data[2] |= DNS_FLAG_TC >> 8;
        }
        writer_patch_u16(w, 6, a->counts[DNS_ANSWER]);
        writer_patch_u16(w, 8, a->counts[DNS_AUTHORITY]);
        if (a->query->edns) {
                w->capacity += OPT_SIZE;
                writer_patch_u16(w, 10, 1);
                writer_u8(w, 0);
                writer_u16(w, DNS_TYPE_OPT);
                writer_u16(w, DNS_UDP_SIZE_EDNS);
                writer_u8(w, (uint8_t) (a->rcode >> 4));
                writer_u8(w, 0);
                writer_u16(w, a->query->dnssec_ok ? OPT_FLAG_DO : 0);
                writer_u16(w, 0);
        }
        return w->size;
}

int dns_response_check(uint8_t *data, size_t size, const struct dns_query *q, uint16_t id, bool *ret_bare) {
        struct reader r = {data, size};
        uint16_t id_seen, flags, questions, type, class;
        size_t offset = DNS_HEADER_SIZE;
        struct dns_name name;
        const uint8_t *rest;

        if (!reader_u16(&r, &id_seen) || !reader_u16(&r, &flags) || !reader_u16(&r, &questions) ||
            !reader_take(&r, 6, &rest))
                return -EBADMSG;
        if (id_seen != id || !(flags & DNS_FLAG_QR) || (flags & DNS_FLAG_OPCODE))
                return -EBADMSG;

        *ret_bare = questions == 0;
        if (*ret_bare)
                return (flags & DNS_FLAG_RCODE) != DNS_NOERROR ? flags & DNS_FLAG_RCODE : -EBADMSG;
        if (questions != 1 || dns_name_read(data, size, &offset, &name) < 0 || !dns_name_equal(&name, &q->name) ||
            offset != DNS_HEADER_SIZE + (size_t) name.size)
                return -EBADMSG;
        r = (struct reader){data + offset, size - offset};
        if (!reader_u16(&r, &type) || !reader_u16(&r, &class) || type != q->type || class != q->class)
                return -EBADMSG;

        data[0] = (uint8_t) (q->id >> 8);
        data[1] = (uint8_t) q->id;
        memcpy(data + DNS_HEADER_SIZE, q->name.wire, q->name.size);
        return flags & DNS_FLAG_RCODE;
}

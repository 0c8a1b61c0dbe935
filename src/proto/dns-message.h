/* DNS messages as a small responder sees them (RFC 1035, 2308, 6891, 8482): queries of clients in, answers out, and
 * answers of other servers checked against the question. Pure. */
#pragma once

#include "proto/dns-name.h"
#include "proto/wire.h"

#define DNS_HEADER_SIZE   12
#define DNS_UDP_SIZE      512  /* without EDNS */
#define DNS_UDP_SIZE_EDNS 1232 /* what we say that we take, and the most that we send of our own */

enum dns_type {
        DNS_TYPE_A = 1,
        DNS_TYPE_NS = 2,
        DNS_TYPE_SOA = 6,
        DNS_TYPE_PTR = 12,
        DNS_TYPE_AAAA = 28,
        DNS_TYPE_OPT = 41,
        DNS_TYPE_DS = 43,
        DNS_TYPE_DNSKEY = 48,
        DNS_TYPE_ANY = 255,
};

#define DNS_CLASS_IN 1

enum dns_rcode {
        DNS_NOERROR = 0,
        DNS_FORMERR = 1,
        DNS_SERVFAIL = 2,
        DNS_NXDOMAIN = 3,
        DNS_NOTIMP = 4,
        DNS_REFUSED = 5,
        DNS_BADVERS = 16, /* needs EDNS */
};

enum dns_flag {
        DNS_FLAG_QR = 1 << 15,
        DNS_FLAG_OPCODE = 0xf << 11,
        DNS_FLAG_AA = 1 << 10,
        DNS_FLAG_TC = 1 << 9,
        DNS_FLAG_RD = 1 << 8,
        DNS_FLAG_RA = 1 << 7,
        DNS_FLAG_AD = 1 << 5,
        DNS_FLAG_CD = 1 << 4,
        DNS_FLAG_RCODE = 0xf,
};

struct dns_query {
        uint16_t id;
        uint16_t flags;
        bool has_question; /* name, type and class are set */
        struct dns_name name;
        uint16_t type, class;
        bool edns;
        bool dnssec_ok;
        uint16_t udp_size; /* what the client takes over UDP, at least DNS_UDP_SIZE */
};

/* Parses a client's query. 0: answer it. A positive enum dns_rcode: answer with that (has_question says how much was
 * understood). -EBADMSG: not a query at all, stay silent. */
int dns_query_parse(const uint8_t *data, size_t size, struct dns_query *ret);

/* The message at the front of what a stream has brought (RFC 1035 4.2.2). 1: it is complete, *ret_size bytes at data +
 * 2; 0: more has to come; -EBADMSG: none that is taken here (shorter than a header, longer than max). */
int dns_stream_next(const uint8_t *data, size_t size, size_t max, size_t *ret_size);

enum dns_section {
        DNS_ANSWER,
        DNS_AUTHORITY,
};

struct dns_answer {
        struct writer writer;
        const struct dns_query *query; /* borrowed */
        enum dns_rcode rcode;
        size_t records_at; /* where the records begin */
        uint16_t counts[2];
};

/* Starts an answer of at most `capacity` bytes (which the caller chose for the transport; at least DNS_UDP_SIZE).
 * flags: DNS_FLAG_AA, DNS_FLAG_TC or 0, besides those that follow from the query. */
void dns_answer_begin(struct dns_answer *a, uint8_t *data, size_t capacity, const struct dns_query *q,
                      enum dns_rcode rcode, uint16_t flags);
/* A or AAAA of the name that was asked. */
void dns_answer_address(struct dns_answer *a, const struct address *address, uint32_t ttl);
/* PTR of the name that was asked. */
void dns_answer_pointer(struct dns_answer *a, const struct dns_name *target, uint32_t ttl);
/* The SOA of the zone that the last `labels` labels of the question make; in DNS_AUTHORITY it makes the answer
 * one that says "no", for ttl seconds (RFC 2308). */
void dns_answer_soa(struct dns_answer *a, enum dns_section section, unsigned labels, uint32_t ttl);
/* Ends it; when the records did not fit, they are dropped and TC is set. Returns the size. */
size_t dns_answer_end(struct dns_answer *a);

/* The most bytes that an answer to q over UDP may have. own: of ours, not passed on. */
size_t dns_query_limit(const struct dns_query *q, bool own);

/* Checks that a server's message answers q under the id that it was sent with; its question is then overwritten with
 * the one of q, whose case the client wants back, and its id with q's. Returns the rcode (0..15) or -EBADMSG. An error
 * without question (some servers do) is accepted; *ret_bare tells. */
int dns_response_check(uint8_t *data, size_t size, const struct dns_query *q, uint16_t id, bool *ret_bare);

static inline uint16_t dns_message_flags(const uint8_t *data) {
        return (uint16_t) (data[2] << 8 | data[3]);
}

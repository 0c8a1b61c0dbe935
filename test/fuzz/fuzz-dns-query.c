/* A DNS query from a guest, every answer that may be made of it, and the names in it. */
#include "proto/dns-message.h"

#include <stdlib.h>

static void use_name(const struct dns_name *name) {
        char label[DNS_LABEL_MAX + 1];
        struct dns_name again;
        struct address a;
        struct prefix p;

        for (unsigned i = 0; i <= name->labels; i++)
                (void) dns_name_label(name, i, label);
        if (!dns_name_within(name, name) || !dns_name_equal(name, name))
                abort();
        if (dns_name_to_prefix(name, &p) < 0 || p.length != address_bits(&p.address))
                return;
        a = p.address;
        if (dns_name_from_address(&a, &again) < 0 || !dns_name_equal(name, &again))
                abort();
}

/* What we write must be what a client can read. */
static void check_answer(uint8_t *data, size_t size, const struct dns_query *q) {
        bool bare;

        if (q->has_question && dns_response_check(data, size, q, q->id, &bare) < 0 && !(q->flags & DNS_FLAG_OPCODE))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct address addresses[] = {{.family = AF_INET, .bytes = {10}}, {.family = AF_INET6, .bytes = {0xfd}}};
        uint8_t answer[DNS_UDP_SIZE_EDNS];
        struct dns_answer a;
        struct dns_query q;
        size_t n;
        int r;

        r = dns_query_parse(data, size, &q);
        if (r < 0)
                return 0;
        if (q.has_question)
                use_name(&q.name);
        dns_answer_begin(&a, answer, dns_query_limit(&q, true), &q, (enum dns_rcode) r, DNS_FLAG_AA);
        for (size_t i = 0; q.has_question && i < size % 64; i++)
                dns_answer_address(&a, &addresses[i % 2], 30);
        if (q.has_question) {
                dns_answer_pointer(&a, &q.name, 30);
                dns_answer_soa(&a, DNS_AUTHORITY, q.name.labels / 2, 5);
        }
        n = dns_answer_end(&a);
        if (n > dns_query_limit(&q, true))
                abort();
        check_answer(answer, n, &q);
        return 0;
}

/* The base rules: what should be there is read from base.nft itself, what is there is asked of the kernel object by
 * object, what is missing is loaded by libnftables in one transaction. */
#include "firewall/base.h"

#include "base/buffer.h"
#include "firewall/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

static bool begins(const char *line, const char *word) {
        return strncmp(line, word, strlen(word)) == 0;
}

static uint8_t family_of(const char *name) {
        static const struct {
                const char *name;
                uint8_t family;
        } families[] = {{"ip", NFPROTO_IPV4},
                        {"ip6", NFPROTO_IPV6},
                        {"inet", NFPROTO_INET},
                        {"arp", NFPROTO_ARP},
                        {"bridge", NFPROTO_BRIDGE}};
        for (size_t i = 0; i < ELEMENTS_OF(families); i++)
                if (strcmp(families[i].name, name) == 0)
                        return families[i].family;
        return NFPROTO_UNSPEC;
}

static int add_table(struct base *base, const char *line) {
        struct base_table *t = &base->tables[base->n_tables];
        if (base->n_tables == BASE_TABLES_MAX)
                return -E2BIG;
        *t = (struct base_table){.text = line};
        int brace = 0;
        if (sscanf(line, "table %7s %31s {%n", t->family_name, t->name, &brace) != 2 || brace == 0)
                return -EINVAL;
        t->family = family_of(t->family_name);
        t->ours = strcmp(t->name, BASE_OUR_TABLE) == 0;
        base->n_tables++;
        return 0;
}

static int add_object(struct base *base, const char *line) {
        struct base_object *o = &base->objects[base->n_objects];
        char kind[8];
        int brace = 0;
        if (base->n_objects == BASE_OBJECTS_MAX || base->n_tables == 0)
                return -E2BIG;
        *o = (struct base_object){.table = base->n_tables - 1, .text = line};
        if (sscanf(line, "\t%7s %31s {%n", kind, o->name, &brace) != 2 || brace == 0)
                return -EINVAL;
        o->is_chain = strcmp(kind, "chain") == 0;
        base->n_objects++;
        return 0;
}

/* A chain's use count is its rules and the jumps that lead to it. */
static void count_jumps(struct base *base) {
        for (unsigned int i = 0; i < base->n_objects; i++) {
                struct base_object *o = &base->objects[i];
                const struct base_table *t = &base->tables[o->table];
                char jump[48];
                int length = snprintf(jump, sizeof(jump), "jump %s\n", o->name);
                const char *p = t->text;
                while (o->is_chain && (p = memmem(p, (size_t) (t->text + t->size - p), jump, (size_t) length))) {
                        o->use++;
                        p += length;
                }
        }
}

int base_read(const char *text, struct base *ret) {
        bool in_object = false;
        *ret = (struct base){0};
        for (const char *line = text, *next; *line; line = next) {
                next = strchrnul(line, '\n');
                next += *next != '\0';
                int r = 0;
                if (begins(line, "table "))
                        r = add_table(ret, line);
                else if (begins(line, "\tset ") || begins(line, "\tmap ") || begins(line, "\tchain ")) {
                        r = add_object(ret, line);
                        in_object = true;
                } else if (begins(line, "}") && ret->n_tables > 0)
                        ret->tables[ret->n_tables - 1].size = (size_t) (next - ret->tables[ret->n_tables - 1].text);
                else if (begins(line, "\t}") && in_object) {
                        struct base_object *o = &ret->objects[ret->n_objects - 1];
                        o->size = (size_t) (next - o->text);
                        in_object = false;
                } else if (in_object && begins(line, "\t\t") && !begins(line, "\t\t#") && !begins(line, "\t\ttype ") &&
                           ret->objects[ret->n_objects - 1].is_chain)
                        ret->objects[ret->n_objects - 1].use++;
                if (r < 0)
                        return r;
        }
        count_jumps(ret);
        return 0;
}

static uint32_t ask(struct netlink_batch *b, uint16_t type, uint8_t family, const char *table, const char *name) {
        void *header;
        uint32_t i = netlink_begin(b, (uint16_t) (NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_ACK, sizeof(struct nfgenmsg),
                                   &header);
        *(struct nfgenmsg *) header = (struct nfgenmsg){.nfgen_family = family, .version = NFNETLINK_V0};
        /* NFTA_TABLE_NAME, NFTA_SET_TABLE and NFTA_CHAIN_TABLE are 1, NFTA_SET_NAME is 2, NFTA_CHAIN_NAME 3. */
        netlink_put_string(b, NFTA_TABLE_NAME, table);
        if (name)
                netlink_put_string(b, type == NFT_MSG_GETCHAIN ? NFTA_CHAIN_NAME : NFTA_SET_NAME, name);
        return i;
}

/* Message i asks for object i. */
static int seen(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        struct base *base = userdata;
        struct base_object *o = &base->objects[index];
        size_t skip = NLMSG_LENGTH(sizeof(struct nfgenmsg));
        const struct nlattr *table[NFTA_CHAIN_USE + 1];
        if (h->nlmsg_len < skip)
                return -EBADMSG;
        int r = netlink_parse((const uint8_t *) h + skip, h->nlmsg_len - skip, table, NFTA_CHAIN_USE);
        if (r == 0 && o->is_chain)
                o->seen_use = ntohl(netlink_attribute_u32(table[NFTA_CHAIN_USE], 0));
        return r;
}

/* Systemd's objects may hold more than ours; an empty chain is a flushed one. Ours are exactly as written. */
static bool object_missing(const struct base *base, const struct base_object *o, int result) {
        if (result < 0)
                return true;
        if (!o->is_chain)
                return false;
        return base->tables[o->table].ours ? o->seen_use != o->use : o->seen_use == 0;
}

static int base_compare(struct netlink *n, struct base *base, struct error *e) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        for (unsigned int i = 0; i < base->n_objects; i++) {
                const struct base_object *o = &base->objects[i];
                const struct base_table *t = &base->tables[o->table];
                ask(&b, o->is_chain ? NFT_MSG_GETCHAIN : NFT_MSG_GETSET, t->family, t->name, o->name);
        }
        uint32_t failed;
        int r = netlink_send(n, &b, seen, base, &failed);
        if (r < 0 && failed == UINT32_MAX)
                return error_errno(e, r, EXIT_FAILED, "Cannot ask the kernel for its nftables tables");
        for (unsigned int i = 0; i < base->n_objects; i++) {
                r = b.results[i].code;
                if (r < 0 && r != -ENOENT)
                        return error_errno(e, r, EXIT_FAILED, "Cannot look at '%s' in the nftables table '%s'",
                                           base->objects[i].name, base->tables[base->objects[i].table].name);
                base->objects[i].missing = object_missing(base, &base->objects[i], r);
                base->tables[base->objects[i].table].incomplete |= base->objects[i].missing;
        }
        return 0;
}

/* Our table whole, the elements of its sets kept; replace: not even those, for sets that have another shape. */
static void write_our_table(const struct base_table *t, bool replace, struct buffer *b) {
        buffer_append_format(b, "add table %s %s\n%s table %s %s\n", t->family_name, t->name,
                             replace ? "delete" : "flush", t->family_name, t->name);
        buffer_append(b, t->text, t->size);
}

static void write_missing(const struct base *base, unsigned int table, struct buffer *b) {
        const struct base_table *t = &base->tables[table];
        buffer_append_format(b, "table %s %s {\n", t->family_name, t->name);
        for (unsigned int i = 0; i < base->n_objects; i++)
                if (base->objects[i].table == table && base->objects[i].missing)
                        buffer_append(b, base->objects[i].text, base->objects[i].size);
        buffer_append_string(b, "}\n");
}

static int base_load(const struct base *base, bool replace, struct error *e) {
        _cleanup_(buffer_clear) struct buffer text = BUFFER_INIT;
        for (unsigned int i = 0; i < base->n_tables; i++) {
                if (!base->tables[i].incomplete)
                        continue;
                if (base->tables[i].ours)
                        write_our_table(&base->tables[i], replace, &text);
                else
                        write_missing(base, i, &text);
        }
        if (buffer_error(&text) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot write the firewall's base rules");
        return text.size > 0 ? ruleset_run(buffer_text(&text), NULL, "load the firewall's base rules", e) : 0;
}

int firewall_base_ensure(struct netlink *n, struct error *e) {
        struct base base;
        int r = base_read(firewall_base_text, &base);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot read the firewall's base rules");
        r = base_compare(n, &base, e);
        if (r < 0)
                return r;
        bool incomplete = false;
        for (unsigned int i = 0; i < base.n_tables; i++)
                incomplete |= base.tables[i].incomplete;
        if (!incomplete)
                return 0;
        _cleanup_(error_clear) struct error first = ERROR_INIT;
        if (base_load(&base, false, &first) < 0 && (r = base_load(&base, true, e)) < 0)
                return r;
        return 1;
}

static int count_element(const struct nlmsghdr *h, uint32_t index, void *userdata) {
        size_t skip = NLMSG_LENGTH(sizeof(struct nfgenmsg));
        const struct nlattr *table[NFTA_SET_ELEM_LIST_ELEMENTS + 1];
        if (h->nlmsg_len < skip)
                return -EBADMSG;
        int r = netlink_parse((const uint8_t *) h + skip, h->nlmsg_len - skip, table, NFTA_SET_ELEM_LIST_ELEMENTS);
        const struct nlattr *list = table[NFTA_SET_ELEM_LIST_ELEMENTS];
        if (r == 0 && list && netlink_attribute_size(list) > 0)
                *(bool *) userdata = true;
        return r;
}

/* Whether a table has elements in any of its sets. */
static int table_in_use(struct netlink *n, const struct base *base, unsigned int table, bool *ret) {
        *ret = false;
        for (unsigned int i = 0; i < base->n_objects && !*ret; i++) {
                const struct base_object *o = &base->objects[i];
                if (o->table != table || o->is_chain)
                        continue;
                _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
                ask(&b, NFT_MSG_GETSETELEM, base->tables[table].family, base->tables[table].name, o->name);
                int r = netlink_dump(n, &b, count_element, NULL, ret);
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        return 0;
}

static int table_remove(struct netlink *n, const struct base_table *t) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        firewall_begin(&b);
        ask(&b, NFT_MSG_DELTABLE, t->family, t->name, NULL);
        firewall_end(&b);
        int r = netlink_send(n, &b, NULL, NULL, NULL);
        return r == -ENOENT ? 0 : r;
}

int firewall_base_remove(struct netlink *n, struct error *e) {
        struct base base;
        int r = base_read(firewall_base_text, &base);
        for (unsigned int i = 0; i < base.n_tables && r == 0; i++) {
                bool used = false;
                if (!base.tables[i].ours)
                        r = table_in_use(n, &base, i, &used);
                if (r == 0 && !used)
                        r = table_remove(n, &base.tables[i]);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "Cannot remove the nftables table '%s %s'",
                                           base.tables[i].family_name, base.tables[i].name);
        }
        return r;
}

/* The file of allocations, written for people too:
 *
 *     {
 *       "version": 1,
 *       "ula": "fd12:3456:789a::/48",
 *       "containers": {
 *         "example": { "ipv4": "10.233.203.16/28", "ipv6": "fd12:3456:789a:2cb1::/64" },
 *         "foo": { "ipv4": "10.233.1.0/30" }
 *       },
 *       "zones": {
 *         "lan": { "ipv4": "10.233.7.0/24", "ipv6": "fd12:3456:789a:9::/64", "members": { "web": 2, "db": 3 } }
 *       }
 *     }
 *
 * It is the only place that knows who has which address, so anything strange in it is an error with file and line,
 * and a file that was not understood is never written over. */
#include "allocations-internal.h"

#include "base/buffer.h"
#include "base/file.h"
#include "model/names.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define FILE_MAX (64u << 20)
#define ADVICE   "; repair the file, or move it away to give every container new addresses"

/* The line on which the key stands. The parser does not keep it, so look for it in the text. */
static unsigned line_of(const char *text, const char *key) {
        _cleanup_(freep) char *quoted = format("\"%s\"", key);
        const char *found = quoted ? strstr(text, quoted) : NULL;
        unsigned line = 1;

        for (const char *p = text; found && p < found; p++)
                line += *p == '\n';
        return line;
}

static int damaged(const char *text, const char *key, struct error *e, const char *what) {
        return error_set(e, EUCLEAN, EXIT_FAILED, "%s:%u: %s%s", PATH_ALLOCATIONS, line_of(text, key), what, ADVICE);
}

static int parse_range(const json_t *v, int family, struct prefix *ret) {
        struct prefix p, network;

        if (prefix_parse(json_string_value(v), false, &p) < 0 || p.address.family != family)
                return -EINVAL;
        network = prefix_network(&p);
        if (!address_equal(&p.address, &network.address))
                return -EINVAL;
        *ret = p;
        return 0;
}

static int parse_entry(struct allocations *a, const char *text, const char *name, const json_t *v, struct error *e) {
        struct allocation ranges = {.v6 = {.address = ADDRESS_NONE}};
        int r;

        if (container_name_problem(name))
                return damaged(text, name, e, "not the name of a container");
        if (!json_is_object(v))
                return damaged(text, name, e,
                               "expected { \"ipv4\": \"ADDRESS/LENGTH\", \"ipv6\": \"ADDRESS/LENGTH\" }");
        if (parse_range(json_object_get(v, "ipv4"), AF_INET, &ranges.v4) < 0)
                return damaged(text, name, e,
                               "'ipv4' of this container is not an IPv4 range such as \"10.233.5.16/28\"");
        if (json_object_get(v, "ipv6") && parse_range(json_object_get(v, "ipv6"), AF_INET6, &ranges.v6) < 0)
                return damaged(text, name, e,
                               "'ipv6' of this container is not an IPv6 range such as \"fd00:1:2:3::/64\"");
        r = allocations_insert(a, name, &ranges);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot keep the allocation of '%s'", name) : 0;
}

static int parse_members(struct allocation_zone *z, const char *text, const json_t *members, struct error *e) {
        const char *name;
        json_t *v;
        int r;

        if (members && !json_is_object(members))
                return damaged(text, z->name, e, "'members' of this zone is not an object");
        json_object_foreach ((json_t *) members, name, v) {
                json_int_t number = json_integer_value(v);

                if (container_name_problem(name) || number < ZONE_MEMBER_FIRST || number > INT32_MAX)
                        return damaged(text, name, e,
                                       "expected a container's name and its number in the zone, from 2 on");
                for (size_t i = 0; i < z->n; i++)
                        if (z->members[i].number == number)
                                return damaged(text, name, e, "the number of this member is another one's, too");
                r = allocations_insert_member(z, name, (uint32_t) number);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot keep the number of '%s'", name);
        }
        return 0;
}

static int parse_zone(struct allocations *a, const char *text, const char *name, const json_t *v, struct error *e) {
        struct allocation ranges = {.v4 = {.address = ADDRESS_NONE}, .v6 = {.address = ADDRESS_NONE}};
        struct allocation_zone *z;
        int r;

        if (zone_name_problem(name))
                return damaged(text, name, e, "not the name of a zone");
        if (!json_is_object(v))
                return damaged(text, name, e, "expected { \"ipv4\": \"ADDRESS/LENGTH\", \"members\": { … } }");
        if (json_object_get(v, "ipv4") && parse_range(json_object_get(v, "ipv4"), AF_INET, &ranges.v4) < 0)
                return damaged(text, name, e, "'ipv4' of this zone is not an IPv4 range such as \"10.233.7.0/24\"");
        if (json_object_get(v, "ipv6") && parse_range(json_object_get(v, "ipv6"), AF_INET6, &ranges.v6) < 0)
                return damaged(text, name, e, "'ipv6' of this zone is not an IPv6 range such as \"fd00:1:2:3::/64\"");
        r = allocations_insert_zone(a, name, &ranges, &z);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot keep the allocation of zone '%s'", name);
        return parse_members(z, text, json_object_get(v, "members"), e);
}

struct named_range {
        struct prefix range;
        const char *name;
        bool zone;
};

static int named_range_compare(const void *a, const void *b) {
        const struct named_range *x = a, *y = b;

        return address_compare(&x->range.address, &y->range.address);
}

static const char *kind_of(const struct named_range *r) {
        return r->zone ? "zone" : "container";
}

static void add_ranges(struct named_range *ranges, size_t *n, const struct allocation *a, const char *name, bool zone) {
        if (a->v4.address.family == AF_INET)
                ranges[(*n)++] = (struct named_range){a->v4, name, zone};
        if (a->v6.address.family == AF_INET6)
                ranges[(*n)++] = (struct named_range){a->v6, name, zone};
}

/* Ranges sorted by their first address overlap only with neighbours, as prefixes nest or are apart. */
static int check_overlaps(const struct allocations *a, const char *text, struct error *e) {
        _cleanup_(freep) struct named_range *ranges = calloc(2 * (a->n + a->n_zones) + 1, sizeof *ranges);
        size_t n = 0;

        if (!ranges)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read '%s'", PATH_ALLOCATIONS);
        for (size_t i = 0; i < a->n; i++)
                add_ranges(ranges, &n, &a->entries[i].ranges, a->entries[i].name, false);
        for (size_t i = 0; i < a->n_zones; i++)
                add_ranges(ranges, &n, &a->zones[i].ranges, a->zones[i].name, true);
        qsort(ranges, n, sizeof *ranges, named_range_compare);
        for (size_t i = 1; i < n; i++) {
                char range[PREFIX_TEXT_MAX];

                if (prefix_overlaps(&ranges[i - 1].range, &ranges[i].range))
                        return error_set(e, EUCLEAN, EXIT_FAILED,
                                         "%s:%u: %s of %s '%s' overlaps with a range of %s '%s'%s", PATH_ALLOCATIONS,
                                         line_of(text, ranges[i].name), prefix_format(&ranges[i].range, range),
                                         kind_of(&ranges[i]), ranges[i].name, kind_of(&ranges[i - 1]),
                                         ranges[i - 1].name, ADVICE);
        }
        return 0;
}

static int parse_tree(struct allocations *a, const char *text, const json_t *tree, struct error *e) {
        json_t *containers = json_object_get(tree, "containers"), *zones = json_object_get(tree, "zones"),
               *ula = json_object_get(tree, "ula"), *v;
        const char *name;
        int r;

        if (!json_is_object(tree))
                return damaged(text, "", e, "expected an object");
        if (json_integer_value(json_object_get(tree, "version")) != 1)
                return damaged(text, "version", e,
                               "'version' is not 1: another version of nixos-nspawn wrote this file");
        if (ula && (parse_range(ula, AF_INET6, &a->ula) < 0 || a->ula.length != ALLOCATION_ULA_LENGTH ||
                    !address_is_unique_local(&a->ula.address)))
                return damaged(text, "ula", e, "'ula' is not a unique local prefix such as \"fd12:3456:789a::/48\"");
        if (containers && !json_is_object(containers))
                return damaged(text, "containers", e, "'containers' is not an object");
        if (zones && !json_is_object(zones))
                return damaged(text, "zones", e, "'zones' is not an object");
        json_object_foreach (zones, name, v) {
                r = parse_zone(a, text, name, v, e);
                if (r < 0)
                        return r;
        }
        json_object_foreach (containers, name, v) {
                r = parse_entry(a, text, name, v, e);
                if (r < 0)
                        return r;
        }
        return check_overlaps(a, text, e);
}

static int parse_file(struct allocations *a, const char *text, size_t size, struct error *e) {
        json_error_t where;
        json_t *tree = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
        int r;

        if (!tree)
                return error_set(e, EUCLEAN, EXIT_FAILED, "%s:%d: not valid JSON: %s%s", PATH_ALLOCATIONS, where.line,
                                 where.text, ADVICE);
        r = parse_tree(a, text, tree, e);
        json_decref(tree);
        return r;
}

int allocations_from_zone_json(const char *zone, const json_t *value, struct allocations **ret, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = calloc(1, sizeof *a);
        int r;

        if (!a)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the addresses of zone '%s'", zone);
        r = json_is_object(value) ? parse_zone(a, "", zone, value, e) : 0;
        if (r >= 0)
                *ret = steal_ptr(a);
        return r;
}

int allocations_load(struct allocations **ret, struct error *e) {
        _cleanup_(allocations_freep) struct allocations *a = calloc(1, sizeof *a);
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        if (!a)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read '%s'", PATH_ALLOCATIONS);
        /* Before reading: when the file changes in between, the next refresh reads it once more. */
        (void) stat(PATH_ALLOCATIONS, &a->loaded);
        r = file_read(PATH_ALLOCATIONS, FILE_MAX, &text, &size);
        if (r < 0 && r != -ENOENT)
                return error_errno(e, r, EXIT_FAILED, "cannot read '%s', where the addresses of containers are kept",
                                   PATH_ALLOCATIONS);
        if (r == 0) {
                r = parse_file(a, text, size, e);
                if (r < 0)
                        return r;
        }
        *ret = steal_ptr(a);
        return 0;
}

int allocations_refresh(struct allocations **a, struct error *e) {
        struct allocations *fresh;
        struct stat now = {0};
        int r;

        (void) stat(PATH_ALLOCATIONS, &now);
        if (*a && (*a)->loaded.st_dev == now.st_dev && (*a)->loaded.st_ino == now.st_ino &&
            (*a)->loaded.st_size == now.st_size && (*a)->loaded.st_mtim.tv_sec == now.st_mtim.tv_sec &&
            (*a)->loaded.st_mtim.tv_nsec == now.st_mtim.tv_nsec)
                return 0;
        r = allocations_load(&fresh, e);
        if (r < 0)
                return r;
        allocations_free(*a);
        *a = fresh;
        return 0;
}

static void put_range(json_t *object, const char *key, const struct prefix *p) {
        char text[PREFIX_TEXT_MAX];

        if (p->address.family != AF_UNSPEC)
                (void) json_object_set_new(object, key, json_string(prefix_format(p, text)));
}

json_t *allocations_zone_json(const struct allocations *a, const char *zone) {
        json_t *members = json_object(), *object = json_pack("{s:o}", "members", members);

        for (size_t i = 0; i < a->n_zones; i++) {
                const struct allocation_zone *z = &a->zones[i];

                if (strcmp(z->name, zone) != 0)
                        continue;
                put_range(object, "ipv4", &z->ranges.v4);
                put_range(object, "ipv6", &z->ranges.v6);
                for (size_t k = 0; k < z->n; k++)
                        (void) json_object_set_new(members, z->members[k].name, json_integer(z->members[k].number));
                return object;
        }
        json_decref(object);
        return NULL;
}

static void append_zone(struct buffer *b, const struct allocation_zone *z) {
        const char *comma = "";
        char range[PREFIX_TEXT_MAX];

        buffer_append_format(b, "\n    \"%s\": { ", z->name);
        if (z->ranges.v4.address.family == AF_INET)
                buffer_append_format(b, "\"ipv4\": \"%s\", ", prefix_format(&z->ranges.v4, range));
        if (z->ranges.v6.address.family == AF_INET6)
                buffer_append_format(b, "\"ipv6\": \"%s\", ", prefix_format(&z->ranges.v6, range));
        buffer_append_string(b, "\"members\": {");
        for (size_t i = 0; i < z->n; i++, comma = ",")
                buffer_append_format(b, "%s \"%s\": %u", comma, z->members[i].name, z->members[i].number);
        buffer_append_string(b, z->n > 0 ? " } }" : "} }");
}

int allocations_save(struct allocations *a, struct error *e) {
        struct buffer b = BUFFER_INIT;
        char v4[PREFIX_TEXT_MAX], v6[PREFIX_TEXT_MAX];
        int r;

        buffer_append_string(&b, "{\n  \"version\": 1,\n");
        if (a->ula.address.family == AF_INET6)
                buffer_append_format(&b, "  \"ula\": \"%s\",\n", prefix_format(&a->ula, v6));
        buffer_append_string(&b, "  \"containers\": {");
        for (size_t i = 0; i < a->n; i++) {
                const struct allocation *ranges = &a->entries[i].ranges;

                buffer_append_format(&b, "%s\n    \"%s\": { \"ipv4\": \"%s\"", i > 0 ? "," : "", a->entries[i].name,
                                     prefix_format(&ranges->v4, v4));
                if (ranges->v6.address.family == AF_INET6)
                        buffer_append_format(&b, ", \"ipv6\": \"%s\"", prefix_format(&ranges->v6, v6));
                buffer_append_string(&b, " }");
        }
        buffer_append_string(&b, a->n > 0 ? "\n  }" : "}");
        if (a->n_zones > 0)
                buffer_append_string(&b, ",\n  \"zones\": {");
        for (size_t i = 0; i < a->n_zones; i++) {
                buffer_append_string(&b, i > 0 ? "," : "");
                append_zone(&b, &a->zones[i]);
        }
        buffer_append_string(&b, a->n_zones > 0 ? "\n  }\n}\n" : "\n}\n");
        r = buffer_error(&b);
        if (r == 0)
                r = directory_make(PATH_LIB, 0755);
        if (r == 0)
                r = file_write_atomic(PATH_ALLOCATIONS, b.data, b.size, 0644, true);
        buffer_clear(&b);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot write '%s', where the addresses of containers are kept",
                                   PATH_ALLOCATIONS);
        /* What was written is what is known: no need to read it again. */
        (void) stat(PATH_ALLOCATIONS, &a->loaded);
        return 0;
}

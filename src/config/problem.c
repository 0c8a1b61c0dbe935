/* The words for what is wrong with a config. */
#include "problem.h"

#include "base/buffer.h"
#include "base/parse.h"
#include "nearest.h"
#include "option_path.h"
#include "table.h"
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NIXPKGS "needs nixpkgs (--system nixos), which is not yet supported"

/* Containers and the host have different options. Whether it is one of the other's. */
static bool is_of_other_set(bool host, const json_t *path) {
        json_t *other = host ? table_load() : table_load_host();
        const json_t *node = other, *step;
        bool found;
        size_t i;

        json_array_foreach (path, i, step)
                if (node)
                        node = option_path_step(node, step);
        found = node && json_array_size(path) > 0;
        json_decref(other);
        return found;
}

/* nixos.containers.instances.NAME, where the NixOS module has its declared containers. */
static bool is_instance(const json_t *path) {
        static const char *const steps[] = {"nixos", "containers", "instances"};

        for (size_t i = 0; i < ELEMENTS_OF(steps); i++)
                if (!string_equal(json_string_value(json_array_get(path, i)), steps[i]))
                        return false;
        return true;
}

int problem_unknown(const char *where, const json_t *path, const json_t *table, struct error *e) {
        _cleanup_(freep) char *name = option_path_name(path), *near = nearest_option(table, path);
        const char *set = json_string_value(json_object_get(table, "set"));
        bool host = string_equal(set, "host");

        if (is_of_other_set(host, path))
                return host ? error_set(e, EINVAL, EXIT_CONTAINER,
                                        "%s: '%s' is an option of a container, not of the host; put it into the config "
                                        "that 'nixos-nspawn update NAME --config FILE' reads",
                                        where, name ? name : "?")
                            : error_set(e, EINVAL, EXIT_CONTAINER,
                                        "%s: '%s' is an option of the host, not of a container; put it into "
                                        "/etc/nixos-nspawn/host.nix and run 'nixos-nspawn apply'",
                                        where, name ? name : "?");
        if (host && is_instance(path))
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "%s: '%s': nixos-nspawn's containers are not declared here; make this one with "
                                 "'nixos-nspawn create --config FILE NAME', or declare it as a nixos-container, "
                                 "containers.NAME",
                                 where, name ? name : "?");
        if (near)
                return error_set(e, EINVAL, EXIT_CONTAINER, "%s: there is no portable option '%s'; did you mean '%s'?",
                                 where, name ? name : "?", near);
        if (host && string_equal(json_string_value(json_array_get(path, 0)), "containers") &&
            string_equal(json_string_value(json_array_get(path, 2)), "config"))
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "%s: there is no option '%s' of what is in a container; nixos-nspawn-options(7) lists "
                                 "those that there are",
                                 where, name ? name : "?");
        if (host)
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "%s: there is no option '%s' of the host; nixos-nspawn-host(7) lists those that there "
                                 "are",
                                 where, name ? name : "?");
        if (string_equal(set, "zone"))
                return error_set(
                        e, EINVAL, EXIT_CONTAINER,
                        "%s: there is no option '%s' of a zone; nixos.containers.zones of nixos-nspawn-host(7) has "
                        "those that there are",
                        where, name ? name : "?");
        return error_set(
                e, EINVAL, EXIT_CONTAINER,
                "%s: there is no portable option '%s'; nixos-nspawn-options(7) lists those that there are, and "
                "any other option of NixOS " NIXPKGS,
                where, name ? name : "?");
}

int problem_type(const char *where, const json_t *path, const char *expected, const char *found, struct error *e) {
        _cleanup_(freep) char *name = option_path_name(path);

        return error_set(e, EINVAL, EXIT_CONTAINER, "%s: %s: expected %s, found %s", where, name ? name : "?", expected,
                         found);
}

int problem_missing(const char *where, const json_t *path, const char *expected, struct error *e) {
        _cleanup_(freep) char *name = option_path_name(path);

        return error_set(e, EINVAL, EXIT_CONTAINER, "%s: %s is not set and has no default; set it to %s", where,
                         name ? name : "?", expected);
}

int problem_pending(const char *where, const json_t *path, struct error *e) {
        _cleanup_(freep) char *name = option_path_name(path);

        return error_set(e, EOPNOTSUPP, EXIT_CONTAINER, "%s: %s is not yet supported by this version; remove it", where,
                         name ? name : "?");
}

static const char *member(const json_t *problem, const char *key, const char *absent) {
        const char *s = json_string_value(json_object_get(problem, key));

        return s ? s : absent;
}

/* Nix says what a value is when JSON cannot hold it ("a function"). */
static const char *describe_found(const json_t *problem, char buf[VALUE_TEXT_MAX]) {
        const char *found = member(problem, "found", NULL);

        if (!found)
                return value_describe(json_object_get(problem, "value"), buf);
        (void) snprintf(buf, VALUE_TEXT_MAX, "%s", found);
        return buf;
}

static int conflict_from_nix(const json_t *problem, const json_t *path, struct error *e) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(freep) char *name = option_path_name(path);
        const json_t *definition;
        size_t i;

        json_array_foreach (json_object_get(problem, "definitions"), i, definition) {
                char found[VALUE_TEXT_MAX];

                buffer_append_format(&b, "%s%s sets %s", i > 0 ? ", " : "", member(definition, "where", "?"),
                                     describe_found(definition, found));
        }
        return error_set(e, EINVAL, EXIT_CONTAINER,
                         "%s is set to different values: %s; keep one, or put lib.mkForce before the one that counts",
                         name ? name : "?", buffer_text(&b));
}

static int text_from_nix(const char *where, const json_t *path, const char *text, struct error *e) {
        _cleanup_(freep) char *name = json_array_size(path) > 0 ? option_path_name(path) : NULL;

        return error_set(e, EINVAL, EXIT_CONTAINER, "%s: %s%s%s", where, name ? name : "", name ? ": " : "", text);
}

int problem_from_nix(const json_t *problem, const char *where, const json_t *table, struct error *e) {
        const json_t *path = json_object_get(problem, "path");
        const char *kind = member(problem, "kind", "");
        const char *expected = member(problem, "expected", "?");
        char found[VALUE_TEXT_MAX];

        where = member(problem, "where", where);
        if (string_equal(kind, "unknown"))
                return problem_unknown(where, path, table, e);
        if (string_equal(kind, "type"))
                return problem_type(where, path, expected, describe_found(problem, found), e);
        if (string_equal(kind, "missing"))
                return problem_missing(where, path, expected, e);
        if (string_equal(kind, "pending"))
                return problem_pending(where, path, e);
        if (string_equal(kind, "conflict"))
                return conflict_from_nix(problem, path, e);
        if (string_equal(kind, "pkgs"))
                return error_set(
                        e, EINVAL, EXIT_CONTAINER,
                        "%s: uses 'pkgs', the packages of nixpkgs, which portable options do without; a config "
                        "that uses them " NIXPKGS,
                        where);
        return text_from_nix(where, path, member(problem, "text", "the config is wrong"), e);
}

struct position {
        size_t file; /* length */
        unsigned long line, column;
};

/* "FILE:LINE:COLUMN" at a message's beginning. What has no position comes first. */
static struct position position_of(const char *message) {
        for (const char *p = strchr(message, ':'); p; p = strchr(p + 1, ':')) {
                struct position position = {.file = (size_t) (p - message)};
                char *end;

                if (p[1] < '0' || p[1] > '9')
                        continue;
                position.line = strtoul(p + 1, &end, 10);
                if (*end == ':' && end[1] >= '0' && end[1] <= '9')
                        position.column = strtoul(end + 1, NULL, 10);
                return position;
        }
        return (struct position){0};
}

static int compare(const void *pa, const void *pb) {
        const char *a = error_message(pa), *b = error_message(pb);
        struct position x = position_of(a), y = position_of(b);
        int r = strncmp(a, b, x.file > y.file ? x.file : y.file);

        if (r != 0 && x.file > 0 && y.file > 0)
                return r;
        if (x.line != y.line)
                return x.line < y.line ? -1 : 1;
        if (x.column != y.column)
                return x.column < y.column ? -1 : 1;
        return strcmp(a, b);
}

void problem_sort(struct error *e) {
        _cleanup_(freep) struct error *all = NULL;
        size_t n = 0;

        for (const struct error *one = e; one; one = one->next)
                n++;
        all = calloc(n, sizeof(*all));
        if (!all)
                return;
        n = 0;
        for (struct error *one = e; one; one = one->next) {
                all[n] = *one;
                all[n++].next = NULL;
                one->message = NULL;
        }
        error_clear(e);
        qsort(all, n, sizeof(*all), compare);
        for (size_t i = 0; i < n; i++)
                if (i + 1 < n && strcmp(error_message(all + i), error_message(all + i + 1)) == 0)
                        error_clear(all + i);
                else
                        error_append(e, all + i);
}

/* Options are compared one by one, down to where a table says that they belong together: its rows also say what a
 * change of them takes. What is not in the table needs a restart, which is always right. */
#include "difference.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"

#include <errno.h>
#include <string.h>

static const struct row {
        const char *option;
        enum effect effect;
} rows[] = {
        {"environment.etc", EFFECT_RELOAD},
        {"networking.firewall", EFFECT_RELOAD},
        {"nixosContainer.activation", EFFECT_NONE},
        {"nixosContainer.containerNetworkConfig", EFFECT_LIVE},
        {"nixosContainer.declarative", EFFECT_NONE},
        {"nixosContainer.forwardPorts", EFFECT_LIVE},
        {"nixosContainer.hostAccess", EFFECT_LIVE},
        {"nixosContainer.hostNetworkConfig", EFFECT_LIVE},
        {"nixosContainer.isolated", EFFECT_LIVE},
        {"nixosContainer.outsideAccess", EFFECT_LIVE},
        {"nixosContainer.timeoutStartSec", EFFECT_NONE},
        {"services.nginx", EFFECT_RELOAD},
        {"services.openssh", EFFECT_RELOAD},
        {"system.stateVersion", EFFECT_NONE},
        {"systemd.network", EFFECT_RELOAD},
        {"systemd.services", EFFECT_RELOAD},
};

const char *effect_name(enum effect e) {
        static const char *const names[] = {
                [EFFECT_NONE] = "none",
                [EFFECT_LIVE] = "live",
                [EFFECT_RELOAD] = "reload",
                [EFFECT_RESTART] = "restart",
        };

        return names[e];
}

void differences_clear(struct differences *d) {
        for (size_t i = 0; i < d->n; i++)
                free(d->list[i].option);
        free(d->list);
        *d = DIFFERENCES_INIT;
}

int differences_add(struct differences *d, const char *what, enum effect effect) {
        struct difference *grown = reallocarray(d->list, d->n + 1, sizeof(*grown));
        char *copy = strdup(what);

        if (grown)
                d->list = grown;
        if (!grown || !copy) {
                free(copy);
                return -ENOMEM;
        }
        d->list[d->n++] = (struct difference){.option = copy, .effect = effect};
        return 0;
}

static const struct row *row_find(const char *option) {
        for (size_t i = 0; i < ELEMENTS_OF(rows); i++)
                if (string_equal(rows[i].option, option))
                        return rows + i;
        return NULL;
}

/* There are rows below it. */
static bool has_rows(const char *option) {
        size_t n = strlen(option);

        for (size_t i = 0; i < ELEMENTS_OF(rows); i++)
                if (strncmp(rows[i].option, option, n) == 0 && (n == 0 || rows[i].option[n] == '.'))
                        return true;
        return false;
}

static bool value_equal(const json_t *a, const json_t *b) {
        bool none = !a || json_is_null(a), other_none = !b || json_is_null(b);

        return none || other_none ? none == other_none : json_equal(a, b);
}

static int compare(const char *option, const json_t *from, const json_t *to, struct differences *ret);

static int name_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The keys of both, sorted. */
static int keys_of(const json_t *from, const json_t *to, const char ***ret, size_t *ret_n) {
        const char **keys = calloc(json_object_size(from) + json_object_size(to) + 1, sizeof(*keys)), *key;
        const json_t *value;
        size_t n = 0;

        if (!keys)
                return -ENOMEM;
        json_object_foreach ((json_t *) from, key, value)
                keys[n++] = key;
        json_object_foreach ((json_t *) to, key, value)
                if (!json_object_get(from, key))
                        keys[n++] = key;
        if (n > 0)
                qsort(keys, n, sizeof(*keys), name_compare);
        *ret = keys;
        *ret_n = n;
        return 0;
}

static int compare_members(const char *option, const json_t *from, const json_t *to, struct differences *ret) {
        _cleanup_(freep) const char **keys = NULL;
        size_t n = 0;
        int r = keys_of(from, to, &keys, &n);

        for (size_t i = 0; i < n && r >= 0; i++) {
                _cleanup_(freep) char *name = format("%s%s%s", option, *option ? "." : "", keys[i]);

                r = name ? compare(name, json_object_get(from, keys[i]), json_object_get(to, keys[i]), ret) : -ENOMEM;
        }
        return r;
}

static int compare(const char *option, const json_t *from, const json_t *to, struct differences *ret) {
        const struct row *row = row_find(option);

        if (value_equal(from, to))
                return 0;
        if (row)
                return differences_add(ret, option, row->effect);
        if (has_rows(option) && (!from || json_is_object(from)) && (!to || json_is_object(to)))
                return compare_members(option, from, to, ret);
        return differences_add(ret, option, EFFECT_RESTART);
}

int spec_difference(const json_t *from, const json_t *to, struct differences *ret) {
        return compare("", json_object_get(from, "config"), json_object_get(to, "config"), ret);
}

enum effect differences_effect(const struct differences *d) {
        enum effect most = EFFECT_NONE;

        for (size_t i = 0; i < d->n; i++)
                if (d->list[i].effect > most)
                        most = d->list[i].effect;
        return most;
}

char *differences_names(const struct differences *d, enum effect effect) {
        struct buffer b = BUFFER_INIT;

        for (size_t i = 0; i < d->n; i++)
                if (d->list[i].effect >= effect)
                        buffer_append_format(&b, "%s%s", b.size > 0 ? ", " : "", d->list[i].option);
        return buffer_steal(&b);
}

/* "Did you mean": slips are counted as insertions, losses, changes and swaps of letters, whatever their case. */
#include "nearest.h"

#include "base/cleanup.h"
#include "option_path.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NAME_MAX_LENGTH 40 /* longer names are not compared */

static size_t smallest(size_t a, size_t b) {
        return a < b ? a : b;
}

/* Damerau and Levenshtein's distance (of adjacent swaps); SIZE_MAX for names that are too long. */
static size_t distance(const char *a, const char *b) {
        size_t rows[3][NAME_MAX_LENGTH + 1] = {0};
        size_t *before = rows[0], *last = rows[1], *row = rows[2];
        size_t na = strlen(a), nb = strlen(b);

        if (na > NAME_MAX_LENGTH || nb > NAME_MAX_LENGTH)
                return SIZE_MAX;
        for (size_t j = 0; j <= nb; j++)
                last[j] = j;
        for (size_t i = 1; i <= na; i++) {
                size_t *next = before;

                row[0] = i;
                for (size_t j = 1; j <= nb; j++) {
                        int ca = tolower((unsigned char) a[i - 1]), cb = tolower((unsigned char) b[j - 1]);

                        row[j] = smallest(smallest(last[j], row[j - 1]) + 1, last[j - 1] + (ca != cb));
                        if (i > 1 && j > 1 && ca == tolower((unsigned char) b[j - 2]) &&
                            cb == tolower((unsigned char) a[i - 2]))
                                row[j] = smallest(row[j], before[j - 2] + 1);
                }
                before = last;
                last = row;
                row = next;
        }
        return last[nb];
}

/* The known name that is nearest to name, if it is near enough for a slip. */
static const char *nearest_name(const json_t *names, const char *name) {
        size_t best = 2 + strlen(name) / 5;
        const char *found = NULL, *known;
        json_t *v;

        json_object_foreach ((json_t *) names, known, v) {
                size_t d = distance(name, known);

                if (d < best) {
                        found = known;
                        best = d;
                }
        }
        return found;
}

/* path with step i replaced and, where what follows does not exist there, ended. */
static char *corrected(const json_t *table, const json_t *path, size_t i, const char *name) {
        json_t *found = json_array();
        const json_t *node = table;
        char *text;

        for (size_t k = 0; found && k < json_array_size(path) && node; k++) {
                json_t *step = k == i ? json_string(name) : json_incref(json_array_get(path, k));

                node = option_path_step(node, step);
                if (node)
                        (void) json_array_append(found, step);
                json_decref(step);
        }
        text = found ? option_path_name(found) : NULL;
        json_decref(found);
        return text;
}

/* Looks for an option called name anywhere below node that can be named without inventing a name. Depth-first; steps
 * holds the way and, on success, the answer. */
static bool find_elsewhere(const json_t *node, const char *name, json_t *steps) {
        const json_t *names = option_path_names(node);
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *) names, key, v) {
                if (json_array_append_new(steps, json_string(key)) < 0)
                        return false;
                if (strcasecmp(key, name) == 0 || find_elsewhere(v, name, steps))
                        return true;
                (void) json_array_remove(steps, json_array_size(steps) - 1);
        }
        return false;
}

char *nearest_option(const json_t *table, const json_t *path) {
        const json_t *node = table;
        const char *unknown = NULL, *name;
        char *text = NULL;
        json_t *steps;
        size_t i;

        for (i = 0; i < json_array_size(path); i++) {
                const json_t *next = option_path_step(node, json_array_get(path, i));

                if (!next)
                        break;
                node = next;
        }
        unknown = json_string_value(json_array_get(path, i));
        if (!unknown)
                return NULL;
        name = nearest_name(option_path_names(node), unknown);
        if (name)
                return corrected(table, path, i, name);
        /* "enable" is the name of too many. */
        steps = strcasecmp(unknown, "enable") != 0 ? json_array() : NULL;
        if (steps && find_elsewhere(table, unknown, steps))
                text = option_path_name(steps);
        json_decref(steps);
        return text;
}

/* As systemd reads it: keys of sections whose names begin with "X-" are somebody else's. What systemd-nspawn would warn
 * of and pass over is refused: a container must not start with another network than the one that was meant. */
#include "nspawn_file.h"

#include "base/parse.h"
#include "hand.h"
#include "model/names.h"
#include "nspawn_settings.h"
#include "shape.h"
#include "unit_lines.h"

#include <errno.h>
#include <string.h>

struct reader {
        const char *shown;
        struct nspawn_settings settings;
        struct error problems;
        char *section; /* points into the copy; NULL before the first */
        unsigned line; /* where what is being read begins */
};

static const char *const sections[] = {"Exec", "Files", "Network"};

static const char *clean(const char *s) {
        return string_is_clean(s) ? s : "?";
}

static void complain(struct reader *r, const char *what, const char *problem) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        (void) error_set(&e, EINVAL, EXIT_CONTAINER, "%s:%u: %s: %s", r->shown, r->line, clean(what), problem);
        error_append(&r->problems, &e);
}

static bool is_foreign(const char *s) {
        return string_starts_with(s, "X-");
}

static int read_section(struct reader *r, char *line) {
        char *end = line + strlen(line) - 1;

        if (*end != ']' || end == line + 1) {
                complain(r, line, "expected [SECTION]");
                return 0;
        }
        *end = '\0';
        r->section = line + 1;
        if (is_foreign(r->section))
                return 0;
        for (size_t i = 0; i < ELEMENTS_OF(sections); i++)
                if (strcmp(sections[i], r->section) == 0)
                        return 0;
        complain(r, r->section, "systemd.nspawn(5) has no such section; it has [Exec], [Files] and [Network]");
        return 0;
}

static int read_assignment(struct reader *r, char *line) {
        char *value = strchr(line, '=');
        const char *problem = NULL, *key;
        int k;

        if (!value) {
                complain(r, line, "expected KEY=VALUE");
                return 0;
        }
        *value++ = '\0';
        key = unit_strip(line);
        if (!r->section) {
                complain(r, key, "stands before the first [SECTION]");
                return 0;
        }
        if (is_foreign(r->section) || is_foreign(key))
                return 0;
        k = nspawn_settings_read(&r->settings, r->section, key, unit_strip(value), &problem);
        if (k == -ENOENT)
                complain(r, key, "systemd.nspawn(5) has no such key in this section");
        else if (k == -EINVAL)
                complain(r, key, problem);
        return k == -ENOMEM ? k : 0;
}

static int read_text(struct reader *r, char *copy) {
        struct unit_lines lines = {.rest = copy};
        int k = 0;

        for (char *line; k >= 0 && (line = unit_lines_next(&lines, &r->line));)
                k = *line == '[' ? read_section(r, line) : read_assignment(r, line);
        return k;
}

static int finish(struct reader *r, struct container *c, struct error *e) {
        const char *problem;
        int k;

        if (r->problems.code < 0) {
                k = r->problems.code;
                error_move(e, &r->problems);
                return k;
        }
        k = nspawn_settings_decide(&r->settings, &problem);
        if (k == -EINVAL)
                return error_set(e, EINVAL, EXIT_CONTAINER, "%s: [Network]: %s", r->shown, problem);
        return k < 0 ? k : shape_check(c, r->shown, e);
}

int nspawn_file_to_container(const char *text, const char *name, const char *shown, struct container *ret,
                             struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *copy = strdup(text);
        struct reader reader = {.shown = shown, .settings = NSPAWN_SETTINGS_INIT, .problems = ERROR_INIT};
        const char *problem = container_name_problem(name);
        int r;

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "container name '%s': %s", name, problem);
        c.name = strdup(name);
        c.hand = calloc(1, sizeof *c.hand);
        if (c.hand)
                c.hand->path = strdup(shown);
        reader.settings.reading.c = &c;
        reader.settings.source = NSPAWN_FILE;
        r = copy && c.name && c.hand && c.hand->path ? read_text(&reader, copy) : -ENOMEM;
        if (r >= 0)
                r = finish(&reader, &c, e);
        nspawn_settings_clear(&reader.settings);
        error_clear(&reader.problems);
        if (r == -ENOMEM)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read %s", shown);
        if (r < 0)
                return r;
        hand_settle(&c);
        *ret = c;
        c = CONTAINER_INIT;
        return 0;
}

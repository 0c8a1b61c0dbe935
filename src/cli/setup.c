/* setup: prepares a host, and takes that back. */
#include "cli/setup.h"

#include "cli/commands.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "state/store.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct setup_task tasks[] = {
        {setup_directories, NULL}, /* undone last: the record lies in one of them */
        {setup_machine_id, setup_machine_id_undo},
        {setup_nsswitch, setup_nsswitch_undo},
        {setup_module, NULL},
        {setup_links, setup_links_undo},
        {setup_units, setup_units_undo},
        {NULL, setup_network_undo},
};

static const struct {
        const char *program, *package, *use;
        bool needed;
} programs[] = {
        {"systemd-nspawn", "systemd-container", "to run containers", true},
        {"nix-instantiate", "nix-bin", "to read configurations in Nix; those in JSON work without", false},
        {"mmdebstrap", "mmdebstrap", "to make Debian trees", false},
};

void setup_say(struct setup *s, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        (void) json_array_append_new(s->changes, json_vsprintf(fmt, ap));
        va_end(ap);
}

static bool program_found(const char *program) {
        const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin";

        while (*path) {
                size_t n = strcspn(path, ":");
                _cleanup_(freep) char *file = format("%.*s/%s", (int) n, path, program);

                if (file && access(file, X_OK) == 0)
                        return true;
                path += n + (path[n] == ':');
        }
        return false;
}

/* Programs that are missing; 1 when one of them is needed in any case. */
static int find_missing(json_t *missing) {
        int r = 0;

        for (size_t n = 0; n < ELEMENTS_OF(programs); n++)
                if (!program_found(programs[n].program)) {
                        (void) json_array_append_new(missing,
                                                     json_pack("{s:s, s:s, s:s}", "program", programs[n].program,
                                                               "package", programs[n].package, "use", programs[n].use));
                        r |= programs[n].needed;
                }
        return r;
}

static json_t *record_new(void) {
        return json_pack("{s:[]}", "directories");
}

static int record_load(json_t **ret, struct error *e) {
        json_error_t where;

        if (access(PATH_SETUP, F_OK) < 0) {
                *ret = record_new();
                return 0;
        }
        *ret = json_load_file(PATH_SETUP, 0, &where);
        if (!json_is_array(json_object_get(*ret, "directories"))) {
                json_decref(*ret);
                *ret = NULL;
                return error_set(e, EBADMSG, EXIT_FAILED,
                                 PATH_SETUP " cannot be read: it is the record of what setup did; remove it to start "
                                            "afresh");
        }
        return 0;
}

/* An empty record is no file. */
static int record_save(const json_t *record, struct error *e) {
        json_t *empty = record_new();
        bool is_empty = json_equal(record, empty);
        char *text;
        int r;

        json_decref(empty);
        if (is_empty) {
                r = file_remove(PATH_SETUP);
                return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot remove " PATH_SETUP) : 0;
        }
        text = json_dumps(record, JSON_INDENT(2));
        r = text ? file_write_atomic(PATH_SETUP, text, strlen(text), 0644, true) : -ENOMEM;
        free(text);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write " PATH_SETUP) : 0;
}

static int act_all(struct setup *s, struct error *e) {
        int r = 0;

        for (size_t n = 0; n < ELEMENTS_OF(tasks) && r >= 0; n++) {
                r = tasks[n].act ? tasks[n].act(s, e) : 0;
                /* Also after a failure: what was done must be on record. */
                if (!s->dry_run) {
                        int k = record_save(s->record, r < 0 ? NULL : e);

                        r = r < 0 ? r : k;
                }
        }
        return r;
}

static int undo_all(struct setup *s, struct error *e) {
        int r = 0;

        for (size_t n = ELEMENTS_OF(tasks); n-- > 0 && r >= 0;)
                if (tasks[n].undo)
                        r = tasks[n].undo(s, e);
        if (r >= 0 && !s->dry_run)
                (void) file_remove(PATH_SETUP);
        if (r >= 0)
                r = setup_directories_undo(s, e);
        if (!s->dry_run &&
            json_object_size(s->record) + json_array_size(json_object_get(s->record, "directories")) > 1) {
                int k = record_save(s->record, r < 0 ? NULL : e);

                r = r < 0 ? r : k;
        }
        return r;
}

static void say_missing(const json_t *missing) {
        const json_t *item;
        size_t n;

        json_array_foreach (missing, n, item)
                (void) fprintf(stderr, "nixos-nspawn: %s is missing, %s: install the package %s\n",
                               json_string_value(json_object_get(item, "program")),
                               json_string_value(json_object_get(item, "use")),
                               json_string_value(json_object_get(item, "package")));
}

static int report(struct invocation *i, const struct setup *s, json_t *missing, struct error *e) {
        const json_t *item;
        json_t *value;
        size_t n;
        int r;

        json_array_foreach (s->changes, n, item)
                output_line(&i->output, "%s", json_string_value(item));
        if (json_array_size(s->changes) == 0)
                output_line(&i->output, "Nothing to do.");
        value = json_pack("{s:b, s:O, s:O}", "dryRun", s->dry_run, "changes", s->changes, "missing", missing);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

static int setup_run(struct invocation *i, struct setup *s, json_t *missing, struct error *e) {
        bool undo = invocation_has(i, OPTION_UNDO);
        int r, needed = undo ? 0 : find_missing(missing);

        r = record_load(&s->record, e);
        if (r < 0)
                return r;
        r = undo ? undo_all(s, e) : act_all(s, e);
        if (r < 0)
                return r;
        say_missing(missing);
        if (needed && !s->dry_run)
                return error_set(e, ENOENT, EXIT_FAILED,
                                 "systemd-nspawn is missing, without which no container runs: install the package "
                                 "systemd-container");
        return report(i, s, missing, e);
}

int command_setup(struct invocation *i, struct error *e) {
        struct setup s = {.dry_run = invocation_has(i, OPTION_DRY_RUN), .changes = json_array()};
        json_t *missing = json_array();
        int r;

        r = s.dry_run ? 0 : invocation_may_change(i, e);
        if (r >= 0)
                r = setup_run(i, &s, missing, e);
        json_decref(s.record);
        json_decref(s.changes);
        json_decref(missing);
        return r;
}

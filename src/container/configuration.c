#include "container/configuration.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "config/table.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME "configuration.nix"

/* Before the text of --config, on one line with it: what is said of line 3 is true of the text. */
#define TEXT_HEAD "{ config, lib, pkgs, ... }: {"

enum { CONFIGURATION_MAX = 1 << 20 };

int configuration_check(const struct invocation *i, struct error *e) {
        if (invocation_has(i, OPTION_CONFIG_TEXT) && invocation_has(i, OPTION_CONFIG_FILE))
                return error_set(e, EINVAL, EXIT_USAGE, "--config and --config-file exclude each other");
        return 0;
}

/* A path as a string of Nix. */
static int append_quoted(struct buffer *b, const char *path) {
        buffer_append_byte(b, '"');
        for (const char *p = path; *p; p++) {
                if (*p == '"' || *p == '\\' || *p == '$')
                        buffer_append_byte(b, '\\');
                buffer_append_byte(b, (uint8_t) *p);
        }
        buffer_append_byte(b, '"');
        return 0;
}

int configuration_text(const struct invocation *i, char **ret, struct error *e) {
        const char *text = invocation_value(i, OPTION_CONFIG_TEXT), *file = invocation_value(i, OPTION_CONFIG_FILE);
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(freep) char *absolute = NULL;

        *ret = NULL;
        if (!text && !file)
                return 0;
        if (file) {
                absolute = realpath(file, NULL);
                if (!absolute)
                        return error_errno(e, errno, EXIT_CONTAINER, "cannot find --config-file %s", file);
                buffer_append_string(&b, "{ imports = [ ");
                (void) append_quoted(&b, absolute);
                buffer_append_string(&b, " ]; }\n");
        } else
                buffer_append_format(&b, TEXT_HEAD "%s\n}\n", text);
        *ret = buffer_steal(&b);
        return *ret ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the configuration");
}

int configuration_kept(const char *name, char **ret, struct error *e) {
        _cleanup_(freep) char *profile = store_generation_path(name, 0);
        _cleanup_(freep) char *path = profile ? format("%s/" NAME, profile) : NULL;
        int r = path ? file_read(path, CONFIGURATION_MAX, ret, NULL) : -ENOMEM;

        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot read the configuration of %s", name) : 0;
}

/* Errors name the temporary file, and columns of its first line; the person who reads them wrote the text alone. */
static void rename_in_messages(struct error *e, const char *path) {
        for (; e; e = e->next) {
                const char *at = e->message ? strstr(e->message, path) : NULL, *rest = at ? at + strlen(path) : NULL;
                char *better, *end;
                unsigned long column;

                if (!at)
                        continue;
                column = strncmp(rest, ":1:", 3) == 0 ? strtoul(rest + 3, &end, 10) : 0;
                if (column > strlen(TEXT_HEAD))
                        better = format("%.*s--config:1:%lu%s", (int) (at - e->message), e->message,
                                        column - strlen(TEXT_HEAD), end);
                else
                        better = format("%.*s--config%s", (int) (at - e->message), e->message, rest);
                if (!better)
                        continue;
                free(e->message);
                e->message = better;
        }
}

/* What describes a container of the other kind, which would have no effect: a nixos-container's conf says these things.
 */
static int check_options(const json_t *spec, struct error *e) {
        static const char *const groups[][2] = {
                {NULL, "nixosContainer"}, {"nixosContainer", "activation"}, {"systemd", "nspawn"}};
        json_t *table = table_load();
        int r = table ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the configuration");

        for (size_t i = 0; i < ELEMENTS_OF(groups) && r == 0; i++) {
                const json_t *set = json_object_get(spec, "config"), *entries = json_object_get(table, "options"), *v;
                const char *key;

                for (size_t k = 0; k < ELEMENTS_OF(groups[i]); k++)
                        if (groups[i][k]) {
                                set = json_object_get(set, groups[i][k]);
                                entries = json_object_get(json_object_get(entries, groups[i][k]), "options");
                        }
                json_object_foreach ((json_t *) set, key, v) {
                        const json_t *entry = json_object_get(entries, key);

                        if (r == 0 && !json_object_get(entry, "options") &&
                            !json_equal(v, json_object_get(entry, "default")))
                                r = error_set(
                                        e, EINVAL, EXIT_CONTAINER,
                                        "%s%s%s.%s is for nixos-nspawn and would have no effect here: %s",
                                        groups[i][0] ?: "", groups[i][0] ? "." : "", groups[i][1], key,
                                        string_equal(key, "forwardPorts")
                                                ? "use --port for a nixos-container"
                                                : "take it out of the configuration, and see "
                                                  "nixos-container.conf(5) for what the container's conf can say");
                }
        }
        json_decref(table);
        return r;
}

int configuration_load(const struct invocation *i, const char *text, const char *name, const char *tree,
                       struct definition *ret, struct error *e) {
        const char *file = invocation_value(i, OPTION_CONFIG_FILE);
        _cleanup_(freep) char *folder = strdup("/tmp/nixos-container-XXXXXX"), *path = NULL;
        int r = 0;

        if (!folder || !mkdtemp(folder))
                return error_errno(e, errno, EXIT_FAILED, "cannot make a folder in /tmp");
        path = format("%s/" NAME, folder);
        if (!path)
                r = error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the configuration");
        if (r >= 0 && !file) {
                r = file_write_atomic(path, text, strlen(text), 0600, false);
                if (r < 0)
                        r = error_errno(e, r, EXIT_FAILED, "cannot write %s", path);
        }
        /* By its own name, so that messages say where in it something is wrong. */
        if (r >= 0)
                r = definition_load_file(file ?: path, name, tree ? "image" : "auto", tree, ret, e);
        if (r < 0 && path)
                rename_in_messages(e, path);
        if (path)
                (void) file_remove(path);
        (void) rmdir(folder);
        if (r >= 0) {
                r = check_options(ret->spec, e);
                if (r < 0)
                        definition_clear(ret);
        }
        return r;
}

/* environment.etc.NAME.source: read now, by whoever makes the container, not later by whoever starts it. */
#include "source.h"

#include "base/file.h"
#include "option_path.h"

#include <errno.h>

#define SOURCE_MAX (4 << 20)

/* environment.etc.NAME, as one writes it. */
static char *option_name(const char *name) {
        json_t *path = json_pack("[s, s, s]", "environment", "etc", name);
        char *text = path ? option_path_name(path) : NULL;

        json_decref(path);
        return text;
}

static int refuse(const char *name, const char *problem, struct error *e) {
        _cleanup_(freep) char *option = option_name(name);

        return error_set(e, EINVAL, EXIT_CONTAINER, "%s%s", option ? option : "environment.etc", problem);
}

static int read_source(const char *name, const char *source, json_t *entry, struct error *e) {
        _cleanup_(freep) char *content = NULL, *option = option_name(name);
        json_t *text;
        size_t size;
        int r = file_read(source, SOURCE_MAX, &content, &size);

        if (r == -EFBIG)
                return error_set(e, EFBIG, EXIT_CONTAINER, "%s.source: %s is larger than %d MiB", option ? option : "?",
                                 source, SOURCE_MAX >> 20);
        if (r < 0)
                return error_errno(e, r, r == -ENOMEM ? EXIT_FAILED : EXIT_CONTAINER, "%s.source: reading %s",
                                   option ? option : "?", source);
        text = json_stringn(content, size);
        if (!text)
                return error_set(e, EILSEQ, EXIT_CONTAINER,
                                 "%s.source: %s is not text in UTF-8; other files go into the container by "
                                 "nixosContainer.bindMounts",
                                 option ? option : "?", source);
        if (json_object_set_new(entry, "text", text) < 0 || json_object_set_new(entry, "source", json_null()) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "%s.source: reading %s", option ? option : "?", source);
        return 0;
}

int config_read_sources(json_t *config, struct error *e) {
        json_t *etc = json_object_get(json_object_get(config, "environment"), "etc"), *entry;
        const char *name;

        json_object_foreach (etc, name, entry) {
                const char *source = json_string_value(json_object_get(entry, "source"));
                bool has_text = json_is_string(json_object_get(entry, "text"));
                int r = 0;

                if (json_is_false(json_object_get(entry, "enable")))
                        continue;
                if (source && has_text)
                        return refuse(name, ": text and source are both set; keep one", e);
                if (!source && !has_text)
                        return refuse(name, ": set text, or source, a file to read it from", e);
                if (source)
                        r = read_source(name, source, entry, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

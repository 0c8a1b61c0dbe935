/* environment.etc: files below /etc as the person wrote them. They come after all others, and replace them. */
#include "base/file.h"
#include "base/parse.h"
#include "guest_make.h"

#include <errno.h>
#include <string.h>

/* Relative, clean, and inside /etc whatever it says. */
static bool target_is_valid(const char *s) {
        if (!s[0] || s[0] == '/' || !string_is_clean(s) || s[strlen(s) - 1] == '/')
                return false;
        while (*s) {
                size_t n = strcspn(s, "/");

                if (n == 0 || n > 255 || (n <= 2 && s[0] == '.' && (n == 1 || s[1] == '.')))
                        return false;
                s += n + (s[n] == '/');
        }
        return true;
}

/* "symlink" and "direct-symlink" of NixOS lead into its store, where everything is read-only; so is this. */
static bool mode_parse(const char *s, mode_t *ret) {
        unsigned long mode = 0;

        if (!s || string_equal(s, "symlink") || string_equal(s, "direct-symlink")) {
                *ret = 0444;
                return true;
        }
        if (!s[0] || strlen(s) > 5)
                return false;
        for (; *s; s++) {
                if (*s < '0' || *s > '7')
                        return false;
                mode = mode * 8 + (unsigned long) (*s - '0');
        }
        *ret = (mode_t) mode;
        return mode <= 07777;
}

/* user and group are names or "+NUMBER"; uid and gid are what they default to. */
static char *owner_text(struct guest_maker *m, const json_t *o, const char *where, const char *name_key,
                        const char *number_key) {
        const char *name = guest_line(m, o, where, name_key);
        const json_t *number = json_object_get(o, number_key);
        json_int_t n = json_is_integer(number) ? json_integer_value(number) : 0;

        if (number && !json_is_null(number) && (!json_is_integer(number) || n < 0 || n > 65535)) {
                guest_fail(m, EINVAL, "%s.%s: expected a number from 0 to 65535", where, number_key);
                return NULL;
        }
        if (name && name[0])
                return strdup(name);
        return n > 0 ? format("+%lld", (long long) n) : NULL;
}

/* Our trees leave out systemd's programs that make units at boot; this one is needed now. */
#define FSTAB_GENERATOR "systemd-fstab-generator"

static void make_file(struct guest_maker *m, const char *name, const json_t *o) {
        _cleanup_(freep) char *path = NULL, *user = NULL, *group = NULL;
        char where[GUEST_OPTION_MAX];
        const char *target, *text, *mode_text;
        mode_t mode;

        (void) snprintf(where, sizeof(where), "environment.etc.\"%s\"", name);
        if (!guest_boolean(m, o, where, "enable", true))
                return;
        target = guest_string(m, o, where, "target");
        text = guest_string(m, o, where, "text");
        mode_text = guest_string(m, o, where, "mode");
        user = owner_text(m, o, where, "user", "uid");
        group = owner_text(m, o, where, "group", "gid");
        if (m->error < 0)
                return;
        if (!target)
                target = name;
        if (!target_is_valid(target))
                guest_fail(m, EINVAL, "%s: '%s' is not a path below /etc: relative, without '.', '..' or empty parts",
                           where, string_is_clean(target) ? target : "(unprintable)");
        else if (!mode_parse(mode_text, &mode))
                guest_fail(m, EINVAL, "%s.mode: expected octal digits such as \"0600\", or \"symlink\", found \"%s\"",
                           where, mode_text);
        else if (!text)
                guest_fail(m, EINVAL, "%s: has neither text nor source; say what the file holds", where);
        else {
                path = format("/etc/%s", target);
                if (string_equal(target, "fstab"))
                        guest_add_link(m, "/etc/systemd/system-generators/" FSTAB_GENERATOR,
                                       "/usr/lib/systemd/system-generators/" FSTAB_GENERATOR);
                if (path)
                        guest_add_owned(m, path, mode, user, group, text);
                else
                        guest_fail(m, ENOMEM, "out of memory");
        }
}

void guest_make_etc(struct guest_maker *m) {
        const json_t *environment = guest_object(m, m->config, "config", "environment");
        const json_t *etc = guest_object(m, environment, "environment", "etc");
        const char *name;
        json_t *o;

        json_object_foreach ((json_t *) etc, name, o)
                make_file(m, name, o);
}

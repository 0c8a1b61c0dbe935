#include "container/build.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/program.h"
#include "base/string-list.h"
#include "front/directories.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define OUTPUT_MAX        (1 << 20)
#define ATTRIBUTE_DEFAULT "container" /* SPEC D.3 */

void build_clear(struct build *b) {
        free(b->flake);
        free(b->nixos_path);
        *b = BUILD_INIT;
}

int build_check(const struct invocation *i, struct error *e) {
        bool flake = invocation_has(i, OPTION_FLAKE_REFERENCE), nixos = invocation_has(i, OPTION_NIXOS_PATH);
        bool config = invocation_has(i, OPTION_CONFIG_TEXT) || invocation_has(i, OPTION_CONFIG_FILE);

        if (flake && (nixos || config))
                return error_set(e, EINVAL, EXIT_USAGE,
                                 "--flake has its configuration: leave --config, --config-file and --nixos-path out");
        if ((flake || nixos) && invocation_has(i, OPTION_SYSTEM_PATH))
                return error_set(e, EINVAL, EXIT_USAGE,
                                 "--system-path is a system that is built: leave --flake and --nixos-path out");
        return 0;
}

static bool is_for_nix(enum option o) {
        return o >= OPTION_NIX_OPTION && o <= OPTION_REFRESH;
}

int build_check_unused(const struct invocation *i, struct error *e) {
        for (size_t k = 0; k < i->arguments.n_given; k++)
                if (is_for_nix(i->arguments.given[k].option))
                        return error_set(e, EINVAL, EXIT_USAGE,
                                         "--%s is for what Nix builds, with --flake or --nixos-path; --config and "
                                         "--config-file alone need no Nix that builds: leave it out",
                                         option_info(i->arguments.given[k].option)->name);
        return 0;
}

/* "REF?QUERY#ATTR": with the attribute, which Nix gets in quotes, and from anywhere. */
static int flake_whole(const char *shown, const char *reference, char **ret, struct error *e) {
        size_t n = strcspn(reference, "?#"), end = strcspn(reference, "#");
        const char *attribute = reference[end] && reference[end + 1] ? reference + end + 1 : ATTRIBUTE_DEFAULT;
        _cleanup_(freep) char *place = n ? strndup(reference, n) : strdup("."), *absolute = NULL;

        if (!reference[0] || reference[0] == '-')
                return error_set(e, EINVAL, EXIT_USAGE, "%s '%s' is no flake, such as .#web or github:OWNER/NAME#web",
                                 shown, reference);
        if (strpbrk(attribute, "\"\\$"))
                return error_set(e, EINVAL, EXIT_USAGE, "%s %s: the attribute is a name without quotes", shown,
                                 reference);
        if (place && (place[0] == '.' || place[0] == '/')) {
                absolute = realpath(place, NULL);
                if (!absolute)
                        return error_errno(e, errno, EXIT_CONTAINER, "cannot find %s %s", shown, reference);
        }
        *ret = place ? format("%s%.*s#%s", absolute ?: place, (int) (end - n), reference + n, attribute) : NULL;
        return *ret ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot build %s", reference);
}

int build_from_options(const struct invocation *i, struct build *ret, struct error *e) {
        const char *flake = invocation_value(i, OPTION_FLAKE_REFERENCE);
        const char *nixos = invocation_value(i, OPTION_NIXOS_PATH);

        *ret = BUILD_INIT;
        if (flake)
                return flake_whole("--flake", flake, &ret->flake, e);
        /* "<nixpkgs/nixos>" is Nix' to find. */
        if (nixos)
                ret->nixos_path = nixos[0] == '<' ? strdup(nixos) : realpath(nixos, NULL);
        return nixos && !ret->nixos_path ? error_errno(e, errno, EXIT_CONTAINER, "cannot find --nixos-path %s", nixos)
                                         : 0;
}

int build_from_conf(const struct conf *conf, struct build *ret, struct error *e) {
        const char *flake = conf_get(conf, "FLAKE"), *nixos = conf_get(conf, "NIXOS_PATH");

        *ret = BUILD_INIT;
        if (flake && flake[0])
                return flake_whole("FLAKE", flake, &ret->flake, e);
        ret->nixos_path = nixos && nixos[0] ? strdup(nixos) : NULL;
        return nixos && nixos[0] && !ret->nixos_path
                       ? error_errno(e, ENOMEM, EXIT_FAILED, "cannot build with %s", nixos)
                       : 0;
}

static int read_all(int fd, struct buffer *b) {
        char data[4096];
        ssize_t n;

        while ((n = read(fd, data, sizeof(data))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (b->size + (size_t) n > OUTPUT_MAX)
                        return -EFBIG;
                buffer_append(b, data, (size_t) n);
        }
        return buffer_error(b);
}

/* Runs a program of Nix; *output (NULL: not of interest) gets what it prints. */
static int run(char *const argv[], const char *what, struct buffer *output, struct error *e) {
        _cleanup_(buffer_clear) struct buffer own = BUFFER_INIT;
        _cleanup_(fd_closep) int in = -1, out = -1;
        int fds[2], r, waited, status;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot %s", what);
        in = fds[0];
        out = fds[1];
        r = program_start(argv, NULL, &(struct program_files){.output = out, .messages = -1, .lock = -1}, &pid);
        if (r == -ENOENT)
                return error_set(e, ENOENT, EXIT_COMMAND,
                                 "cannot %s: the program %s is not there; install it (Debian: apt install nix-bin)",
                                 what, argv[0]);
        if (r < 0)
                return error_errno(e, r, EXIT_COMMAND, "cannot %s: starting %s", what, argv[0]);
        fd_closep(&out);
        r = read_all(in, output ?: &own);
        if (r < 0)
                (void) kill(pid, SIGKILL);
        waited = program_wait(pid, &status);
        if (waited < 0)
                return error_errno(e, waited, EXIT_FAILED, "waiting for %s", argv[0]);
        if (r < 0)
                return error_errno(e, r, EXIT_COMMAND, "cannot %s: reading from %s", what, argv[0]);
        if (WIFSIGNALED(status))
                return error_set(e, EIO, EXIT_COMMAND, "cannot %s: %s was ended by signal %d", what, argv[0],
                                 WTERMSIG(status));
        if (WEXITSTATUS(status) != 0)
                return error_set(e, EIO, EXIT_COMMAND, "cannot %s: %s failed with exit code %d; what it said is above",
                                 what, argv[0], WEXITSTATUS(status));
        return 0;
}

struct words {
        char **list;
        size_t n;
        int error;
};

static void add(struct words *w, const char *word) {
        if (w->error >= 0 && word)
                w->error = strings_append(&w->list, &w->n, word);
}

/* In the order in which they were given. */
static void add_options(struct words *w, const struct invocation *i) {
        const struct arguments *a = &i->arguments;

        for (size_t k = 0; k < a->n_given; k++) {
                const struct given *g = &a->given[k];
                _cleanup_(freep) char *option = NULL;

                if (!is_for_nix(g->option))
                        continue;
                option = format("--%s", option_info(g->option)->name);
                add(w, option ?: "");
                add(w, g->value);
                add(w, g->second);
        }
}

/* Quotes an attribute: what is in quotes is one name to Nix. */
static void add_flake(struct words *w, const char *flake) {
        const char *hash = strchr(flake, '#');
        _cleanup_(freep) char *what = format("%.*s#nixosConfigurations.\"%s\".config.system.build.toplevel",
                                             (int) (hash - flake), flake, hash + 1);

        add(w, "nix");
        add(w, "--extra-experimental-features");
        add(w, "nix-command flakes");
        add(w, "build");
        add(w, "--no-link");
        add(w, "--json");
        add(w, what ?: "");
}

static int take_path(const char *path, const char *what, char **ret, struct error *e) {
        if (!path || strncmp(path, PATH_NIX_STORE "/", strlen(PATH_NIX_STORE "/")) != 0 || !directories_is_built(path))
                return error_set(e, ENOENT, EXIT_CONTAINER,
                                 "cannot %s: what Nix built is no system of NixOS, which has a file init: %s", what,
                                 path ?: "nothing");
        *ret = strdup(path);
        return *ret ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot %s", what);
}

/* [{"outputs": {"out": PATH}}] */
static int take_json(struct buffer *b, const char *what, char **ret, struct error *e) {
        json_t *list = json_loadb(b->data ? (const char *) b->data : "", b->size, 0, NULL);
        const json_t *outputs = json_object_get(json_array_get(list, 0), "outputs");
        int r = take_path(json_string_value(json_object_get(outputs, "out")), what, ret, e);

        json_decref(list);
        return r;
}

static int build_flake(const struct build *b, const struct invocation *i, char **ret, struct error *e) {
        _cleanup_(buffer_clear) struct buffer output = BUFFER_INIT;
        _cleanup_(freep) char *what = format("build the flake %s", b->flake);
        struct words w = {0};
        int r;

        add_flake(&w, b->flake);
        add_options(&w, i);
        r = what && w.error >= 0 ? run(w.list, what, &output, e)
                                 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot build %s", b->flake);
        strings_free(w.list);
        return r < 0 ? r : take_json(&output, what, ret, e);
}

/* The module that NixOS needs to be a container, around a person's. */
static char *container_module(const char *name, const char *configuration) {
        return format("{ config, lib, pkgs, ... }: {\n"
                      "  boot.isContainer = true;\n"
                      "  networking.hostName = lib.mkDefault \"%s\";\n"
                      "  networking.useDHCP = false;\n"
                      "  imports = [ (%s) ];\n"
                      "}\n",
                      name, configuration);
}

static int build_nixos(const struct build *b, const struct invocation *i, const char *file, char **ret,
                       struct error *e) {
        _cleanup_(freep) char *what = format("build the configuration with %s", b->nixos_path);
        _cleanup_(freep) char *setting = format("nixos-config=%s", file);
        _cleanup_(buffer_clear) struct buffer output = BUFFER_INIT;
        struct words w = {0};
        int r;

        add(&w, "nix-build");
        add(&w, "--no-out-link");
        add(&w, b->nixos_path);
        add(&w, "-A");
        add(&w, "system");
        add(&w, "-I");
        add(&w, setting ?: "");
        add_options(&w, i);
        r = what && setting && w.error >= 0 ? run(w.list, what, &output, e)
                                            : error_errno(e, ENOMEM, EXIT_FAILED, "cannot build %s", b->nixos_path);
        strings_free(w.list);
        if (r < 0)
                return r;
        buffer_append_byte(&output, '\0');
        output.data[strcspn((char *) output.data, "\n")] = '\0';
        return take_path((char *) output.data, what, ret, e);
}

int build_run(const struct build *b, const struct invocation *i, const char *name, const char *configuration,
              char **ret, struct error *e) {
        _cleanup_(freep) char *text = NULL, *file = NULL;
        int r;

        if (b->flake)
                return build_flake(b, i, ret, e);
        text = container_module(name, configuration);
        file = strdup("/tmp/nixos-container-XXXXXX");
        if (!text || !file)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot build the configuration of %s", name);
        r = mkdtemp(file) ? 0 : -errno;
        if (r >= 0) {
                _cleanup_(freep) char *path = format("%s/configuration.nix", file);

                r = path ? file_write_atomic(path, text, strlen(text), 0600, false) : -ENOMEM;
                r = r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write the configuration of %s", name)
                          : build_nixos(b, i, path, ret, e);
                (void) tree_remove(file);
                return r;
        }
        return error_errno(e, r, EXIT_FAILED, "cannot make a folder in /tmp");
}

int build_configuration_save(const char *name, const char *text, struct error *e) {
        _cleanup_(freep) char *path = format(PATH_CONFIGURATIONS "/%s.nix", name);
        int r = path ? directory_make(PATH_CONFIGURATIONS, 0700) : -ENOMEM;

        if (r >= 0)
                r = text ? file_write_atomic(path, text, strlen(text), 0600, true) : file_remove(path);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot keep the configuration of %s", name) : 0;
}

int build_configuration_load(const char *name, char **ret, struct error *e) {
        _cleanup_(freep) char *path = format(PATH_CONFIGURATIONS "/%s.nix", name);
        int r = path ? file_read(path, OUTPUT_MAX, ret, NULL) : -ENOMEM;

        return r < 0 ? error_errno(e, r, EXIT_CONTAINER, "cannot read the configuration of %s", name) : 0;
}

int build_keep(const char *name, const char *system, struct error *e) {
        _cleanup_(freep) char *what = format("set the profile of container '%s'", name);
        _cleanup_(freep) char *folder = format(PATH_NIX_PROFILES PATH_NIX_OWN "/%s", name);
        _cleanup_(freep) char *profile = folder ? format("%s/system", folder) : NULL;
        struct words w = {0};
        int r;

        if (!what || !profile)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot keep the system of %s", name);
        r = directory_make(PATH_NIX_PROFILES, 0755);
        r = r < 0 ? r : directory_make(PATH_NIX_PROFILES PATH_NIX_OWN, 0700);
        r = r < 0 ? r : directory_make(folder, 0755);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot make %s", folder);
        add(&w, "nix-env");
        add(&w, "-p");
        add(&w, profile);
        add(&w, "--set");
        add(&w, system);
        r = w.error >= 0 ? run(w.list, what, NULL, e) : error_errno(e, ENOMEM, EXIT_FAILED, "cannot %s", what);
        strings_free(w.list);
        return r;
}

int build_profile(const char *name, char **ret, struct error *e) {
        _cleanup_(freep) char *path = format(PATH_NIX_PROFILES PATH_NIX_OWN "/%s/system", name);
        char target[PATH_MAX];
        ssize_t n = path ? readlink(path, target, sizeof target) : 0;

        *ret = n > 0 ? strndup(target, (size_t) n) : NULL;
        return *ret || n < 0 ? 0
                             : error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the profile of container '%s'", name);
}

int build_profile_restore(const char *name, const char *before, struct error *e) {
        _cleanup_(freep) char *folder = format(PATH_NIX_PROFILES PATH_NIX_OWN "/%s", name), *generation = NULL;
        _cleanup_(freep) char *path = folder ? format("%s/system", folder) : NULL, *now = NULL;
        int r = build_profile(name, &now, e);

        if (r < 0 || string_equal(now, before))
                return r;
        r = !path ? -ENOMEM : before ? symlink_atomic(before, path) : file_remove(path);
        /* A generation is a link beside it; what else it says is the container's doing. */
        if (r >= 0 && now && string_starts_with(now, "system-") && !strchr(now, '/')) {
                generation = format("%s/%s", folder, now);
                r = generation ? file_remove(generation) : -ENOMEM;
        }
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot set the profile of container '%s' back", name) : 0;
}

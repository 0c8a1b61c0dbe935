/* The table of options, and the one parser that reads it. */
#include "front/option.h"

#include "base/buffer.h"

#include <errno.h>
#include <string.h>

static const struct option_info options[_OPTION_MAX] = {
        [OPTION_CONFIG] = {"config", 0, "FILE", "the configuration, Nix (.nix) or JSON (.json)", COMPLETE_FILE, NULL},
        [OPTION_PROFILE] = {"profile", 0, "PATH", "a built NixOS system to use instead of a configuration (not yet)",
                            COMPLETE_FILE, NULL},
        [OPTION_FLAKE] = {"flake", 0, "URL#ATTR", "a flake to build instead of a configuration (not yet)",
                          COMPLETE_NOTHING, NULL},
        [OPTION_SYSTEM] =
                {"system", 0, "SYSTEM",
                 "where the container's system comes from: auto or debian (made by mmdebstrap, once), host (this "
                 "host's own /usr), image (see --image), nixos (not yet); a platform such as x86_64-linux "
                 "means auto (default: auto)",
                 COMPLETE_WORDS, "auto debian host image nixos"},
        [OPTION_IMAGE] = {"image", 0, "PATH",
                          "a directory or tar file with the container's system; implies "
                          "--system image",
                          COMPLETE_FILE, NULL},
        [OPTION_SUITE] = {"suite", 0, "SUITE", "the Debian release of --system debian (default: trixie)",
                          COMPLETE_WORDS, "bookworm trixie sid"},
        [OPTION_STRATEGY] = {"strategy", 0, "STRATEGY",
                             "how a running container takes up the change: restart, reload, or none to leave it "
                             "for its next start (default: the configuration's, else a restart unless only its "
                             "network changed)",
                             COMPLETE_WORDS, "restart reload none"},
        [OPTION_NO_START] = {"no-start", 0, NULL, "create the container, but do not start it", COMPLETE_NOTHING, NULL},
        [OPTION_CONFIG_TEXT] = {"config", 0, "TEXT",
                                "settings of the container, as in a NixOS module without its braces", COMPLETE_NOTHING,
                                NULL, false},
        [OPTION_CONFIG_FILE] = {"config-file", 0, "FILE",
                                "a NixOS module (.nix), or JSON, with the settings of the container", COMPLETE_FILE,
                                NULL, false},
        [OPTION_SYSTEM_PATH] = {"system-path", 0, "PATH",
                                "a built NixOS system, or a directory with usr/, to use as the container's system",
                                COMPLETE_FILE, NULL, false},
        [OPTION_NIXOS_PATH] = {"nixos-path", 0, "PATH",
                               "build the configuration with nixpkgs: its folder nixos, such as '<nixpkgs/nixos>'",
                               COMPLETE_FILE, NULL, false},
        [OPTION_FLAKE_REFERENCE] = {"flake", 0, "REF[#ATTR]",
                                    "a flake to build: its nixosConfigurations.ATTR (default: container)",
                                    COMPLETE_NOTHING, NULL, false},
        [OPTION_ENSURE_UNIQUE_NAME] = {"ensure-unique-name", 0, NULL,
                                       "if NAME is taken, try NAME-0, NAME-1 and so on, and print the name",
                                       COMPLETE_NOTHING, NULL, false},
        [OPTION_AUTO_START] = {"auto-start", 0, NULL, "start the container when the host boots", COMPLETE_NOTHING, NULL,
                               false},
        [OPTION_BRIDGE] = {"bridge", 0, "IF", "put the container's link into this bridge of the host", COMPLETE_NOTHING,
                           NULL, false},
        [OPTION_PORT] = {"port", 0, "[PROTOCOL:]HOST[:CONTAINER]",
                         "ports of the host that lead to the container, separated by commas: tcp:8080:80",
                         COMPLETE_NOTHING, NULL, false},
        [OPTION_HOST_ADDRESS] = {"host-address", 0, "ADDRESS",
                                 "the host's IPv4 address on the link (default: 10.233.N.1)", COMPLETE_NOTHING, NULL,
                                 false},
        [OPTION_LOCAL_ADDRESS] = {"local-address", 0, "ADDRESS", "the container's IPv4 address (default: 10.233.N.2)",
                                  COMPLETE_NOTHING, NULL, false},
        [OPTION_SIGNAL] = {"signal", 0, "SIGNAL", "accepted, and not used", COMPLETE_NOTHING, NULL, false},
        [OPTION_STOP] = {"stop", 0, NULL, "stop the container first, if it runs", COMPLETE_NOTHING, NULL, false},
        [OPTION_NIX_OPTION] = {"option", 0, "NAME VALUE", "for Nix: a setting of Nix", COMPLETE_NOTHING, NULL, true},
        [OPTION_IMPURE] = {"impure", 0, NULL, "for Nix: let the flake look outside", COMPLETE_NOTHING, NULL, false},
        [OPTION_OVERRIDE_INPUT] = {"override-input", 0, "INPUT REF", "for Nix: another flake for an input",
                                   COMPLETE_NOTHING, NULL, true},
        [OPTION_UPDATE_INPUT] = {"update-input", 0, "INPUT", "for Nix: a newer version of an input", COMPLETE_NOTHING,
                                 NULL, false},
        [OPTION_LOG_FORMAT] = {"log-format", 0, "FORMAT", "for Nix: how Nix reports", COMPLETE_NOTHING, NULL, false},
        [OPTION_COMMIT_LOCK_FILE] = {"commit-lock-file", 0, NULL, "for Nix: commit changes of the lock file",
                                     COMPLETE_NOTHING, NULL, false},
        [OPTION_RECREATE_LOCK_FILE] = {"recreate-lock-file", 0, NULL, "for Nix: make the lock file anew",
                                       COMPLETE_NOTHING, NULL, false},
        [OPTION_NO_UPDATE_LOCK_FILE] = {"no-update-lock-file", 0, NULL, "for Nix: do not change the lock file",
                                        COMPLETE_NOTHING, NULL, false},
        [OPTION_NO_WRITE_LOCK_FILE] = {"no-write-lock-file", 0, NULL, "for Nix: do not write the lock file",
                                       COMPLETE_NOTHING, NULL, false},
        [OPTION_NO_REGISTRIES] = {"no-registries", 0, NULL, "for Nix: do not use registries of flakes",
                                  COMPLETE_NOTHING, NULL, false},
        [OPTION_NO_ALLOW_DIRTY] = {"no-allow-dirty", 0, NULL,
                                   "for Nix: refuse a flake with changes that are not committed", COMPLETE_NOTHING,
                                   NULL, false},
        [OPTION_REFRESH] = {"refresh", 0, NULL, "for Nix: do not believe caches of downloads", COMPLETE_NOTHING, NULL,
                            false},
        [OPTION_INTERNAL] = {"internal", 0, NULL, "no way out: members reach each other and the host alone",
                             COMPLETE_NOTHING, NULL},
        [OPTION_PERSISTENT] = {"persistent", 0, NULL, "its bridge is there without members, too", COMPLETE_NOTHING,
                               NULL},
        [OPTION_ISOLATED] = {"isolated", 0, NULL, "members do not reach each other", COMPLETE_NOTHING, NULL},
        [OPTION_NO_INTERNAL] = {"no-internal", 0, NULL, "takes --internal back", COMPLETE_NOTHING, NULL},
        [OPTION_NO_PERSISTENT] = {"no-persistent", 0, NULL, "takes --persistent back", COMPLETE_NOTHING, NULL},
        [OPTION_NO_ISOLATED] = {"no-isolated", 0, NULL, "takes --isolated back", COMPLETE_NOTHING, NULL},
        [OPTION_HOST_ACCESS] = {"host-access", 0, "ACCESS",
                                "what members reach of the host: services (default), all, none, or ports beside the "
                                "services, separated by commas: tcp/443,8080",
                                COMPLETE_WORDS, "services all none"},
        [OPTION_SIZE] = {"size", 0, "LENGTH", "length of the prefix of its IPv4 range, 16 to 29 (default: 24)",
                         COMPLETE_NOTHING, NULL},
        [OPTION_TYPE] = {"type", 0, "TYPE", "only containers of this type: imperative, declarative or unmanaged",
                         COMPLETE_WORDS, "imperative declarative unmanaged"},
        [OPTION_IPV4] = {"ipv4", '4', NULL, "the IPv4 address (default)", COMPLETE_NOTHING, NULL},
        [OPTION_IPV6] = {"ipv6", '6', NULL, "the IPv6 address", COMPLETE_NOTHING, NULL},
        [OPTION_USER] = {"user", 'u', "USER", "the container's user to run as (default: root)", COMPLETE_NOTHING, NULL},
        [OPTION_LINES] = {"lines", 'n', "N", "only the last N lines (default: all)", COMPLETE_NOTHING, NULL},
        [OPTION_FOLLOW] = {"follow", 'f', NULL, "go on with what is written from now on, until interrupted",
                           COMPLETE_NOTHING, NULL},
        [OPTION_TIMEOUT] = {"timeout", 't', "TIME",
                            "how long a clean shutdown may take before the container is killed, such as 30s or 2min "
                            "(default: 90s)",
                            COMPLETE_NOTHING, NULL},
        [OPTION_DELETE_STATE] = {"delete-state", 0, NULL, "delete the container's files in /var/lib/machines as well",
                                 COMPLETE_NOTHING, NULL},
        [OPTION_UNDO] = {"undo", 0, NULL, "take away exactly what setup had done", COMPLETE_NOTHING, NULL},
        [OPTION_DRY_RUN] = {"dry-run", 'n', NULL, "print what would be done, and do nothing", COMPLETE_NOTHING, NULL},
        [OPTION_JSON] = {"json", 0, NULL, "print JSON, errors included, on standard output", COMPLETE_NOTHING, NULL},
        [OPTION_UNIT_FILE_DIR] = {"unit-file-dir", 0, "DIR",
                                  "where to look for .nspawn files (default: /etc/systemd/nspawn)", COMPLETE_FILE,
                                  NULL},
        [OPTION_VERBOSE] = {"verbose", 'v', NULL, "say what is done, step by step", COMPLETE_NOTHING, NULL},
        [OPTION_VERSION] = {"version", 0, NULL, "print the version", COMPLETE_NOTHING, NULL},
        [OPTION_HELP] = {"help", 'h', NULL, "print this help", COMPLETE_NOTHING, NULL},
};

const struct option_info *option_info(enum option o) {
        return &options[o];
}

void arguments_clear(struct arguments *a) {
        free(a->positional);
        free(a->given);
        *a = ARGUMENTS_INIT;
}

/* The option that name (of length size) means among those allowed: an exact one, or the only one it begins. */
static int find_long(const char *name, size_t size, option_set allowed, enum option *ret, struct error *e) {
        _cleanup_(buffer_clear) struct buffer candidates = BUFFER_INIT;
        size_t n = 0;

        for (enum option o = 0; o < _OPTION_MAX; o++) {
                if (!(allowed & OPTION_BIT(o)) || strncmp(options[o].name, name, size) != 0)
                        continue;
                if (strlen(options[o].name) == size) {
                        *ret = o;
                        return 0;
                }
                buffer_append_format(&candidates, "%s--%s", n > 0 ? ", " : "", options[o].name);
                *ret = o;
                n++;
        }
        if (n == 1 && size > 0)
                return 0;
        if (n > 1 && size > 0)
                return error_set(e, EINVAL, EXIT_USAGE, "option --%.*s is ambiguous: %s", (int) size, name,
                                 buffer_text(&candidates));
        for (enum option o = 0; o < _OPTION_MAX; o++)
                if (strlen(options[o].name) == size && strncmp(options[o].name, name, size) == 0)
                        return error_set(e, EINVAL, EXIT_USAGE, "option --%s does not belong here", options[o].name);
        return error_set(e, EINVAL, EXIT_USAGE, "unknown option --%.*s; --help lists those that there are", (int) size,
                         name);
}

static void arguments_store(struct arguments *a, enum option o, const char *value) {
        a->set |= OPTION_BIT(o);
        a->values[o] = value;
        a->given[a->n_given++] = (struct given){.option = o, .value = value};
}

/* One "--word"; may take the word after it. */
static int parse_long(size_t argc, char *const argv[], size_t *i, option_set allowed, struct arguments *ret,
                      struct error *e) {
        const char *name = argv[*i] + 2, *equals = strchr(name, '=');
        size_t size = equals ? (size_t) (equals - name) : strlen(name);
        enum option o = _OPTION_MAX;
        int r;

        r = find_long(name, size, allowed, &o, e);
        if (r < 0)
                return r;
        if (!options[o].argument) {
                if (equals)
                        return error_set(e, EINVAL, EXIT_USAGE, "option --%s takes no value, but got '%s'",
                                         options[o].name, equals + 1);
                arguments_store(ret, o, NULL);
                return 0;
        }
        if (equals) {
                arguments_store(ret, o, equals + 1);
                return 0;
        }
        if (*i + 1 >= argc)
                return error_set(e, EINVAL, EXIT_USAGE, "option --%s needs a value: --%s %s", options[o].name,
                                 options[o].name, options[o].argument);
        arguments_store(ret, o, argv[++*i]);
        if (options[o].two && ++*i >= argc)
                return error_set(e, EINVAL, EXIT_USAGE, "option --%s needs two values: --%s %s", options[o].name,
                                 options[o].name, options[o].argument);
        if (options[o].two)
                ret->given[ret->n_given - 1].second = argv[*i];
        return 0;
}

/* One "-abc"; the last letter may take the rest of the word or the word after it. */
static int parse_letters(size_t argc, char *const argv[], size_t *i, option_set allowed, struct arguments *ret,
                         struct error *e) {
        for (const char *p = argv[*i] + 1; *p; p++) {
                enum option o;

                for (o = 0; o < _OPTION_MAX; o++)
                        if ((allowed & OPTION_BIT(o)) && options[o].letter == *p)
                                break;
                if (o == _OPTION_MAX)
                        return error_set(e, EINVAL, EXIT_USAGE, "unknown option -%c; --help lists those that there are",
                                         *p);
                if (!options[o].argument) {
                        arguments_store(ret, o, NULL);
                        continue;
                }
                if (p[1])
                        arguments_store(ret, o, p + 1);
                else if (*i + 1 < argc)
                        arguments_store(ret, o, argv[++*i]);
                else
                        return error_set(e, EINVAL, EXIT_USAGE, "option -%c needs a value: -%c %s", *p, *p,
                                         options[o].argument);
                return 0;
        }
        return 0;
}

int arguments_parse(size_t argc, char *const argv[], option_set allowed, size_t stop, struct arguments *ret,
                    struct error *e) {
        _cleanup_(arguments_clear) struct arguments a = ARGUMENTS_INIT;
        bool options_ended = false, dashes_seen = false;
        size_t room = 1;

        /* Letters share a word: a word has at most as many options as letters. */
        for (size_t i = 0; i < argc; i++)
                room += strlen(argv[i]) + 1;
        a.positional = calloc(argc + 1, sizeof(*a.positional));
        a.given = calloc(room, sizeof(*a.given));
        if (!a.positional || !a.given)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot read the command line");

        for (size_t i = 0; i < argc; i++) {
                int r = 0;

                if (!dashes_seen && strcmp(argv[i], "--") == 0)
                        options_ended = dashes_seen = true;
                else if (options_ended || argv[i][0] != '-' || argv[i][1] == '\0') {
                        a.positional[a.n_positional++] = argv[i];
                        if (a.n_positional >= stop)
                                options_ended = dashes_seen = true;
                } else if (argv[i][1] == '-')
                        r = parse_long(argc, argv, &i, allowed, &a, e);
                else
                        r = parse_letters(argc, argv, &i, allowed, &a, e);
                if (r < 0)
                        return r;
        }
        *ret = a;
        a = ARGUMENTS_INIT;
        return 0;
}

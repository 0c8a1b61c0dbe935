/* Options of the command line: one table for parsing, help, completion and the manual.
 *
 * Long options may be shortened to any unambiguous prefix, values may follow after "=" or as the next word, letters
 * may be bundled, "--" ends the options. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which help lists them. */
enum option {
        OPTION_CONFIG,
        OPTION_PROFILE,
        OPTION_FLAKE,
        OPTION_SYSTEM,
        OPTION_IMAGE,
        OPTION_SUITE,
        OPTION_STRATEGY,
        OPTION_NO_START,
        /* Of nixos-container. */
        OPTION_CONFIG_TEXT,
        OPTION_CONFIG_FILE,
        OPTION_SYSTEM_PATH,
        OPTION_NIXOS_PATH,
        OPTION_FLAKE_REFERENCE,
        OPTION_ENSURE_UNIQUE_NAME,
        OPTION_AUTO_START,
        OPTION_BRIDGE,
        OPTION_PORT,
        OPTION_HOST_ADDRESS,
        OPTION_LOCAL_ADDRESS,
        OPTION_SIGNAL,
        OPTION_STOP,
        /* Of Nix. */
        OPTION_NIX_OPTION,
        OPTION_IMPURE,
        OPTION_OVERRIDE_INPUT,
        OPTION_UPDATE_INPUT,
        OPTION_LOG_FORMAT,
        OPTION_COMMIT_LOCK_FILE,
        OPTION_RECREATE_LOCK_FILE,
        OPTION_NO_UPDATE_LOCK_FILE,
        OPTION_NO_WRITE_LOCK_FILE,
        OPTION_NO_REGISTRIES,
        OPTION_NO_ALLOW_DIRTY,
        OPTION_REFRESH,

        /* Of zones. */
        OPTION_INTERNAL,
        OPTION_PERSISTENT,
        OPTION_ISOLATED,
        OPTION_NO_INTERNAL,
        OPTION_NO_PERSISTENT,
        OPTION_NO_ISOLATED,
        OPTION_HOST_ACCESS,
        OPTION_SIZE,

        OPTION_TYPE,
        OPTION_IPV4,
        OPTION_IPV6,
        OPTION_USER,
        OPTION_LINES,
        OPTION_FOLLOW,
        OPTION_TIMEOUT,
        OPTION_DELETE_STATE,
        OPTION_UNDO,
        OPTION_DRY_RUN,
        OPTION_JSON,
        OPTION_UNIT_FILE_DIR,
        OPTION_VERBOSE,
        OPTION_VERSION,
        OPTION_HELP,
        _OPTION_MAX,
};

typedef uint64_t option_set;
#define OPTION_BIT(o) ((option_set) 1 << (o))

/* What a shell offers for a value or an argument. */
enum completion {
        COMPLETE_NOTHING,
        COMPLETE_FILE,
        COMPLETE_CONTAINER,
        COMPLETE_ZONE, /* what to do with one, then its name */
        COMPLETE_COMMAND,
        COMPLETE_WORDS, /* those of the option */
};

struct option_info {
        const char *name;     /* without "--" */
        char letter;          /* or 0 */
        const char *argument; /* what the value is called, NULL: takes none */
        const char *help;
        enum completion completion;
        const char *words; /* COMPLETE_WORDS: separated by blanks */
        bool two;          /* takes two values; the first is arguments_value() */
};

const struct option_info *option_info(enum option o);

/* One option as it was given. */
struct given {
        enum option option;
        const char *value, *second; /* NULL: none */
};

/* Values borrow from argv; only the lists are owned. */
struct arguments {
        option_set set;
        const char *values[_OPTION_MAX]; /* of the last occurrence */
        char **positional;               /* NULL-terminated */
        size_t n_positional;
        struct given *given; /* all of them, in order */
        size_t n_given;
};

#define ARGUMENTS_INIT ((struct arguments){0})

void arguments_clear(struct arguments *a);

/* Reads argv (without program or command name). allowed: the options that exist here. stop: so many positional
 * arguments end the options (those that follow belong to somebody else's command); SIZE_MAX: never.
 * -EINVAL and EXIT_USAGE with what is wrong. */
int arguments_parse(size_t argc, char *const argv[], option_set allowed, size_t stop, struct arguments *ret,
                    struct error *e);

static inline bool arguments_has(const struct arguments *a, enum option o) {
        return a->set & OPTION_BIT(o);
}

/* The option's value, NULL when it was not given. */
static inline const char *arguments_value(const struct arguments *a, enum option o) {
        return arguments_has(a, o) ? a->values[o] : NULL;
}

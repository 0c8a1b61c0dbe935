/* What a command is, and what it is run with. One table (commands.c) drives dispatch, help, completion and the
 * manual; a command is one file with one function. */
#pragma once

#include "cli/option.h"
#include "cli/output.h"

struct invocation;

struct command {
        const char *name;
        const char *synopsis;       /* its arguments after the options: "NAME [--] COMMAND [ARGUMENT...]" */
        const char *summary;        /* half a line */
        const char *description;    /* paragraphs, separated by empty lines */
        option_set options;         /* beside those that every command has */
        size_t min, max;            /* positional arguments */
        size_t stop;                /* so many end the options; 0: never */
        enum completion completion; /* what the first argument is */
        bool repairs;               /* deals with containers: what a dead command left half done is taken back first */
        bool hidden;                /* left out of help and the manual */
        int (*run)(struct invocation *i, struct error *e);
};

/* Ended by one without a name. */
extern const struct command commands[];

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);

/* Every option that the command takes. */
option_set command_options(const struct command *command);

/* Options before the command. */
#define GLOBAL_OPTIONS                                                                                                 \
        (OPTION_BIT(OPTION_HELP) | OPTION_BIT(OPTION_VERBOSE) | OPTION_BIT(OPTION_VERSION) |                           \
         OPTION_BIT(OPTION_UNIT_FILE_DIR) | OPTION_BIT(OPTION_JSON))

/* One run of a command. */
struct invocation {
        const struct command *command;
        struct arguments arguments;
        struct output output;
        const char *unit_directory; /* where the .nspawn files are */
        int exit_status;            /* on success: for `run`, which passes another program's on */
};

static inline bool invocation_has(const struct invocation *i, enum option o) {
        return arguments_has(&i->arguments, o);
}

static inline const char *invocation_value(const struct invocation *i, enum option o) {
        return arguments_value(&i->arguments, o);
}

/* The n-th argument, NULL when there are fewer. */
static inline const char *invocation_argument(const struct invocation *i, size_t n) {
        return n < i->arguments.n_positional ? i->arguments.positional[n] : NULL;
}

/* Refuses unless root, and when the unit files are elsewhere than where systemd-nspawn looks. */
int invocation_may_change(const struct invocation *i, struct error *e);

int command_create(struct invocation *i, struct error *e);
int command_update(struct invocation *i, struct error *e);
int command_remove(struct invocation *i, struct error *e);
int command_list(struct invocation *i, struct error *e);
int command_status(struct invocation *i, struct error *e);
int command_show_ip(struct invocation *i, struct error *e);
int command_ports(struct invocation *i, struct error *e);
int command_start(struct invocation *i, struct error *e);
int command_stop(struct invocation *i, struct error *e);
int command_restart(struct invocation *i, struct error *e);
int command_autostart(struct invocation *i, struct error *e);
int command_run(struct invocation *i, struct error *e);
int command_shell(struct invocation *i, struct error *e);
int command_logs(struct invocation *i, struct error *e);
int command_setup(struct invocation *i, struct error *e);
int command_apply(struct invocation *i, struct error *e);
int command_help(struct invocation *i, struct error *e);
int command_version(struct invocation *i, struct error *e);
int command_completion(struct invocation *i, struct error *e);
int command_manual(struct invocation *i, struct error *e);

/* What a program of this project's command lines is, what a command of it is, and what that is run with. One table a
 * program drives dispatch, help, completion and the manual; a command is one file with one function. */
#pragma once

#include "front/option.h"
#include "front/output.h"

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

struct program {
        const char *name;               /* "nixos-nspawn" */
        const char *title;              /* of its help */
        const struct command *commands; /* ended by one without a name */
        option_set options;             /* before the command */
        option_set every;               /* that every command has */
        bool nixos_only;                /* knows nixos-containers alone */
        bool one_status;                /* whatever fails, the exit status is 1 */
};

/* Reads the command line, runs what it says, says what went wrong. Returns the exit status. */
int program_main(const struct program *program, int argc, char *argv[]);

/* NULL when there is none of that name. */
const struct command *command_find(const struct program *program, const char *name);

/* Every option that the command takes. */
option_set command_options(const struct program *program, const struct command *command);

/* One run of a command. */
struct invocation {
        const struct program *program;
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

/* Commands that every program has. */
int command_help(struct invocation *i, struct error *e);
int command_version(struct invocation *i, struct error *e);
int command_completion(struct invocation *i, struct error *e);
int command_manual(struct invocation *i, struct error *e);

/* The ends of their tables. page: the manual page of the program, "nixos-nspawn(1)". */
#define PROGRAM_COMMANDS(PAGE)                                                                                         \
        {                                                                                                              \
                .name = "help",                                                                                        \
                .synopsis = "[COMMAND]",                                                                               \
                .summary = "print help, in general or for one command",                                                \
                .description = "Prints the list of commands, or help for COMMAND.",                                    \
                .max = 1,                                                                                              \
                .completion = COMPLETE_COMMAND,                                                                        \
                .run = command_help,                                                                                   \
        },                                                                                                             \
                {                                                                                                      \
                        .name = "version",                                                                             \
                        .synopsis = "",                                                                                \
                        .summary = "print the version",                                                                \
                        .description = "Prints the version.",                                                          \
                        .options = OPTION_BIT(OPTION_JSON),                                                            \
                        .run = command_version,                                                                        \
                },                                                                                                     \
                {                                                                                                      \
                        .name = "completion",                                                                          \
                        .synopsis = "bash|zsh|fish|containers",                                                        \
                        .summary = "print a shell's completion script",                                                \
                        .description = "Prints the completion script for a shell, or the names of the containers, "    \
                                       "which those "                                                                  \
                                       "scripts ask for.",                                                             \
                        .min = 1,                                                                                      \
                        .max = 1,                                                                                      \
                        .hidden = true,                                                                                \
                        .run = command_completion,                                                                     \
                },                                                                                                     \
        {                                                                                                              \
                .name = "manual", .synopsis = "", .summary = "print the manual's part about commands",                 \
                .description = "Prints the sections of " PAGE " that follow from the table of commands, for "          \
                               "scdoc.",                                                                               \
                .hidden = true, .run = command_manual,                                                                 \
        }

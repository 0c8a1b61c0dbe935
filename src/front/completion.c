/* Completion scripts for bash, zsh and fish, made from the table of commands. Names of containers are asked of the
 * program itself when somebody presses the key. */
#include "front/help.h"

#include "base/parse.h"
#include "base/string-list.h"
#include "state/store.h"
#include "state/zones.h"

#include <errno.h>
#include <string.h>

/* Words that completion_print() puts names in place of. */
#define PROGRAM    "@PROGRAM@"
#define FUNCTION   "@FUNCTION@"
#define CONTAINERS PROGRAM " completion containers 2>/dev/null"
#define ZONES      PROGRAM " completion zones 2>/dev/null"

/* Options that some command of the program has. */
static option_set all_options(const struct program *p) {
        option_set set = p->options | p->every;

        for (const struct command *c = p->commands; c->name; c++)
                set |= c->options;
        return set;
}

static void bash_options(FILE *stream, option_set set) {
        for (enum option o = 0; o < _OPTION_MAX; o++) {
                const struct option_info *info = option_info(o);

                if (!(set & OPTION_BIT(o)))
                        continue;
                (void) fprintf(stream, " --%s", info->name);
                if (info->letter)
                        (void) fprintf(stream, " -%c", info->letter);
        }
}

/* The words that take a value, as patterns of a case. */
static void bash_values(FILE *stream, const struct program *program) {
        for (enum option o = 0; o < _OPTION_MAX; o++) {
                const struct option_info *info = option_info(o);

                if (!info->argument || !(all_options(program) & OPTION_BIT(o)))
                        continue;
                (void) fprintf(stream, "        --%s", info->name);
                if (info->letter)
                        (void) fprintf(stream, "|-%c", info->letter);
                if (info->completion == COMPLETE_FILE)
                        (void) fputs(") compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$word\")); "
                                     "return;;\n",
                                     stream);
                else
                        (void) fprintf(stream, ") COMPREPLY=($(compgen -W '%s' -- \"$word\")); return;;\n",
                                       info->words ?: "");
        }
}

static const char *bash_argument(enum completion completion) {
        switch (completion) {
        case COMPLETE_CONTAINER:
                return "$(" CONTAINERS ")";
        case COMPLETE_ZONE:
                return "$(" ZONES ")";
        case COMPLETE_COMMAND:
                return "$commands";
        default:
                return "";
        }
}

static void print_bash(FILE *stream, const struct program *program) {
        (void) fputs("# bash completion for " PROGRAM "\n_" FUNCTION "() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
                     "    local commands='",
                     stream);
        for (const struct command *c = program->commands; c->name; c++)
                if (!c->hidden)
                        (void) fprintf(stream, "%s%s", c == program->commands ? "" : " ", c->name);
        (void) fputs("'\n    COMPREPLY=()\n    case $before in\n", stream);
        bash_values(stream, program);
        (void) fputs("    esac\n"
                     "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                     "        case ${COMP_WORDS[i]} in\n"
                     "        --unit-file-dir) ((i++));;\n"
                     "        -*) ;;\n"
                     "        *) command=${COMP_WORDS[i]}; break;;\n"
                     "        esac\n"
                     "    done\n"
                     "    local options arguments=\n"
                     "    case $command in\n"
                     "    '') options='",
                     stream);
        bash_options(stream, program->options);
        (void) fputs("'; arguments=$commands;;\n", stream);
        for (const struct command *c = program->commands; c->name; c++) {
                if (c->hidden)
                        continue;
                (void) fprintf(stream, "    %s) options='", c->name);
                bash_options(stream, command_options(program, c));
                (void) fprintf(stream, "'; arguments=%s;;\n", bash_argument(c->completion));
        }
        (void) fputs("    esac\n"
                     "    if [[ $word == -* ]]; then arguments=$options; fi\n"
                     "    COMPREPLY=($(compgen -W \"$arguments\" -- \"$word\"))\n"
                     "}\ncomplete -F _" FUNCTION " " PROGRAM "\n",
                     stream);
}

/* Text inside single quotes of a shell, with what zsh's _arguments gives a meaning to taken out. */
static void print_quoted(FILE *stream, const char *text) {
        for (const char *p = text; *p; p++)
                if (*p == '\'')
                        (void) fputs("'\\''", stream);
                else if (strchr("[]:", *p))
                        (void) fprintf(stream, "\\%c", *p);
                else
                        (void) fputc(*p, stream);
}

static void zsh_action(FILE *stream, const struct option_info *info) {
        (void) fprintf(stream, ":%s:", info->argument);
        if (info->completion == COMPLETE_FILE)
                (void) fputs("_files", stream);
        else if (info->words)
                (void) fprintf(stream, "(%s)", info->words);
}

static void zsh_option(FILE *stream, enum option o, const char *end) {
        const struct option_info *info = option_info(o);

        for (int letter = 0; letter <= (info->letter != 0); letter++) {
                if (letter)
                        (void) fprintf(stream, "            '-%c[", info->letter);
                else
                        (void) fprintf(stream, "            '--%s[", info->name);
                print_quoted(stream, info->help);
                (void) fputc(']', stream);
                if (info->argument)
                        zsh_action(stream, info);
                (void) fprintf(stream, "'%s", end);
        }
}

static void zsh_options(FILE *stream, option_set set) {
        for (enum option o = 0; o < _OPTION_MAX; o++)
                if (set & OPTION_BIT(o))
                        zsh_option(stream, o, " \\\n");
}

static void print_zsh(FILE *stream, const struct program *program) {
        (void) fputs("#compdef " PROGRAM "\n"
                     "_" FUNCTION "_containers() { compadd -- ${(f)\"$(" CONTAINERS ")\"} }\n"
                     "_" FUNCTION "_zones() { compadd -- ${(f)\"$(" ZONES ")\"} }\n"
                     "_" FUNCTION "_commands() {\n    local -a commands=(\n",
                     stream);
        for (const struct command *c = program->commands; c->name; c++) {
                if (c->hidden)
                        continue;
                (void) fprintf(stream, "        '%s:", c->name);
                print_quoted(stream, c->summary);
                (void) fputs("'\n", stream);
        }
        (void) fputs("    )\n    _describe command commands\n}\n"
                     "_" FUNCTION "() {\n    local curcontext=$curcontext state line\n"
                     "    _arguments -C -S \\\n",
                     stream);
        zsh_options(stream, program->options);
        (void) fputs("            '1:command:_" FUNCTION "_commands' '*::argument:->arguments' && return\n"
                     "    case $words[1] in\n",
                     stream);
        for (const struct command *c = program->commands; c->name; c++) {
                if (c->hidden)
                        continue;
                (void) fprintf(stream, "    %s) _arguments -S \\\n", c->name);
                zsh_options(stream, command_options(program, c));
                if (c->completion == COMPLETE_CONTAINER)
                        (void) fprintf(stream, "            '%s:container:_" FUNCTION "_containers'%s;;\n",
                                       c->max > 1 && c->stop == 0 ? "*" : "1",
                                       c->stop > 0 ? " '*:::command:_normal'" : "");
                else if (c->completion == COMPLETE_ZONE)
                        (void) fputs("            '*:zone:_" FUNCTION "_zones';;\n", stream);
                else if (c->completion == COMPLETE_COMMAND)
                        (void) fputs("            '1:command:_" FUNCTION "_commands';;\n", stream);
                else
                        (void) fprintf(stream, "            %s;;\n", c->max > 0 ? "'1:name: '" : "");
        }
        (void) fputs("    esac\n}\n_" FUNCTION " \"$@\"\n", stream);
}

static void fish_option(FILE *stream, const char *condition, enum option o) {
        const struct option_info *info = option_info(o);

        (void) fprintf(stream, "complete -c " PROGRAM " -n '%s' -l %s", condition, info->name);
        if (info->letter)
                (void) fprintf(stream, " -s %c", info->letter);
        if (info->completion == COMPLETE_FILE)
                (void) fputs(" -r -F", stream);
        else if (info->words)
                (void) fprintf(stream, " -x -a '%s'", info->words);
        else if (info->argument)
                (void) fputs(" -x", stream);
        (void) fputs(" -d \"", stream);
        for (const char *p = info->help; *p; p++)
                (void) fprintf(stream, strchr("\"$\\", *p) ? "\\%c" : "%c", *p);
        (void) fputs("\"\n", stream);
}

static void fish_options(FILE *stream, const char *condition, option_set set) {
        for (enum option o = 0; o < _OPTION_MAX; o++)
                if (set & OPTION_BIT(o))
                        fish_option(stream, condition, o);
}

static void print_fish(FILE *stream, const struct program *program) {
        (void) fputs("# fish completion for " PROGRAM "\ncomplete -c " PROGRAM " -f\n", stream);
        for (const struct command *c = program->commands; c->name; c++)
                if (!c->hidden)
                        (void) fprintf(stream, "complete -c " PROGRAM " -n __fish_use_subcommand -a %s -d \"%s\"\n",
                                       c->name, c->summary);
        fish_options(stream, "__fish_use_subcommand", program->options);
        for (const struct command *c = program->commands; c->name; c++) {
                _cleanup_(freep) char *condition = NULL;

                if (c->hidden)
                        continue;
                if (asprintf(&condition, "__fish_seen_subcommand_from %s", c->name) < 0) {
                        condition = NULL;
                        return;
                }
                if (c->completion == COMPLETE_CONTAINER)
                        (void) fprintf(stream, "complete -c " PROGRAM " -n '%s' -a '(" CONTAINERS ")'\n", condition);
                if (c->completion == COMPLETE_ZONE)
                        (void) fprintf(stream, "complete -c " PROGRAM " -n '%s' -a '(" ZONES ")'\n", condition);
                fish_options(stream, condition, command_options(program, c));
        }
}

/* text with its names in place. */
static void print_named(FILE *stream, const struct program *program, const char *text) {
        while (*text) {
                size_t size = strcspn(text, "@");

                (void) fprintf(stream, "%.*s", (int) size, text);
                text += size;
                if (string_starts_with(text, PROGRAM)) {
                        (void) fputs(program->name, stream);
                        text += strlen(PROGRAM);
                } else if (string_starts_with(text, FUNCTION)) {
                        for (const char *p = program->name; *p; p++)
                                (void) fputc(*p == '-' ? '_' : *p, stream);
                        text += strlen(FUNCTION);
                } else if (*text)
                        (void) fputc(*text++, stream);
        }
}

int completion_print(FILE *stream, const struct program *program, const char *shell) {
        static const struct {
                const char *shell;
                void (*print)(FILE *stream, const struct program *program);
        } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

        for (size_t i = 0; i < ELEMENTS_OF(shells); i++) {
                _cleanup_(freep) char *text = NULL;
                size_t size;
                FILE *f;

                if (strcmp(shell, shells[i].shell) != 0)
                        continue;
                f = open_memstream(&text, &size);
                if (!f)
                        return -ENOMEM;
                shells[i].print(f, program);
                if (fclose(f) != 0)
                        return -ENOMEM;
                print_named(stream, program, text);
                return 0;
        }
        return -EINVAL;
}

/* What comes after "zone": what to do, then with which. */
static int print_zones(struct invocation *i, struct error *e) {
        _cleanup_(strings_freep) char **names = NULL;
        int r = zones_list(&names, e);

        if (r < 0)
                return r;
        output_line(&i->output, "create\nlist\nremove\nstatus\nupdate");
        for (char **name = names; *name; name++)
                output_line(&i->output, "%s", *name);
        return 0;
}

int command_completion(struct invocation *i, struct error *e) {
        const char *shell = invocation_argument(i, 0);

        if (strcmp(shell, "containers") == 0) {
                _cleanup_(strings_freep) char **names = NULL;
                int r;

                r = store_list(&names);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot list the containers");
                for (char **name = names; *name; name++) {
                        enum container_kind kind = CONTAINER_NSPAWN;

                        (void) store_kind(*name, &kind);
                        if (kind == CONTAINER_NIXOS || !i->program->nixos_only)
                                output_line(&i->output, "%s", *name);
                }
                return 0;
        }
        if (strcmp(shell, "zones") == 0)
                return print_zones(i, e);
        if (completion_print(i->output.stream, i->program, shell) < 0)
                return error_set(e, EINVAL, EXIT_USAGE, "no completion for '%s', only for bash, zsh and fish", shell);
        return 0;
}

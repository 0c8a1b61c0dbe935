/* Completion scripts for bash, zsh and fish, made from the table of commands. Names of containers are asked of the
 * program itself when somebody presses the key. */
#include "cli/help.h"

#include "state/store.h"

#include <errno.h>
#include <string.h>

#define CONTAINERS "nixos-nspawn completion containers 2>/dev/null"

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
static void bash_values(FILE *stream) {
        for (enum option o = 0; o < _OPTION_MAX; o++) {
                const struct option_info *info = option_info(o);

                if (!info->argument)
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
        case COMPLETE_COMMAND:
                return "$commands";
        default:
                return "";
        }
}

static void print_bash(FILE *stream) {
        (void) fputs("# bash completion for nixos-nspawn\n_nixos_nspawn() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
                     "    local commands='",
                     stream);
        for (const struct command *c = commands; c->name; c++)
                if (!c->hidden)
                        (void) fprintf(stream, "%s%s", c == commands ? "" : " ", c->name);
        (void) fputs("'\n    COMPREPLY=()\n    case $before in\n", stream);
        bash_values(stream);
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
        bash_options(stream, GLOBAL_OPTIONS);
        (void) fputs("'; arguments=$commands;;\n", stream);
        for (const struct command *c = commands; c->name; c++) {
                if (c->hidden)
                        continue;
                (void) fprintf(stream, "    %s) options='", c->name);
                bash_options(stream, command_options(c));
                (void) fprintf(stream, "'; arguments=%s;;\n", bash_argument(c->completion));
        }
        (void) fputs("    esac\n"
                     "    if [[ $word == -* ]]; then arguments=$options; fi\n"
                     "    COMPREPLY=($(compgen -W \"$arguments\" -- \"$word\"))\n"
                     "}\ncomplete -F _nixos_nspawn nixos-nspawn\n",
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

static void print_zsh(FILE *stream) {
        (void) fputs("#compdef nixos-nspawn\n"
                     "_nixos_nspawn_containers() { compadd -- ${(f)\"$(" CONTAINERS ")\"} }\n"
                     "_nixos_nspawn_commands() {\n    local -a commands=(\n",
                     stream);
        for (const struct command *c = commands; c->name; c++) {
                if (c->hidden)
                        continue;
                (void) fprintf(stream, "        '%s:", c->name);
                print_quoted(stream, c->summary);
                (void) fputs("'\n", stream);
        }
        (void) fputs("    )\n    _describe command commands\n}\n"
                     "_nixos_nspawn() {\n    local curcontext=$curcontext state line\n"
                     "    _arguments -C -S \\\n",
                     stream);
        zsh_options(stream, GLOBAL_OPTIONS);
        (void) fputs("            '1:command:_nixos_nspawn_commands' '*::argument:->arguments' && return\n"
                     "    case $words[1] in\n",
                     stream);
        for (const struct command *c = commands; c->name; c++) {
                if (c->hidden)
                        continue;
                (void) fprintf(stream, "    %s) _arguments -S \\\n", c->name);
                zsh_options(stream, command_options(c));
                if (c->completion == COMPLETE_CONTAINER)
                        (void) fprintf(stream, "            '%s:container:_nixos_nspawn_containers'%s;;\n",
                                       c->max > 1 && c->stop == 0 ? "*" : "1",
                                       c->stop > 0 ? " '*:::command:_normal'" : "");
                else if (c->completion == COMPLETE_COMMAND)
                        (void) fputs("            '1:command:_nixos_nspawn_commands';;\n", stream);
                else
                        (void) fprintf(stream, "            %s;;\n", c->max > 0 ? "'1:name: '" : "");
        }
        (void) fputs("    esac\n}\n_nixos_nspawn \"$@\"\n", stream);
}

static void fish_option(FILE *stream, const char *condition, enum option o) {
        const struct option_info *info = option_info(o);

        (void) fprintf(stream, "complete -c nixos-nspawn -n '%s' -l %s", condition, info->name);
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

static void print_fish(FILE *stream) {
        (void) fputs("# fish completion for nixos-nspawn\ncomplete -c nixos-nspawn -f\n", stream);
        for (const struct command *c = commands; c->name; c++)
                if (!c->hidden)
                        (void) fprintf(stream, "complete -c nixos-nspawn -n __fish_use_subcommand -a %s -d \"%s\"\n",
                                       c->name, c->summary);
        fish_options(stream, "__fish_use_subcommand", GLOBAL_OPTIONS);
        for (const struct command *c = commands; c->name; c++) {
                _cleanup_(freep) char *condition = NULL;

                if (c->hidden)
                        continue;
                if (asprintf(&condition, "__fish_seen_subcommand_from %s", c->name) < 0) {
                        condition = NULL;
                        return;
                }
                if (c->completion == COMPLETE_CONTAINER)
                        (void) fprintf(stream, "complete -c nixos-nspawn -n '%s' -a '(" CONTAINERS ")'\n", condition);
                fish_options(stream, condition, command_options(c));
        }
}

int completion_print(FILE *stream, const char *shell) {
        if (strcmp(shell, "bash") == 0)
                print_bash(stream);
        else if (strcmp(shell, "zsh") == 0)
                print_zsh(stream);
        else if (strcmp(shell, "fish") == 0)
                print_fish(stream);
        else
                return -EINVAL;
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
                for (char **name = names; *name; name++)
                        output_line(&i->output, "%s", *name);
                return 0;
        }
        if (completion_print(i->output.stream, shell) < 0)
                return error_set(e, EINVAL, EXIT_USAGE, "no completion for '%s', only for bash, zsh and fish", shell);
        return 0;
}

/* Help, as wide as 80 columns. */
#include "front/help.h"

#include "base/buffer.h"
#include "base/file.h"

#include <errno.h>
#include <string.h>

enum {
        WIDTH = 80,
        OPTION_COLUMN = 27,  /* where explanations of options start */
        COMMAND_COLUMN = 14, /* at least */
};

static void indent_by(FILE *stream, unsigned n) {
        (void) fprintf(stream, "%*s", (int) n, "");
}

void help_wrap(FILE *stream, const char *text, unsigned indent, unsigned first, unsigned width) {
        unsigned column = first;

        while (*text) {
                size_t size = strcspn(text, " \n");

                if (column > indent && column + 1 + size > width) {
                        (void) fputc('\n', stream);
                        column = 0;
                }
                if (column < indent) {
                        indent_by(stream, indent - column);
                        column = indent;
                } else if (column > indent) {
                        (void) fputc(' ', stream);
                        column++;
                }
                (void) fprintf(stream, "%.*s", (int) size, text);
                column += (unsigned) size;
                text += size;
                if (text[0] == '\n') {
                        text += strspn(text, "\n ");
                        (void) fputs(*text ? "\n\n" : "", stream);
                        column = 0;
                } else
                        text += strspn(text, " ");
        }
        (void) fputc('\n', stream);
}

static void print_option(FILE *stream, enum option o) {
        const struct option_info *info = option_info(o);
        unsigned column;

        if (info->letter)
                column = (unsigned) fprintf(stream, "  -%c, --%s", info->letter, info->name);
        else
                column = (unsigned) fprintf(stream, "      --%s", info->name);
        if (info->argument)
                column += (unsigned) fprintf(stream, " %s", info->argument);
        if (column + 2 > OPTION_COLUMN) {
                (void) fputc('\n', stream);
                column = 0;
        }
        help_wrap(stream, info->help, OPTION_COLUMN, column, WIDTH);
}

static void print_options(FILE *stream, option_set set) {
        (void) fputs("\nOptions:\n", stream);
        for (enum option o = 0; o < _OPTION_MAX; o++)
                if (set & OPTION_BIT(o))
                        print_option(stream, o);
}

/* Behind the longest name. */
static unsigned command_column(const struct program *program) {
        size_t column = COMMAND_COLUMN;

        for (const struct command *c = program->commands; c->name; c++)
                if (!c->hidden && strlen(c->name) + 4 > column)
                        column = strlen(c->name) + 4;
        return (unsigned) column;
}

void help_top(FILE *stream, const struct program *program) {
        unsigned column = command_column(program);
        _cleanup_(freep) char *see = NULL;

        (void) fprintf(stream, "%s v%s\n\nUsage: %s [OPTION...] COMMAND ...\n\nCommands:\n", program->title, VERSION,
                       program->name);
        for (const struct command *c = program->commands; c->name; c++) {
                if (c->hidden)
                        continue;
                help_wrap(stream, c->summary, column, (unsigned) fprintf(stream, "  %s", c->name), WIDTH);
        }
        print_options(stream, program->options);
        see = format("See '%s COMMAND --help' for one command, %s(1) for all.", program->name, program->name);
        (void) fputc('\n', stream);
        help_wrap(stream, see ?: "", 0, 0, WIDTH);
}

void help_command(FILE *stream, const struct program *program, const struct command *command) {
        (void) fprintf(stream, "Usage: %s %s [OPTION...]%s%s\n\n", program->name, command->name,
                       command->synopsis[0] ? " " : "", command->synopsis);
        help_wrap(stream, command->description, 0, 0, WIDTH);
        print_options(stream, command_options(program, command));
}

int command_help(struct invocation *i, struct error *e) {
        const char *name = invocation_argument(i, 0);
        const struct command *command;

        if (!name) {
                help_top(i->output.stream, i->program);
                return 0;
        }
        command = command_find(i->program, name);
        if (!command)
                return error_set(e, EINVAL, EXIT_USAGE, "unknown command '%s'; '%s help' lists them", name,
                                 i->program->name);
        help_command(i->output.stream, i->program, command);
        return 0;
}

int command_version(struct invocation *i, struct error *e) {
        json_t *value;
        int r;

        output_line(&i->output, "%s %s", i->program->name, VERSION);
        value = json_pack("{s:s}", "version", VERSION);
        r = output_json(&i->output, value, e);
        json_decref(value);
        return r;
}

int command_manual(struct invocation *i, struct error *e) {
        manual_print(i->output.stream, i->program);
        return 0;
}

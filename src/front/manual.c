/* The manual's sections about commands and options, in scdoc's notation, so that they cannot lag behind the table. */
#include "front/help.h"

#include <string.h>

/* Text with what scdoc would take for markup escaped. */
static void print_escaped(FILE *stream, const char *text) {
        for (const char *p = text; *p; p++) {
                if (strchr("\\*_", *p))
                        (void) fputc('\\', stream);
                (void) fputc(*p, stream);
        }
}

static void print_option(FILE *stream, enum option o) {
        const struct option_info *info = option_info(o);

        if (info->letter)
                (void) fprintf(stream, "*-%c*, ", info->letter);
        (void) fprintf(stream, "*--%s*", info->name);
        if (info->argument) {
                (void) fputs(" _", stream);
                print_escaped(stream, info->argument);
                (void) fputc('_', stream);
        }
        (void) fputs("\n\t", stream);
        print_escaped(stream, info->help);
        (void) fputs("\n\n", stream);
}

static void print_command(FILE *stream, const struct program *program, const struct command *c) {
        (void) fprintf(stream, "## %s %s", program->name, c->name);
        (void) fputs(" [OPTION...]", stream);
        if (c->synopsis[0]) {
                (void) fputc(' ', stream);
                print_escaped(stream, c->synopsis);
        }
        (void) fputs("\n\n", stream);
        print_escaped(stream, c->description);
        (void) fputs("\n\n", stream);
        for (enum option o = 0; o < _OPTION_MAX; o++)
                if (c->options & OPTION_BIT(o))
                        print_option(stream, o);
}

void manual_print(FILE *stream, const struct program *program) {
        (void) fputs("# COMMANDS\n\n", stream);
        for (const struct command *c = program->commands; c->name; c++)
                if (!c->hidden)
                        print_command(stream, program, c);
        (void) fputs("# OPTIONS\n\nThese come before the command, and all but *--version* after it as well.\n\n",
                     stream);
        for (enum option o = 0; o < _OPTION_MAX; o++)
                if (program->options & OPTION_BIT(o))
                        print_option(stream, o);
}

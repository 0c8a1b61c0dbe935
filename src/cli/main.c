/* nixos-nspawn: finds the command, reads its options, runs it, says what went wrong. */
#include "cli/command.h"
#include "cli/help.h"
#include "cli/journal.h"

#include "base/paths.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

/* Whether errors are wanted as JSON must be known before the options are: a wrong one is an error, too. */
static bool wants_json(size_t argc, char *const argv[]) {
        for (size_t i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--json") == 0)
                        return true;
        return false;
}

static int check_count(const struct command *c, size_t n, struct error *e) {
        if (n < c->min)
                return error_set(e, EINVAL, EXIT_USAGE, "'%s' needs %s: nixos-nspawn %s %s", c->name,
                                 c->min == 1 ? "an argument" : "more arguments", c->name, c->synopsis);
        if (n > c->max)
                return error_set(e, EINVAL, EXIT_USAGE, "'%s' takes %s: nixos-nspawn %s%s%s", c->name,
                                 c->max == 0 ? "no arguments" : "fewer arguments", c->name, c->synopsis[0] ? " " : "",
                                 c->synopsis);
        return 0;
}

/* A failure to repair is no reason not to look at the other containers. */
static void repair(const struct invocation *i) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (i->command->repairs && !invocation_has(i, OPTION_DRY_RUN) && journal_repair(&e) < 0)
                (void) fprintf(stderr, "nixos-nspawn: %s\n", error_message(&e));
}

/* Reads what follows the command's name into i, beside what came before it. */
static int read_command(struct invocation *i, const struct arguments *global, struct error *e) {
        const struct command *c = i->command;
        int r;

        r = arguments_parse(global->n_positional - 1, global->positional + 1, command_options(c),
                            c->stop > 0 ? c->stop : SIZE_MAX, &i->arguments, e);
        if (r < 0) {
                (void) error_prefix(e, r, "%s", c->name);
                return r;
        }
        for (enum option o = 0; o < _OPTION_MAX; o++)
                if (!arguments_has(&i->arguments, o) && arguments_has(global, o)) {
                        i->arguments.set |= OPTION_BIT(o);
                        i->arguments.values[o] = global->values[o];
                }
        if (invocation_has(i, OPTION_JSON) && !(c->options & OPTION_BIT(OPTION_JSON)))
                return error_set(e, EINVAL, EXIT_USAGE, "'%s' has no JSON output", c->name);
        if (!invocation_has(i, OPTION_HELP))
                return check_count(c, i->arguments.n_positional, e);
        return 0;
}

static int run(struct invocation *i, size_t argc, char *const argv[], struct error *e) {
        _cleanup_(arguments_clear) struct arguments global = ARGUMENTS_INIT;
        int r;

        r = arguments_parse(argc, argv, GLOBAL_OPTIONS, 1, &global, e);
        if (r < 0)
                return r;
        if (arguments_has(&global, OPTION_HELP)) {
                help_top(i->output.stream);
                return 0;
        }
        if (arguments_has(&global, OPTION_VERSION)) {
                i->output.json = arguments_has(&global, OPTION_JSON);
                return command_version(i, e);
        }
        if (global.n_positional == 0)
                return error_set(e, EINVAL, EXIT_USAGE, "no command given; 'nixos-nspawn --help' lists them");
        i->command = command_find(global.positional[0]);
        if (!i->command)
                return error_set(e, EINVAL, EXIT_USAGE, "unknown command '%s'; 'nixos-nspawn --help' lists them",
                                 global.positional[0]);
        r = read_command(i, &global, e);
        if (r < 0)
                return r;
        if (invocation_has(i, OPTION_HELP)) {
                help_command(i->output.stream, i->command);
                return 0;
        }
        i->output.json = invocation_has(i, OPTION_JSON);
        i->output.verbose = invocation_has(i, OPTION_VERBOSE);
        i->unit_directory = invocation_value(i, OPTION_UNIT_FILE_DIR) ?: PATH_UNITS;
        repair(i);
        return i->command->run(i, e);
}

int main(int argc, char *argv[]) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct invocation i = {.output = output_stdout()};
        int r, status;

        /* Tables measure their columns by the locale; numbers never depend on it. */
        (void) setlocale(LC_CTYPE, "");
        /* A reader that goes away must not kill a command between two steps. */
        (void) signal(SIGPIPE, SIG_IGN);

        r = run(&i, (size_t) argc - 1, argv + 1, &e);
        status = i.exit_status;
        if (r < 0) {
                status = e.exit_status > 0 ? e.exit_status : EXIT_FAILED;
                i.output.json = wants_json((size_t) argc - 1, argv + 1);
                output_error(&i.output, &e, status);
        }
        arguments_clear(&i.arguments);
        if (fflush(stdout) != 0 && status == 0) {
                (void) fprintf(stderr, "nixos-nspawn: cannot write to standard output: %m\n");
                status = EXIT_FAILED;
        }
        return status;
}

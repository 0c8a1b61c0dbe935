/* Finds the command, reads its options, runs it, says what went wrong. */
#include "front/command.h"
#include "front/help.h"
#include "front/journal.h"
#include "front/zone-journal.h"

#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The one that runs; set once, before anything else. */
static const struct program *running;

const char *program_name(void) {
        return running ? running->name : "nixos-nspawn";
}

const struct command *command_find(const struct program *program, const char *name) {
        for (const struct command *c = program->commands; c->name; c++)
                if (strcmp(c->name, name) == 0)
                        return c;
        return NULL;
}

option_set command_options(const struct program *program, const struct command *command) {
        return command->options | program->every;
}

int invocation_may_change(const struct invocation *i, struct error *e) {
        size_t n = strlen(PATH_UNITS);

        if (geteuid() != 0)
                return error_set(e, EPERM, EXIT_FAILED,
                                 "'%s' needs root, because it changes containers and the network of this host: run it "
                                 "with sudo",
                                 i->command->name);
        if (strncmp(i->unit_directory, PATH_UNITS, n) != 0 ||
            strspn(i->unit_directory + n, "/") != strlen(i->unit_directory + n))
                return error_set(e, EINVAL, EXIT_FAILED,
                                 "'%s' does not work with --unit-file-dir %s: systemd-nspawn looks for its settings "
                                 "in " PATH_UNITS " only",
                                 i->command->name, i->unit_directory);
        return 0;
}

/* Whether errors are wanted as JSON must be known before the options are: a wrong one is an error, too. */
static bool wants_json(size_t argc, char *const argv[]) {
        for (size_t i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--json") == 0)
                        return true;
        return false;
}

static int check_count(const struct program *p, const struct command *c, size_t n, struct error *e) {
        if (n < c->min)
                return error_set(e, EINVAL, EXIT_USAGE, "'%s' needs %s: %s %s %s", c->name,
                                 c->min == 1 ? "an argument" : "more arguments", p->name, c->name, c->synopsis);
        if (n > c->max)
                return error_set(e, EINVAL, EXIT_USAGE, "'%s' takes %s: %s %s%s%s", c->name,
                                 c->max == 0 ? "no arguments" : "fewer arguments", p->name, c->name,
                                 c->synopsis[0] ? " " : "", c->synopsis);
        return 0;
}

/* A failure to repair is no reason not to look at the other containers. */
static void repair(const struct invocation *i) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (!i->command->repairs || invocation_has(i, OPTION_DRY_RUN))
                return;
        if (journal_repair(&e) < 0)
                (void) fprintf(stderr, "%s: %s\n", program_name(), error_message(&e));
        error_clear(&e);
        if (zone_journal_repair(&e) < 0)
                (void) fprintf(stderr, "%s: %s\n", program_name(), error_message(&e));
}

/* Reads what follows the command's name into i, beside what came before it. */
static int read_command(struct invocation *i, const struct arguments *global, struct error *e) {
        const struct command *c = i->command;
        int r;

        r = arguments_parse(global->n_positional - 1, global->positional + 1, command_options(i->program, c),
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
                return check_count(i->program, c, i->arguments.n_positional, e);
        return 0;
}

static int run(struct invocation *i, size_t argc, char *const argv[], struct error *e) {
        _cleanup_(arguments_clear) struct arguments global = ARGUMENTS_INIT;
        int r;

        r = arguments_parse(argc, argv, i->program->options, 1, &global, e);
        if (r < 0)
                return r;
        if (arguments_has(&global, OPTION_HELP)) {
                help_top(i->output.stream, i->program);
                return 0;
        }
        if (arguments_has(&global, OPTION_VERSION)) {
                i->output.json = arguments_has(&global, OPTION_JSON);
                return command_version(i, e);
        }
        if (global.n_positional == 0)
                return error_set(e, EINVAL, EXIT_USAGE, "no command given; '%s --help' lists them", i->program->name);
        i->command = command_find(i->program, global.positional[0]);
        if (!i->command)
                return error_set(e, EINVAL, EXIT_USAGE, "unknown command '%s'; '%s --help' lists them",
                                 global.positional[0], i->program->name);
        r = read_command(i, &global, e);
        if (r < 0)
                return r;
        if (invocation_has(i, OPTION_HELP)) {
                help_command(i->output.stream, i->program, i->command);
                return 0;
        }
        i->output.json = invocation_has(i, OPTION_JSON);
        i->output.verbose = invocation_has(i, OPTION_VERBOSE);
        i->unit_directory = invocation_value(i, OPTION_UNIT_FILE_DIR) ?: PATH_UNITS;
        repair(i);
        return i->command->run(i, e);
}

/* A standard stream that the caller closed must not become the number of a socket or a file of ours. What is opened
 * in its place cannot be used in its direction, so that writing a result still fails. */
static void open_streams(void) {
        static const int modes[] = {[STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_RDONLY};

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
                        (void) open("/dev/null", modes[fd] | O_NOCTTY);
}

int program_main(const struct program *program, int argc, char *argv[]) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct invocation i = {.program = program, .output = output_stdout()};
        int r, status;

        running = program;
        open_streams();
        /* What is made for everybody to read is so whoever makes it; what is secret says so itself. */
        (void) umask(0022);
        /* Tables measure their columns by the locale; numbers never depend on it. */
        (void) setlocale(LC_CTYPE, "");
        /* A reader that goes away must not kill a command between two steps. */
        (void) signal(SIGPIPE, SIG_IGN);

        r = run(&i, (size_t) argc - 1, argv + 1, &e);
        status = i.exit_status;
        if (r < 0) {
                status = e.exit_status > 0 ? e.exit_status : EXIT_FAILED;
                /* Not those of what a command ran, or could not run. */
                if (program->one_status && status < 126)
                        status = EXIT_FAILED;
                i.output.json = wants_json((size_t) argc - 1, argv + 1);
                output_error(&i.output, &e, status);
        }
        arguments_clear(&i.arguments);
        if (fflush(stdout) != 0 && status == 0) {
                (void) fprintf(stderr, "%s: cannot write to standard output: %m\n", program_name());
                status = EXIT_FAILED;
        }
        return status;
}

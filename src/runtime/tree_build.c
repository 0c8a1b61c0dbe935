/* Running mmdebstrap: its words go to a log, the steps it names to whoever waits, the end of the log into the error. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "tree_private.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#define TAIL_LINES 4

/* What mmdebstrap says after "I: ", and what a person is told. */
static const struct {
        const char *says, *phrase;
} phases[] = {
        {"running apt-get update", "reading the list of packages"},
        {"downloading packages", "downloading packages"},
        {"extracting archives", "unpacking the base"},
        {"installing essential", "installing the base"},
        {"installing remaining", "installing the services"},
        {"cleaning package lists", "tidying up"},
};

struct build {
        const struct tree_job *job;
        char *tail[TAIL_LINES]; /* the last lines that say something */
        bool unreachable;       /* the mirror was not */
        bool full;              /* the disk was */
};

static void build_clear(struct build *b) {
        for (size_t i = 0; i < TAIL_LINES; i++)
                freep(&b->tail[i]);
}

static bool mentions(const char *line, const char *const words[]) {
        for (; *words; words++)
                if (strstr(line, *words))
                        return true;
        return false;
}

static void take_line(const char *line, void *context) {
        static const char *const network[] = {
                "Could not resolve",  "Temporary failure resolving", "Could not connect", "Network is unreachable",
                "Connection refused", "Connection timed out",        "No route to host",  NULL};
        static const char *const disk[] = {"No space left on device", NULL};
        struct build *b = context;

        b->unreachable = b->unreachable || mentions(line, network);
        b->full = b->full || mentions(line, disk);
        for (size_t i = 0; b->job->progress && i < ELEMENTS_OF(phases); i++)
                if (string_starts_with(line, "I: ") && string_starts_with(line + 3, phases[i].says))
                        b->job->progress(phases[i].phrase, b->job->userdata);
        if (line[strspn(line, " \t")] == '\0' || string_starts_with(line, "I: "))
                return;
        free(b->tail[0]);
        memmove(b->tail, b->tail + 1, (TAIL_LINES - 1) * sizeof(*b->tail));
        b->tail[TAIL_LINES - 1] = strdup(line);
}

static int explain(const struct build *b, int status, const char *suite, struct error *e) {
        _cleanup_(buffer_clear) struct buffer tail = BUFFER_INIT;
        const char *advice = "";

        for (size_t i = 0; i < TAIL_LINES; i++)
                if (b->tail[i])
                        buffer_append_format(&tail, "\n  %s", b->tail[i]);
        if (b->full)
                advice = "; the disk is full: make room and try again";
        else if (b->unreachable)
                advice = "; the mirror cannot be reached: check this machine's network and DNS, or name another "
                         "mirror in NIXOS_NSPAWN_MIRROR";
        if (WIFSIGNALED(status))
                return error_set(e, EIO, EXIT_COMMAND,
                                 "mmdebstrap, making a Debian %s system, was ended by signal %d (%s)", suite,
                                 WTERMSIG(status), strsignal(WTERMSIG(status)));
        return error_set(e, b->full ? ENOSPC : EIO, EXIT_COMMAND,
                         "mmdebstrap could not make a Debian %s system: exit code %d%s; the whole log is %s. Its last "
                         "lines:%s",
                         suite, WEXITSTATUS(status), advice, b->job->log, buffer_text(&tail));
}

int tree_build(const struct tree_job *job, const struct tree_recipe *recipe, struct error *e) {
        _cleanup_(build_clear) struct build b = {.job = job};
        _cleanup_(freep) char *include = format("--include=%s", recipe->packages);
        char *argv[] = {
                (char *) "mmdebstrap",
                (char *) "--mode=root",
                (char *) "--format=directory",
                (char *) "--variant=minbase",
                include,
                (char *) "--dpkgopt=path-exclude=/usr/share/man/*",
                (char *) "--dpkgopt=path-exclude=/usr/share/locale/*",
                (char *) "--dpkgopt=path-exclude=/usr/share/doc/*",
                (char *) "--dpkgopt=path-include=/usr/share/doc/*/copyright",
                (char *) "--",
                (char *) recipe->suite,
                (char *) job->target,
                (char *) recipe->mirror,
                NULL,
        };
        int status, r;

        if (!include)
                return error_errno(e, ENOMEM, EXIT_FAILED, "making a Debian system");
        r = tree_program(job, argv, take_line, &b, &status, e);
        if (r == -ENOENT)
                return error_set(
                        e, ENOENT, EXIT_COMMAND,
                        "mmdebstrap, which makes the container's Debian system, is not installed: apt-get install "
                        "mmdebstrap");
        if (r < 0)
                return r;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : explain(&b, status, recipe->suite, e);
}

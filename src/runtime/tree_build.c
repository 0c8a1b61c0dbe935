/* Running mmdebstrap: its words go to a log, the steps it names to whoever waits, the end of the log into the error. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/parse.h"
#include "tree_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define LOCK_FD    3
#define TAIL_LINES 4

extern char **environ;

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
        FILE *log;
        runtime_progress_t progress;
        void *userdata;
        char *tail[TAIL_LINES]; /* the last lines that say something */
        bool unreachable;       /* the mirror was not */
        bool full;              /* the disk was */
};

static void build_clear(struct build *b) {
        file_closep(&b->log);
        for (size_t i = 0; i < TAIL_LINES; i++)
                freep(&b->tail[i]);
}

static bool mentions(const char *line, const char *const words[]) {
        for (; *words; words++)
                if (strstr(line, *words))
                        return true;
        return false;
}

static void take_line(struct build *b, const char *line) {
        static const char *const network[] = {
                "Could not resolve",  "Temporary failure resolving", "Could not connect", "Network is unreachable",
                "Connection refused", "Connection timed out",        "No route to host",  NULL};
        static const char *const disk[] = {"No space left on device", NULL};

        (void) fprintf(b->log, "%s\n", line);
        b->unreachable = b->unreachable || mentions(line, network);
        b->full = b->full || mentions(line, disk);
        for (size_t i = 0; b->progress && i < ELEMENTS_OF(phases); i++)
                if (string_starts_with(line, "I: ") && string_starts_with(line + 3, phases[i].says))
                        b->progress(phases[i].phrase, b->userdata);
        if (line[strspn(line, " \t")] == '\0' || string_starts_with(line, "I: "))
                return;
        free(b->tail[0]);
        memmove(b->tail, b->tail + 1, (TAIL_LINES - 1) * sizeof(*b->tail));
        b->tail[TAIL_LINES - 1] = strdup(line);
}

/* Control characters become blanks: the words of a program that downloads things end up on a terminal. */
static void take_output(struct build *b, int fd) {
        _cleanup_(buffer_clear) struct buffer line = BUFFER_INIT;
        char data[4096];
        ssize_t n;

        while ((n = read(fd, data, sizeof(data))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        break;
                for (ssize_t i = 0; i < n; i++) {
                        if (data[i] == '\n' || data[i] == '\r' || line.size >= 1000) {
                                take_line(b, buffer_text(&line));
                                buffer_consume(&line, line.size);
                        } else
                                buffer_append_byte(&line, (unsigned char) data[i] < ' ' || data[i] == 127
                                                                  ? ' '
                                                                  : (uint8_t) data[i]);
                }
        }
        if (line.size > 0)
                take_line(b, buffer_text(&line));
}

/* The process must start as from a shell: no signals blocked or ignored, no descriptors but the lock. */
static int start(char *const argv[], int output, int lock, pid_t *ret) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        (void) sigemptyset(&none);
        (void) sigfillset(&all);
        if (posix_spawn_file_actions_init(&actions) != 0)
                return -ENOMEM;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void) posix_spawn_file_actions_destroy(&actions);
                return -ENOMEM;
        }
        r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        r = r ? r : posix_spawn_file_actions_adddup2(&actions, output, 1);
        r = r ? r : posix_spawn_file_actions_adddup2(&actions, output, 2);
        r = r ? r : posix_spawn_file_actions_adddup2(&actions, lock, LOCK_FD);
        r = r ? r : posix_spawn_file_actions_addclosefrom_np(&actions, LOCK_FD + 1);
        r = r ? r : posix_spawnattr_setsigmask(&attributes, &none);
        r = r ? r : posix_spawnattr_setsigdefault(&attributes, &all);
        r = r ? r : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        r = r ? r : posix_spawnp(ret, argv[0], &actions, &attributes, argv, environ);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int explain(const struct build *b, int status, const char *suite, const char *log, struct error *e) {
        _cleanup_(buffer_clear) struct buffer tail = BUFFER_INIT;
        const char *advice = "";

        for (size_t i = 0; i < TAIL_LINES; i++)
                if (b->tail[i])
                        buffer_append_format(&tail, "\n  %s", b->tail[i]);
        if (b->full)
                advice = "; the disk is full: make room and try again";
        else if (b->unreachable)
                advice = "; the mirror cannot be reached: check this machine's network and DNS, or name another mirror "
                         "in "
                         "NIXOS_NSPAWN_MIRROR";
        if (WIFSIGNALED(status))
                return error_set(e, EIO, EXIT_COMMAND,
                                 "mmdebstrap, making a Debian %s system, was ended by signal %d (%s)", suite,
                                 WTERMSIG(status), strsignal(WTERMSIG(status)));
        return error_set(e, b->full ? ENOSPC : EIO, EXIT_COMMAND,
                         "mmdebstrap could not make a Debian %s system: exit code %d%s; the whole log is %s. Its last "
                         "lines:%s",
                         suite, WEXITSTATUS(status), advice, log, buffer_text(&tail));
}

static int run(struct build *b, const struct tree_recipe *recipe, char *const argv[], const char *log, int lock,
               struct error *e) {
        _cleanup_(fd_closep) int in = -1, out = -1;
        int fds[2], status = 0, r;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(e, errno, EXIT_FAILED, "making a pipe for mmdebstrap");
        in = fds[0];
        out = fds[1];
        r = start(argv, out, lock, &pid);
        if (r == -ENOENT)
                return error_set(e, ENOENT, EXIT_COMMAND,
                                 "mmdebstrap, which makes the container's Debian system, is not installed: "
                                 "apt-get install mmdebstrap");
        if (r < 0)
                return error_errno(e, r, EXIT_COMMAND, "starting mmdebstrap");
        fd_closep(&out);
        take_output(b, in);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(e, errno, EXIT_FAILED, "waiting for mmdebstrap");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return explain(b, status, recipe->suite, log, e);
        return 0;
}

int tree_build(const struct tree_recipe *recipe, const char *target, const char *log, int lock,
               runtime_progress_t progress, void *userdata, struct error *e) {
        _cleanup_(build_clear) struct build b = {.progress = progress, .userdata = userdata};
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
                (char *) target,
                (char *) recipe->mirror,
                NULL,
        };

        if (!include)
                return error_errno(e, ENOMEM, EXIT_FAILED, "making a Debian system");
        b.log = fopen(log, "we");
        if (!b.log)
                return error_errno(e, errno, EXIT_FAILED, "writing %s", log);
        return run(&b, recipe, argv, log, lock, e);
}

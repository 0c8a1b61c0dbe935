/* nix-instantiate as a pure function: text in, text out.
 *
 * The store is Nix's dummy, so that nothing is made on this machine, not even /nix; no config of Nix is read; the
 * network is out of reach (restrict-eval). A config may read files, as its author may. What it costs is bounded: time,
 * memory, and what comes out. */
#include "nix.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define TIME_MAX   60 /* seconds */
#define MEMORY_MAX (2UL << 30)
#define OUTPUT_MAX (32 << 20)
#define LOG_MAX    (16 << 20)
#define FOLDER_MAX 64

struct nix_run {
        pid_t pid;
        int out, log; /* pipes from it */
        struct buffer output, messages;
        int status;
};

static void nix_run_end(struct nix_run *run) {
        if (run->pid > 0) {
                (void) kill(run->pid, SIGKILL);
                (void) program_wait(run->pid, &run->status);
                run->pid = 0;
        }
        fd_closep(&run->out);
        fd_closep(&run->log);
        buffer_clear(&run->output);
        buffer_clear(&run->messages);
}

static bool is_virtual(const char *folder) {
        return strcmp(folder, "proc") == 0 || strcmp(folder, "sys") == 0 || strcmp(folder, "dev") == 0;
}

/* restrict-eval allows what is named with -I; "/" itself does not count there, so it is every folder in it. */
static size_t list_folders(char *folders[FOLDER_MAX]) {
        struct dirent *entry;
        size_t n = 0;
        DIR *root = opendir("/");

        while (root && n < FOLDER_MAX && (entry = readdir(root))) {
                if (entry->d_name[0] == '.' || strchr(entry->d_name, '=') || is_virtual(entry->d_name))
                        continue;
                folders[n] = format("/%s", entry->d_name);
                if (folders[n])
                        n++;
        }
        if (root)
                (void) closedir(root);
        return n;
}

static int spawn_with(const char *const argv[], struct nix_run *run, int out, int log) {
        const char *path = getenv("PATH");
        _cleanup_(freep) char *path_setting =
                format("PATH=%s", path && *path ? path : "/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin");
        const char *const environment[] = {path_setting,           "HOME=/nonexistent",
                                           "LC_ALL=C.UTF-8",       "NIX_CONF_DIR=/nonexistent",
                                           "NIX_USER_CONF_FILES=", NULL};
        int r;

        if (!path_setting)
                return -ENOMEM;
        r = program_start((char *const *) argv, (char *const *) environment,
                          &(struct program_files){.output = out, .messages = log, .lock = -1}, &run->pid);
        if (r < 0)
                run->pid = 0;
        return r;
}

static int spawn(const char *portable, const char *file, const char *set, const char *name, struct nix_run *run) {
        _cleanup_(freep) char *expression = format("%s/evaluate.nix", portable);
        const char *argv[28 + 2 * FOLDER_MAX] = {"nix-instantiate",
                                                 "--eval",
                                                 "--strict",
                                                 "--json",
                                                 "--store",
                                                 "dummy://",
                                                 "--log-format",
                                                 "internal-json",
                                                 "--show-trace",
                                                 "--option",
                                                 "restrict-eval",
                                                 "true",
                                                 expression,
                                                 "--argstr",
                                                 "file",
                                                 file,
                                                 "--argstr",
                                                 "name",
                                                 name,
                                                 "--argstr",
                                                 "set",
                                                 set};
        _cleanup_(fd_closep) int out = -1, log = -1;
        int out_pipe[2], log_pipe[2], r;
        char *folders[FOLDER_MAX];
        size_t n_folders, argc = 0;

        if (!expression)
                return -ENOMEM;
        if (pipe2(out_pipe, O_CLOEXEC) < 0)
                return -errno;
        run->out = out_pipe[0];
        out = out_pipe[1];
        if (pipe2(log_pipe, O_CLOEXEC) < 0)
                return -errno;
        run->log = log_pipe[0];
        log = log_pipe[1];

        while (argv[argc])
                argc++;
        n_folders = list_folders(folders);
        for (size_t i = 0; i < n_folders; i++) {
                argv[argc++] = "-I";
                argv[argc++] = folders[i];
        }
        r = spawn_with(argv, run, out, log);
        for (size_t i = 0; i < n_folders; i++)
                free(folders[i]);
        if (r == 0) {
                const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX}, core = {0, 0}, time = {TIME_MAX, TIME_MAX};

                (void) prlimit(run->pid, RLIMIT_AS, &memory, NULL);
                (void) prlimit(run->pid, RLIMIT_CORE, &core, NULL);
                (void) prlimit(run->pid, RLIMIT_CPU, &time, NULL);
        }
        return r;
}

/* Reads what is there into b, up to max bytes in all; what is more is dropped. 0 at the end, 1 before it. */
static int read_some(int fd, struct buffer *b, size_t max) {
        char chunk[16384];
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? 1 : -errno;
        if (n > 0 && b->size < max)
                buffer_append(b, chunk, (size_t) n);
        return n > 0;
}

static uint64_t now_msec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000 + (uint64_t) t.tv_nsec / 1000000;
}

/* Reads both pipes to their ends and waits. -ETIMEDOUT, -EFBIG. */
static int collect(struct nix_run *run) {
        struct pollfd fds[2] = {{.fd = run->out, .events = POLLIN}, {.fd = run->log, .events = POLLIN}};
        uint64_t end = now_msec() + TIME_MAX * 1000;
        int r;

        while (fds[0].fd >= 0 || fds[1].fd >= 0) {
                uint64_t now = now_msec();

                if (now >= end)
                        return -ETIMEDOUT;
                if (poll(fds, 2, (int) (end - now)) < 0 && errno != EINTR)
                        return -errno;
                for (size_t i = 0; i < 2; i++) {
                        if (fds[i].fd < 0 || !fds[i].revents)
                                continue;
                        r = read_some(fds[i].fd, i == 0 ? &run->output : &run->messages, i == 0 ? OUTPUT_MAX : LOG_MAX);
                        if (r < 0)
                                return r;
                        if (r == 0)
                                fds[i].fd = -1;
                        fds[i].revents = 0;
                }
                if (run->output.size >= OUTPUT_MAX)
                        return -EFBIG;
        }
        r = program_wait(run->pid, &run->status);
        if (r < 0)
                return r;
        run->pid = 0;
        if (buffer_error(&run->output) < 0)
                return buffer_error(&run->output);
        return buffer_error(&run->messages);
}

/* What a config wants to tell (builtins.trace, lib.warn) is told. */
static void show_traces(const char *log, const char *shown) {
        while (*log) {
                size_t n = strcspn(log, "\n");
                json_t *line = strncmp(log, "@nix ", 5) == 0 && n > 5 ? json_loadb(log + 5, n - 5, 0, NULL) : NULL;
                const char *text = json_string_value(json_object_get(line, "msg"));
                _cleanup_(freep) char *plain = text ? nix_plain(text) : NULL;

                if (plain && strncmp(plain, "trace: ", 7) == 0 && !strstr(plain, "trace: @nixos-nspawn "))
                        fprintf(stderr, "%s: %s\n", shown, plain);
                json_decref(line);
                log += n + (log[n] == '\n');
        }
}

static int explain_start(int r, const char *shown, struct error *e) {
        if (r == -ENOENT)
                return error_set(
                        e, ENOENT, EXIT_COMMAND,
                        "%s: the program nix-instantiate, which evaluates a config in Nix, is not there; install "
                        "it (Debian: apt install nix-bin), or write the config as JSON",
                        shown);
        return error_errno(e, r, EXIT_COMMAND, "%s: starting nix-instantiate", shown);
}

static int explain_collect(int r, const char *shown, struct error *e) {
        if (r == -ETIMEDOUT)
                return error_set(e, ETIMEDOUT, EXIT_COMMAND,
                                 "%s: nix-instantiate was ended after %d s; does the config go round in circles?",
                                 shown, TIME_MAX);
        if (r == -EFBIG)
                return error_set(e, EFBIG, EXIT_CONTAINER, "%s: the evaluated config is larger than %d MiB", shown,
                                 OUTPUT_MAX >> 20);
        return error_errno(e, r, EXIT_COMMAND, "%s: reading from nix-instantiate", shown);
}

static int parse_output(const struct nix_run *run, const char *shown, json_t **ret, struct error *e) {
        json_error_t where;

        *ret = json_loadb(run->output.data ? run->output.data : "", run->output.size, JSON_REJECT_DUPLICATES, &where);
        if (*ret)
                return 0;
        if (json_error_code(&where) == json_error_invalid_utf8)
                return error_set(e, EILSEQ, EXIT_CONTAINER, "%s: has values that are not UTF-8", shown);
        return error_set(e, EPROTO, EXIT_COMMAND, "%s: nix-instantiate printed what is not JSON: %s", shown,
                         where.text);
}

int nix_evaluate(const char *file, const char *shown, const char *set, const char *name, const json_t *table,
                 json_t **ret, struct error *e) {
        /* For a tree that is not installed. */
        const char *other = secure_getenv("NIXOS_NSPAWN_PORTABLE");
        const char *folder = other && *other ? other : DATADIR "/portable";
        _cleanup_(freep) char *portable = realpath(folder, NULL);
        _cleanup_(nix_run_end) struct nix_run run = {.out = -1, .log = -1};
        int r;

        if (!portable)
                return error_errno(e, errno, EXIT_FAILED,
                                   "%s: reading the portable options in %s; is it installed whole?", shown, folder);
        r = spawn(portable, file, set, name, &run);
        if (r < 0)
                return explain_start(r, shown, e);
        r = collect(&run);
        if (r < 0)
                return explain_collect(r, shown, e);
        if (WIFSIGNALED(run.status))
                return error_set(
                        e, EIO, EXIT_COMMAND,
                        "%s: nix-instantiate was ended by signal %d (%s); does the config go round in circles?", shown,
                        WTERMSIG(run.status), strsignal(WTERMSIG(run.status)));
        if (WEXITSTATUS(run.status) != 0)
                return nix_error(buffer_text(&run.messages), file, shown, portable, table, e);
        show_traces(buffer_text(&run.messages), shown);
        return parse_output(&run, shown, ret, e);
}

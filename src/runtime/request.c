/* Lines of JSON from the supervisor, whichever way it was reached. */
#include "request.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/paths.h"
#include "runtime/record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define LINE_MAX_BYTES 65536
#define PROGRAM        LIBEXECDIR "/nspawn-supervisor"

static void json_closep(json_t **j) {
        json_decref(*j);
        *j = NULL;
}

static int error_from(const json_t *answer, struct error *e) {
        const char *message = json_string_value(json_object_get(answer, "error"));
        json_int_t status = json_integer_value(json_object_get(answer, "exitStatus"));
        json_int_t code = json_integer_value(json_object_get(answer, "errno"));

        return error_set(e, code > 0 && code < 4096 ? (int) code : EIO,
                         status > 0 && status < 256 ? (int) status : EXIT_FAILED, "%s", message);
}

/* One line: progress, an error, or (1) the answer. */
static int line_handle(const char *line, size_t size, runtime_progress_t progress, void *userdata, json_t **ret,
                       struct error *e) {
        _cleanup_(json_closep) json_t *j = json_loadb(line, size, 0, NULL);
        const char *phase = json_string_value(json_object_get(j, "phase"));

        if (!json_is_object(j))
                return error_set(e, EPROTO, EXIT_FAILED, "The supervisor said something that is no JSON object");
        if (phase) {
                if (progress)
                        progress(phase, userdata);
                return 0;
        }
        if (json_is_string(json_object_get(j, "error")))
                return error_from(j, e);
        if (ret)
                *ret = steal_ptr(j);
        return 1;
}

static int answer_read(int fd, const char *name, runtime_progress_t progress, void *userdata, json_t **ret,
                       struct error *e) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

        for (;;) {
                char data[4096];
                const char *end;
                ssize_t n = recv(fd, data, sizeof data, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return error_set(e, ECONNRESET, EXIT_FAILED,
                                         "The supervisor of %s ended without an answer; see 'nixos-nspawn logs %s'",
                                         name, name);
                buffer_append(&b, data, (size_t) n);
                if (buffer_error(&b) < 0 || b.size > LINE_MAX_BYTES)
                        return error_set(e, EMSGSIZE, EXIT_FAILED, "The supervisor of %s said too much at once", name);
                while ((end = memchr(buffer_text(&b), '\n', b.size))) {
                        size_t size = (size_t) (end - b.data);
                        int r = line_handle(b.data, size, progress, userdata, ret, e);

                        if (r != 0)
                                return r < 0 ? r : 0;
                        buffer_consume(&b, size + 1);
                }
        }
}

int supervisor_request(const char *name, json_t *request, runtime_progress_t progress, void *userdata, json_t **ret,
                       struct error *e) {
        _cleanup_(json_closep) _unused_ json_t *owned = request;
        _cleanup_(freep) char *path = supervisor_path(name, "control"), *text = json_dumps(request, JSON_COMPACT),
                              *line = text ? format("%s\n", text) : NULL;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(fd_closep) int fd = -1;

        if (!path || !line || strlen(path) >= sizeof address.sun_path)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot ask the supervisor of %s", name);
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return error_errno(e, errno, EXIT_FAILED, "Cannot ask the supervisor of %s", name);
        if (connect(fd, (struct sockaddr *) &address, sizeof address) < 0) {
                if (errno == ENOENT || errno == ECONNREFUSED)
                        return error_set(e, ECONNREFUSED, EXIT_CONTAINER, "%s is not running", name);
                return error_errno(e, errno, EXIT_FAILED, "Cannot talk to the supervisor of %s at %s", name, path);
        }
        if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t) strlen(line))
                return error_set(e, ECONNRESET, EXIT_FAILED, "The supervisor of %s ended while it was asked", name);
        return answer_read(fd, name, progress, userdata, ret, e);
}

/* What the supervisor starts with: no terminal, its messages in the container's log. */
_Noreturn static void supervisor_execute(const char *name, bool adopt, int report) {
        _cleanup_(freep) char *path = format(PATH_LOGS "/%s.log", name);
        const char *const argv[] = {"nspawn-supervisor", "--report", "3", name, adopt ? "--adopt" : NULL, NULL};
        int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = -1;
        sigset_t none;

        (void) directory_make(PATH_LOGS, 0755);
        if (path)
                log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
            dup2(log >= 0 ? log : null, STDERR_FILENO) < 0)
                _exit(1);
        if (report == 3 ? fcntl(3, F_SETFD, 0) < 0 : dup2(report, 3) < 0)
                _exit(1);
        (void) close_range(4, ~0U, 0);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) umask(0022);
        if (chdir("/") < 0)
                _exit(1);
        execv(PROGRAM, (char *const *) argv);
        (void) dprintf(
                3, "{\"error\":\"Cannot run " PROGRAM ": %s; is nixos-nspawn installed whole?\",\"exitStatus\":1}\n",
                strerror(errno));
        _exit(1);
}

int supervisor_spawn(const char *name, bool adopt, runtime_progress_t progress, void *userdata, struct error *e) {
        _cleanup_(fd_closep) int ours = -1, theirs = -1;
        int ends[2];
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return error_errno(e, errno, EXIT_FAILED, "Cannot start the supervisor of %s", name);
        ours = ends[0];
        theirs = ends[1];
        pid = fork();
        if (pid < 0)
                return error_errno(e, errno, EXIT_FAILED, "Cannot start the supervisor of %s", name);
        if (pid == 0) {
                /* A child of nobody: it outlives this program and its session. */
                if (setsid() < 0 || fork() != 0)
                        _exit(0);
                supervisor_execute(name, adopt, theirs);
        }
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        fd_closep(&theirs);
        return answer_read(ours, name, progress, userdata, NULL, e);
}

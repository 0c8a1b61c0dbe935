/* Running a program: its words go to a log and, line by line, to whoever asked for it. */
#include "base/buffer.h"
#include "base/program.h"
#include "tree_private.h"

#include <errno.h>
#include <fcntl.h>

#define LINE_MAX_SIZE 1000

struct output {
        FILE *log;
        struct buffer line;
        void (*take)(const char *line, void *context);
        void *context;
};

static void end_line(struct output *o) {
        (void) fprintf(o->log, "%s\n", buffer_text(&o->line));
        o->take(buffer_text(&o->line), o->context);
        buffer_consume(&o->line, o->line.size);
}

/* Control characters become blanks: the words of a program that downloads things may end up on a terminal. */
static void take_output(struct output *o, int fd) {
        char data[4096];
        ssize_t n;

        while ((n = read(fd, data, sizeof(data))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        break;
                for (ssize_t i = 0; i < n; i++) {
                        unsigned char c = (unsigned char) data[i];

                        if (o->line.size >= LINE_MAX_SIZE)
                                end_line(o);
                        if (c == '\n' || c == '\r')
                                end_line(o);
                        else
                                buffer_append_byte(&o->line, c < ' ' || c == 127 ? ' ' : c);
                }
        }
        if (o->line.size > 0)
                end_line(o);
}

int tree_program(const struct tree_job *job, char *const argv[], void (*take)(const char *line, void *context),
                 void *context, int *ret_status, struct error *e) {
        _cleanup_(fd_closep) int in = -1, out = -1;
        _cleanup_(file_closep) FILE *log = fopen(job->log, "we");
        struct output o = {.log = log, .take = take, .context = context};
        int fds[2], r;
        pid_t pid;

        if (!log)
                return error_errno(e, errno, EXIT_FAILED, "writing %s", job->log);
        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(e, errno, EXIT_FAILED, "making a pipe for %s", argv[0]);
        in = fds[0];
        out = fds[1];
        r = program_start(argv, NULL, &(struct program_files){out, out, job->lock}, &pid);
        if (r < 0)
                return r == -ENOENT ? r : error_errno(e, r, EXIT_COMMAND, "starting %s", argv[0]);
        fd_closep(&out);
        take_output(&o, in);
        buffer_clear(&o.line);
        r = program_wait(pid, ret_status);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "waiting for %s", argv[0]) : 0;
}

/* Each way has one small buffer; a way whose buffer is full is not read from. */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ESCAPE  '\x1d'
#define ESCAPES 3

void terminal_size_copy(struct run *run) {
        struct winsize size;

        if (run->terminal >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) >= 0)
                (void) ioctl(run->terminal, TIOCSWINSZ, &size);
}

void terminal_take(struct run *run, int master) {
        run->terminal = master;
        run->held = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void terminal_begin(struct run *run) {
        struct termios raw;

        if (run->terminal < 0)
                return;
        terminal_size_copy(run);
        if (tcgetattr(STDIN_FILENO, &run->before) < 0)
                return;
        raw = run->before;
        cfmakeraw(&raw);
        run->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) >= 0;
}

void terminal_end(struct run *run) {
        if (run->raw)
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &run->before);
        run->raw = false;
}

size_t terminal_poll(struct run *run, struct pollfd *ret) {
        if (run->terminal < 0)
                return 0;
        ret[0] = (struct pollfd){.fd = run->input_over || run->in.size > 0 ? -1 : STDIN_FILENO, .events = POLLIN};
        ret[1] = (struct pollfd){
                .fd = run->terminal,
                .events = (short) ((run->out.size == 0 ? POLLIN : 0) | (run->in.size > 0 ? POLLOUT : 0))};
        ret[2] = (struct pollfd){.fd = run->out.size > 0 ? STDOUT_FILENO : -1, .events = POLLOUT};
        /* A terminal whose other end nobody has open says so all the time. */
        if (ret[1].events == 0)
                ret[1].fd = -1;
        return 3;
}

static void relay_fill(struct relay *r, int fd, bool *ret_over) {
        ssize_t n = read(fd, r->data, sizeof r->data);

        if (n > 0)
                r->size = (size_t) n;
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
                *ret_over = true;
}

static void relay_empty(struct relay *r, int fd) {
        ssize_t n = write(fd, r->data, r->size);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n < 0)
                n = (ssize_t) r->size; /* nobody there: it is lost */
        r->size -= (size_t) n;
        memmove(r->data, r->data + n, r->size);
}

/* Three times ^] within a second, as with machinectl: a login prompt ends by no key of its own. */
static void look_for_escape(struct run *run) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        for (size_t i = 0; run->raw && i < run->in.size; i++) {
                if (run->in.data[i] != ESCAPE || run->escapes == 0 || now.tv_sec > run->escaping + 1)
                        run->escapes = 0;
                if (run->in.data[i] != ESCAPE)
                        continue;
                if (run->escapes == 0)
                        run->escaping = now.tv_sec;
                run->escapes++;
                if (run->escapes == ESCAPES)
                        run->left = true;
        }
}

void terminal_relay(struct run *run, const struct pollfd *polled) {
        bool hung_up = false;

        if (run->terminal < 0)
                return;
        if (polled[0].revents) {
                relay_fill(&run->in, STDIN_FILENO, &run->input_over);
                look_for_escape(run);
        }
        if (run->input_over && polled[0].revents && run->in.size == 0) {
                /* What a person would press; a command that waits for input ends. */
                run->in.data[0] = 4;
                run->in.size = 1;
        }
        if (polled[1].revents & POLLOUT)
                relay_empty(&run->in, run->terminal);
        if (run->out.size == 0 && (polled[1].revents & (POLLIN | POLLHUP)))
                relay_fill(&run->out, run->terminal, &hung_up);
        if (polled[2].revents || (polled[1].revents & POLLIN))
                relay_empty(&run->out, STDOUT_FILENO);
        if (hung_up) {
                (void) close(run->terminal);
                run->terminal = -1;
        }
}

void terminal_drain(struct run *run) {
        bool over = false;

        while (run->out.size > 0)
                relay_empty(&run->out, STDOUT_FILENO);
        while (run->terminal >= 0 && !over) {
                relay_fill(&run->out, run->terminal, &over);
                if (run->out.size == 0)
                        break;
                while (run->out.size > 0)
                        relay_empty(&run->out, STDOUT_FILENO);
        }
}

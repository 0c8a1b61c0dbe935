/* Data on its way lies in pipes, by reference: splice(2) moves pages, not bytes. What a stalled receiver can hold is
 * what its pipe holds, so many of them together are kept in bounds by smaller pipes. */
#include "proxy.h"

#include <fcntl.h>
#include <unistd.h>

#define PIPES_KEPT 64u

static size_t size_for(unsigned used) {
        return used < 128 ? 256u << 10 : used < 1024 ? 64u << 10 : 4u << 10;
}

struct pipe *pipe_take(struct proxy *p) {
        size_t wanted = size_for(p->n_pipes_used);
        struct pipe *pipe = p->pipes;
        int ends[2], size;

        if (pipe) {
                p->pipes = pipe->next;
                p->n_pipes_free--;
        } else {
                pipe = calloc(1, sizeof *pipe);
                if (!pipe)
                        return NULL;
                if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
                        free(pipe);
                        return NULL;
                }
                pipe->read = ends[0];
                pipe->write = ends[1];
        }
        if (pipe->size != wanted) {
                size = fcntl(pipe->write, F_SETPIPE_SZ, (int) wanted);
                if (size < 0)
                        size = fcntl(pipe->write, F_GETPIPE_SZ);
                pipe->size = size > 0 ? (size_t) size : 4096;
        }
        p->n_pipes_used++;
        return pipe;
}

static void pipe_free(struct pipe *pipe) {
        (void) fd_close(pipe->read);
        (void) fd_close(pipe->write);
        free(pipe);
}

struct pipe *pipe_give(struct proxy *p, struct pipe *pipe, bool empty) {
        if (!pipe)
                return NULL;
        p->n_pipes_used--;
        if (empty && p->n_pipes_free < PIPES_KEPT) {
                pipe->next = p->pipes;
                p->pipes = pipe;
                p->n_pipes_free++;
        } else
                pipe_free(pipe);
        return NULL;
}

void pipes_free(struct proxy *p) {
        while (p->pipes) {
                struct pipe *next = p->pipes->next;

                pipe_free(p->pipes);
                p->pipes = next;
        }
        p->n_pipes_free = 0;
}

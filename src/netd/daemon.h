/* What nspawn-netd and nspawn-proxy have in common as programs: their options, the socket that they are asked on, and
 * how they leave it when there is nothing to do. */
#pragma once

#include "netd/varlink-server.h"

#include <stdbool.h>
#include <stdint.h>

/* RestartPreventExitStatus= of the units: any other end is followed by a start. */
#define EXIT_IDLE 77

struct daemon_options {
        const char *log; /* NULL: stderr is somebody else's */
        int ready;       /* pipe of who started us, or -1 */
        int level;       /* what is logged */
        uint64_t idle_usec;
};

/* [--ready-fd FD] [--log FILE] [--idle SECONDS] [--debug]; o has the defaults. -EINVAL. */
int daemon_options_parse(int argc, char *argv[], struct daemon_options *o);

/* Each link of netd has sockets of its own; a connection through the proxy takes two descriptors, and up to two pipes.
 */
void daemon_raise_descriptors(void);

struct daemon_socket {
        const char *path;
        bool activated; /* it is systemd's */
};

/* systemd's, else one bound at the path; who holds the lock calls this, so whoever left a socket there is dead. Returns
 * the descriptor, listening and non-blocking. */
int daemon_socket_get(struct daemon_socket *s);

/* Whether the daemon may end. A client that connects right now must not be lost: it cannot come once the socket has
 * another name, and who came before is looked for once more. */
bool daemon_socket_leave(const struct daemon_socket *s, struct varlink_server *server);

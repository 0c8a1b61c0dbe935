/* The frame of both daemons. */
#include "netd/daemon.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define DESCRIPTORS ((rlim_t) 1048576)

int daemon_options_parse(int argc, char *argv[], struct daemon_options *o) {
        static const struct option options[] = {
                {"ready-fd", required_argument, NULL, 'r'},
                {"log", required_argument, NULL, 'l'},
                {"idle", required_argument, NULL, 'i'},
                {"debug", no_argument, NULL, 'd'},
                {0},
        };
        uint64_t number;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'r':
                        if (parse_unsigned(optarg, 3, INT32_MAX, &number) < 0 ||
                            fcntl((int) number, F_SETFD, FD_CLOEXEC) < 0)
                                return -EINVAL;
                        o->ready = (int) number;
                        break;
                case 'l':
                        o->log = optarg;
                        break;
                case 'i':
                        if (parse_unsigned(optarg, 0, UINT32_MAX, &number) < 0)
                                return -EINVAL;
                        o->idle_usec = number * UINT64_C(1000000);
                        break;
                case 'd':
                        o->level = LOG_DEBUG;
                        break;
                default:
                        return -EINVAL;
                }
        return optind == argc ? 0 : -EINVAL;
}

void daemon_raise_descriptors(void) {
        struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};

        if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static int socket_bind(const char *path) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        mode_t mask;
        int r;

        if (fd < 0)
                return -errno;
        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        (void) strcpy(address.sun_path, path);
        r = file_remove(path);
        if (r < 0)
                return r;
        mask = umask(0177);
        r = bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
        (void) umask(mask);
        if (r < 0)
                return r;
        return listen(fd, SOMAXCONN) < 0 ? -errno : steal_fd(&fd);
}

int daemon_socket_get(struct daemon_socket *s) {
        int n = sd_listen_fds(true);

        if (n <= 0)
                return n < 0 ? n : socket_bind(s->path);
        if (n > 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
                return -EINVAL;
        if (fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        s->activated = true;
        return SD_LISTEN_FDS_START;
}

bool daemon_socket_leave(const struct daemon_socket *s, struct varlink_server *server) {
        _cleanup_(freep) char *aside = NULL;

        if (s->activated) /* systemd keeps the socket, and starts us again */
                return true;
        aside = format("%s.ending", s->path);
        if (!aside)
                return false;
        if (rename(s->path, aside) < 0)
                return errno == ENOENT;
        if (varlink_server_accept(server) > 0)
                return rename(aside, s->path) < 0;
        (void) file_remove(aside);
        return true;
}

/* Starts something and says when its network answered, in milliseconds from the start:
 *
 *     first-answer ADDRESS PORT FILESYSTEM INIT COMMAND...
 *
 * prints five numbers, "-" for what did not happen: the first program run from FILESYSTEM (the container's first
 * process: nspawn-first is on the supervisor's tmpfs, and nothing else that runs is), the first execution of the file
 * INIT (its real init), the first answer to a ping, the first answer over HTTP, the command's successful end. Asks
 * every millisecond. With $LINK in the environment, a neighbour on that link who did not answer is asked again every
 * 5 ms, not every second: who asks before the other side is there is not to wait longer for it. The command may run on
 * after this has ended, when it takes longer than the answer over HTTP and FILESYSTEM is "-". */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
        FIRST,
        INIT,
        PING,
        HTTP,
        END,
        N_MOMENTS,
        DEADLINE_MS = 30000,
        CONNECT_MS = 10, /* a SYN that was lost is sent again a second later: a new connection is sooner */
        ANSWER_MS = 500,
};

static double began, moments[N_MOMENTS];
static struct sockaddr_in server = {.sin_family = AF_INET};

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static void happened(int what) {
        if (moments[what] <= 0)
                moments[what] = now() - began;
}

static int watch_execution(unsigned int kind, const char *path) {
        int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fanotify_mark(fd, FAN_MARK_ADD | kind, FAN_OPEN_EXEC, AT_FDCWD, path) < 0)
                err(1, "cannot watch what is run of %s", path);
        return fd;
}

static void see_execution(int fd, int what) {
        struct fanotify_event_metadata events[16];
        ssize_t n = fd < 0 ? -1 : read(fd, events, sizeof(events));

        if (n <= 0)
                return;
        happened(what);
        for (struct fanotify_event_metadata *e = events; FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n))
                (void) close(e->fd);
}

/* Until it succeeds: the link comes with the container. */
static void ask_neighbours_often(const char *link) {
        static bool done;
        char path[128];
        int fd;

        if (!link || done)
                return;
        (void) snprintf(path, sizeof(path), "/proc/sys/net/ipv4/neigh/%s/retrans_time_ms", link);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        done = write(fd, "5", 1) == 1;
        (void) close(fd);
}

static int ping_open(void) {
        int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);

        if (fd < 0)
                err(1, "raw socket");
        return fd;
}

/* Refused as long as there is no route: what the first answers depend on is tried, not assumed. */
static void ping_send(int fd) {
        struct icmphdr request = {.type = ICMP_ECHO, .un.echo.id = htons((uint16_t) getpid())};
        uint32_t sum = (uint32_t) htons(ICMP_ECHO << 8) + request.un.echo.id;

        sum = (sum & 0xffff) + (sum >> 16);
        request.checksum = (uint16_t) ~sum;
        (void) sendto(fd, &request, sizeof(request), MSG_DONTWAIT, (struct sockaddr *) &server, sizeof(server));
}

static void ping_receive(int fd) {
        char packet[256];
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        ssize_t n;

        while ((n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *) &from, &size)) > 0) {
                struct icmphdr reply;

                if (n < (ssize_t) (sizeof(struct iphdr) + sizeof(reply)))
                        continue;
                memcpy(&reply, packet + sizeof(struct iphdr), sizeof(reply));
                if (from.sin_addr.s_addr == server.sin_addr.s_addr && reply.type == ICMP_ECHOREPLY &&
                    reply.un.echo.id == htons((uint16_t) getpid()))
                        happened(PING);
        }
}

struct http {
        int fd;
        bool asked;
        double since;
};

static void http_close(struct http *h) {
        if (h->fd >= 0)
                (void) close(h->fd);
        h->fd = -1;
}

static void http_turn(struct http *h) {
        static const char request[] = "GET / HTTP/1.0\r\n\r\n";
        char answer[64];
        ssize_t n;

        if (h->fd < 0) {
                *h = (struct http){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                                   .since = now()};
                if (h->fd < 0)
                        err(1, "socket");
                if (connect(h->fd, (struct sockaddr *) &server, sizeof(server)) < 0 && errno != EINPROGRESS)
                        http_close(h);
                return;
        }
        if (!h->asked) {
                n = send(h->fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
                h->asked = n > 0;
                if (n < 0 && errno != EAGAIN && errno != ENOTCONN)
                        http_close(h);
        } else {
                n = recv(h->fd, answer, sizeof(answer), 0);
                if (n >= 12 && memcmp(answer + 8, " 200", 4) == 0)
                        happened(HTTP);
                else if (n >= 0 || errno != EAGAIN)
                        http_close(h);
        }
        if (h->fd >= 0 && now() - h->since > (h->asked ? ANSWER_MS : CONNECT_MS))
                http_close(h);
}

static void see_end(pid_t pid) {
        int status;

        if (moments[END] > 0 || waitpid(pid, &status, WNOHANG) != pid)
                return;
        if (status != 0)
                errx(1, "the command ended with %d", status);
        happened(END);
}

int main(int argc, char *argv[]) {
        bool wait = argc > 3 && strcmp(argv[3], "-") != 0;
        struct http http = {.fd = -1};
        int first, init, ping;
        pid_t pid;

        if (argc < 6 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
                errx(2, "usage: first-answer ADDRESS PORT FILESYSTEM|- INIT COMMAND...");
        server.sin_port = htons((uint16_t) atoi(argv[2]));
        first = wait ? watch_execution(FAN_MARK_FILESYSTEM, argv[3]) : -1;
        init = watch_execution(0, argv[4]);
        ping = ping_open();
        began = now();
        pid = fork();
        if (pid < 0)
                err(1, "fork");
        if (pid == 0) {
                (void) dup2(STDERR_FILENO, STDOUT_FILENO);
                (void) execvp(argv[5], argv + 5);
                err(127, "%s", argv[5]);
        }
        while (moments[HTTP] <= 0 || moments[PING] <= 0 || (wait && moments[END] <= 0)) {
                struct pollfd p[] = {{.fd = first, .events = POLLIN},
                                     {.fd = init, .events = POLLIN},
                                     {.fd = ping, .events = POLLIN},
                                     {.fd = http.fd, .events = http.asked ? POLLIN : POLLOUT}};

                if (now() - began > DEADLINE_MS)
                        errx(1, "no answer within %d s", DEADLINE_MS / 1000);
                ask_neighbours_often(getenv("LINK"));
                if (moments[PING] <= 0)
                        ping_send(ping);
                (void) poll(p, sizeof(p) / sizeof(*p), 1);
                see_execution(first, FIRST);
                see_execution(init, INIT);
                ping_receive(ping);
                if (moments[HTTP] <= 0)
                        http_turn(&http);
                see_end(pid);
        }
        for (int i = 0; i < N_MOMENTS; i++)
                if (moments[i] > 0)
                        printf("%.1f%s", moments[i], i == END ? "\n" : " ");
                else
                        printf("-%s", i == END ? "\n" : " ");
        return 0;
}

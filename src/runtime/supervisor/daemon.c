/* nspawn-netd has no parent that would start it again: those who need it do. Each supervisor of a container with a
 * network watches the daemon, and starts it when it is gone, unless another one was faster. */
#include "supervisor.h"

#include "base/log.h"
#include "netd/client.h"
#include "runtime/group.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define DELAY_FIRST_USEC UINT64_C(10000)
#define DELAY_MOST_USEC  UINT64_C(10000000)

static int look_later(struct supervisor *s);

int daemon_ensure(struct error *e) {
        int r;

        if (netd_running())
                return 0;
        group_leave_supervisors();
        r = netd_ensure(e);
        (void) group_join_supervisors();
        return r;
}

static int on_end(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct supervisor *s = userdata;

        s->daemon_source = sd_event_source_disable_unref(s->daemon_source);
        s->daemon_delay = DELAY_FIRST_USEC;
        return look_later(s);
}

static int watch(struct supervisor *s) {
        int fd = netd_open(), r;

        if (fd < 0)
                return fd;
        r = sd_event_add_io(s->loop, &s->daemon_source, fd, EPOLLIN, on_end, s);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(s->daemon_source, true);
        if (r < 0) {
                s->daemon_source = sd_event_source_disable_unref(s->daemon_source);
                (void) close(fd);
        }
        return r;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct supervisor *s = userdata;
        int r;

        s->daemon_timer = sd_event_source_disable_unref(s->daemon_timer);
        r = daemon_ensure(&e);
        if (r < 0)
                log_warning("Cannot start nspawn-netd again: %s", error_message(&e));
        else
                r = watch(s);
        return r < 0 ? look_later(s) : 0;
}

/* Not all supervisors at once: who finds it running has little to do. */
static int look_later(struct supervisor *s) {
        uint64_t spread = 0;
        int r;

        (void) getrandom(&spread, sizeof spread, 0);
        r = sd_event_add_time_relative(s->loop, &s->daemon_timer, CLOCK_MONOTONIC,
                                       s->daemon_delay + spread % (10 * s->daemon_delay), 1000, on_time, s);
        s->daemon_delay = s->daemon_delay < DELAY_MOST_USEC / 2 ? 2 * s->daemon_delay : DELAY_MOST_USEC;
        if (r < 0)
                log_warning("Cannot watch nspawn-netd for %s: %s", s->name, strerror(-r));
        return 0;
}

int daemon_watch(struct supervisor *s, struct error *e) {
        if (!container_is_attached(&s->container) || s->daemon_source || s->daemon_timer)
                return 0;
        s->daemon_delay = DELAY_FIRST_USEC;
        return watch(s) < 0 ? look_later(s) : 0;
}

void daemon_unwatch(struct supervisor *s) {
        s->daemon_source = sd_event_source_disable_unref(s->daemon_source);
        s->daemon_timer = sd_event_source_disable_unref(s->daemon_timer);
}

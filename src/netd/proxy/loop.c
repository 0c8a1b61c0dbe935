/* The inner epoll and the clock. */
#include "proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#define EVENTS_AT_ONCE 128
#define TICK_USEC      1000000u

static uint64_t now_msec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000 + (uint64_t) t.tv_nsec / 1000000;
}

int watch_set(struct proxy *p, struct watch *w, uint32_t events) {
        struct epoll_event event = {.events = events, .data.ptr = w};

        if (events == w->events)
                return 0;
        if (epoll_ctl(p->epoll,
                      !w->events ? EPOLL_CTL_ADD
                      : !events  ? EPOLL_CTL_DEL
                                 : EPOLL_CTL_MOD,
                      w->fd, &event) < 0)
                return -errno;
        w->events = events;
        return 0;
}

/* Objects that went in a turn may still be named by events of the same turn, so this is its end. */
void proxy_reap(struct proxy *p) {
        while (!link_is_empty(&p->dead)) {
                struct dead *d = CONTAINER_OF(p->dead.next, struct dead, link);

                link_remove(&d->link);
                free(d->object);
        }
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct epoll_event events[EVENTS_AT_ONCE];
        struct proxy *p = userdata;
        int n;

        p->now = now_msec();
        n = epoll_wait(p->epoll, events, EVENTS_AT_ONCE, 0);
        for (int i = 0; i < n; i++) {
                struct watch *w = events[i].data.ptr;

                if (w->events != 0) /* not let go meanwhile */
                        w->ready(w, events[i].events);
        }
        proxy_reap(p);
        return 0;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        struct proxy *p = userdata;
        bool again;

        p->now = now_msec();
        again = tcp_tick(p);
        again = udp_tick(p) || again;
        proxy_reap(p);
        if (!again)
                return 0;
        (void) sd_event_source_set_time_relative(source, TICK_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void proxy_tick(struct proxy *p) {
        int enabled = SD_EVENT_OFF;

        if (sd_event_source_get_enabled(p->tick, &enabled) >= 0 && enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(p->tick, TICK_USEC);
        (void) sd_event_source_set_enabled(p->tick, SD_EVENT_ONESHOT);
}

int proxy_new(sd_event *event, struct proxy **ret) {
        _cleanup_(proxy_freep) struct proxy *p = calloc(1, sizeof *p);
        int r;

        if (!p)
                return -ENOMEM;
        p->event = sd_event_ref(event);
        p->epoll = p->spare = -1;
        link_init(&p->services);
        link_init(&p->connecting);
        link_init(&p->flows);
        link_init(&p->dead);
        p->now = now_msec();
        (void) getrandom(p->hash_key, sizeof p->hash_key, GRND_NONBLOCK);
        p->flow_table = calloc(FLOW_BUCKETS, sizeof *p->flow_table);
        p->epoll = epoll_create1(EPOLL_CLOEXEC);
        p->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (!p->flow_table || p->epoll < 0)
                return -ENOMEM;
        r = sd_event_add_io(event, &p->source, p->epoll, EPOLLIN, on_events, p);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &p->tick, CLOCK_MONOTONIC, TICK_USEC, TICK_USEC / 4, on_tick, p);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(p->tick, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = steal_ptr(p);
        return 0;
}

struct proxy *proxy_free(struct proxy *p) {
        if (!p)
                return NULL;
        while (!link_is_empty(&p->services))
                service_clear(p, CONTAINER_OF(p->services.next, struct service, link)->name);
        proxy_reap(p);
        pipes_free(p);
        free(p->flow_table);
        sd_event_source_disable_unref(p->source);
        sd_event_source_disable_unref(p->tick);
        (void) fd_close(p->epoll);
        (void) fd_close(p->spare);
        sd_event_unref(p->event);
        free(p);
        return NULL;
}

/* The localhost half of forwards: nspawn-proxy is told, and watched. Who kills it is no reason for a forward to stay
 * away: it is started again with everything that it had, at the pace of repair.c. */
#include "manager.h"

#include "base/log.h"
#include "netd/proxy_client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool is_needed(const struct manager *m) {
        for (const struct attachment *a = NULL; (a = manager_each(m, a));)
                if (proxy_needed(&a->network))
                        return true;
        return false;
}

/* It ends by itself, too, when nothing is left for it to do. */
static int on_end(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct manager *m = userdata;

        m->proxy_source = sd_event_source_disable_unref(m->proxy_source);
        if (is_needed(m))
                manager_proxy_damaged(m);
        return 0;
}

static int watch(struct manager *m) {
        int fd, r;

        if (m->proxy_source)
                return 0;
        fd = proxy_open();
        if (fd < 0)
                return fd;
        r = sd_event_add_io(m->event, &m->proxy_source, fd, EPOLLIN, on_end, m);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(m->proxy_source, true);
        if (r < 0) {
                m->proxy_source = sd_event_source_disable_unref(m->proxy_source);
                (void) close(fd);
        }
        return r;
}

int manager_serve_localhost(struct manager *m, const struct network *n, struct error *e) {
        struct varlink_exchange none = VARLINK_EXCHANGE_INIT;

        return manager_serve_localhost_end(m, n, &none, e);
}

int manager_serve_localhost_end(struct manager *m, const struct network *n, struct varlink_exchange *x,
                                struct error *e) {
        int r;

        r = proxy_set_end(x, n->name, n, e);
        if (r < 0 || !proxy_needed(n))
                return r;
        r = watch(m);
        if (r == -ESRCH)
                manager_proxy_damaged(m); /* gone already */
        else if (r < 0)
                log_warning("cannot watch nspawn-proxy, it will not be started again when it dies: %s", strerror(-r));
        return 0;
}

int manager_repair_proxy(struct manager *m, struct error *e) {
        for (struct attachment *a = NULL; (a = manager_each(m, a));) {
                _cleanup_(error_clear) struct error own = ERROR_INIT;

                if (!proxy_needed(&a->network) || manager_serve_localhost(m, &a->network, &own) >= 0)
                        continue;
                if (own.code != -EADDRINUSE) {
                        int r = own.code;

                        error_move(e, &own);
                        return r;
                }
                /* Somebody was faster; that is not repaired by trying again. */
                log_warning("%s: %s", a->network.name, error_message(&own));
        }
        return 0;
}

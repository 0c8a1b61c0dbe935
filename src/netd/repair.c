/* What others took away is put back at once; when it is taken again and again, less and less often, but always within
 * a second, so that two programs that disagree do not burn the machine. */
#include "manager.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

#define DELAY_FIRST_USEC 1000 /* what one command does comes as several events */
#define DELAY_MOST_USEC  250000
#define QUIET_USEC       5000000 /* after so long, it was not a fight */
#define TELL_MOST        4U      /* repairs in a row that are logged */
#define ACCURACY_USEC    1000

/* When to repair, given that it was done at `last` for the n-th time in a row. */
static uint64_t due(uint64_t now, uint64_t last, unsigned *n) {
        uint64_t delay = DELAY_FIRST_USEC;

        if (last == 0 || now - last > QUIET_USEC)
                *n = 0;
        for (unsigned i = 0; i < *n && delay < DELAY_MOST_USEC; i++)
                delay *= 2;
        return now + (delay < DELAY_MOST_USEC ? delay : DELAY_MOST_USEC);
}

static int on_repair(sd_event_source *source, uint64_t usec, void *userdata);

static void arm(struct manager *m) {
        uint64_t earliest = m->tables.damaged ? m->tables.repair_at : UINT64_MAX;
        int r;

        if (m->proxy.damaged && m->proxy.repair_at < earliest)
                earliest = m->proxy.repair_at;
        for (const struct attachment *a = m->damaged; a; a = a->next_damaged)
                earliest = a->repair_at < earliest ? a->repair_at : earliest;
        if (earliest == UINT64_MAX)
                return;
        if (m->repair_timer) {
                r = sd_event_source_set_time(m->repair_timer, earliest);
                if (r >= 0)
                        r = sd_event_source_set_enabled(m->repair_timer, SD_EVENT_ONESHOT);
        } else
                r = sd_event_add_time(m->event, &m->repair_timer, CLOCK_MONOTONIC, earliest, ACCURACY_USEC, on_repair,
                                      m);
        if (r < 0)
                log_error("cannot set a timer: %s", strerror(-r));
}

static void repair_attachments(struct manager *m, uint64_t now) {
        struct attachment *list = m->damaged;

        m->damaged = NULL;
        while (list) {
                struct attachment *a = list;

                list = a->next_damaged;
                if (a->repair_at > now) {
                        a->next_damaged = m->damaged;
                        m->damaged = a;
                        continue;
                }
                a->damaged = false;
                a->repaired_at = now;
                a->repairs++;
                manager_look(m, a);
        }
}

/* Whether it is time; then it counts as repaired. */
static bool is_due(struct damage *d, uint64_t now) {
        if (!d->damaged || d->repair_at > now)
                return false;
        d->damaged = false;
        d->repaired_at = now;
        d->repairs++;
        return true;
}

static int on_repair(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct manager *m = userdata;
        uint64_t now = manager_now(m);

        if (is_due(&m->tables, now) && manager_repair_tables(m, &e) < 0) {
                log_error("cannot repair the firewall, trying again: %s", error_message(&e));
                manager_tables_damaged(m);
        }
        if (is_due(&m->proxy, now) && manager_repair_proxy(m, &e) < 0) {
                log_error("localhost is not forwarded, trying again: %s", error_message(&e));
                manager_proxy_damaged(m);
        }
        repair_attachments(m, now);
        arm(m);
        return 0;
}

static void put_off(struct manager *m, struct attachment *a) {
        a->damaged = true;
        a->next_damaged = m->damaged;
        m->damaged = a;
        arm(m);
}

static const char *last_words(unsigned n) {
        return n + 1 == TELL_MOST ? "; it keeps happening, not telling any more" : "";
}

void manager_damaged(struct manager *m, struct attachment *a, const char *what) {
        if (a->damaged)
                return;
        a->repair_at = due(manager_now(m), a->repaired_at, &a->repairs);
        a->damage = what;
        put_off(m, a);
}

void manager_tell_damage(struct attachment *a) {
        if (a->damage && a->repairs <= TELL_MOST)
                log_info("%s: %s %s, repairing it%s", a->network.name, a->network.link, a->damage,
                         last_words(a->repairs - 1));
        a->damage = NULL;
}

void manager_incomplete(struct manager *m, struct attachment *a, const struct error *e) {
        if (a->damaged)
                return;
        a->repair_at = due(manager_now(m), a->repaired_at, &a->repairs);
        if (a->repairs < TELL_MOST)
                log_warning("%s: %s is incomplete, trying again: %s%s", a->network.name, a->network.link,
                            error_message(e), last_words(a->repairs));
        put_off(m, a);
}

static void shared_damaged(struct manager *m, struct damage *d, const char *what) {
        if (d->damaged)
                return;
        d->repair_at = due(manager_now(m), d->repaired_at, &d->repairs);
        if (d->repairs < TELL_MOST)
                log_info("%s%s", what, last_words(d->repairs));
        d->damaged = true;
        arm(m);
}

void manager_tables_damaged(struct manager *m) {
        shared_damaged(m, &m->tables, "somebody removed something of our firewall, repairing it");
}

void manager_proxy_damaged(struct manager *m) {
        shared_damaged(m, &m->proxy, "nspawn-proxy died, starting it again with its forwards");
}

/* The elements of all networks in one transaction, or, when one of them is refused, of each by itself. */
int manager_repair_tables(struct manager *m, struct error *e) {
        _cleanup_(plan_clear) struct plan all = PLAN_INIT;
        int r;

        r = engine_base_ensure(m->engine, e);
        if (r < 0)
                return r;
        for (struct attachment *a = NULL; (a = manager_each(m, a));) {
                r = plan_admit(&a->network, &all);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot plan the network of '%s'", a->network.name);
        }
        if (all.n == 0 || engine_apply(m->engine, &all, 0, -1, NULL) >= 0)
                return 0;

        for (struct attachment *a = NULL; (a = manager_each(m, a));) {
                _cleanup_(error_clear) struct error own = ERROR_INIT;
                _cleanup_(plan_clear) struct plan one = PLAN_INIT;

                if (plan_admit(&a->network, &one) < 0 || engine_apply(m->engine, &one, 0, -1, &own) < 0)
                        log_error("%s: %s", a->network.name, error_message(&own));
        }
        return 0;
}

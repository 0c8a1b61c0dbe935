/* What others took away is put back at once; when it is taken again and again, less and less often, but always within
 * a second, so that two programs that disagree do not burn the machine. */
#include "manager.h"

#include "apply/forwarding.h"
#include "base/log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define MOST_USEC        250000
#define MOST_RESYNC_USEC 900000 /* its cost grows with the number of networks */
#define ACCURACY_USEC    1000

static int on_repair(sd_event_source *source, uint64_t usec, void *userdata);

/* Sees to it that the timer fires at `at` or before. */
static void arm(struct manager *m, uint64_t at) {
        int r;

        if (at == 0 || (m->repair_at > 0 && m->repair_at <= at))
                return;
        m->repair_at = at;
        if (m->repair_timer) {
                r = sd_event_source_set_time(m->repair_timer, at);
                if (r >= 0)
                        r = sd_event_source_set_enabled(m->repair_timer, SD_EVENT_ONESHOT);
        } else
                r = sd_event_add_time(m->event, &m->repair_timer, CLOCK_MONOTONIC, at, ACCURACY_USEC, on_repair, m);
        if (r < 0)
                log_error("cannot set a timer: %s", strerror(-r));
}

static void repair_attachments(struct manager *m, uint64_t now) {
        struct attachment *list = m->damaged;

        m->damaged = NULL;
        while (list) {
                struct attachment *a = list;

                list = a->next_damaged;
                if (pace_due(&a->repair, now))
                        manager_look(m, a);
                else {
                        a->next_damaged = m->damaged;
                        m->damaged = a;
                        arm(m, a->repair.at);
                }
        }
}

/* What all networks share. */
static const struct shared {
        size_t pace; /* offset in struct manager */
        uint64_t most_usec;
        const char *what, *failed;
        int (*repair)(struct manager *m, struct error *e);
} shared[] = {
        {offsetof(struct manager, everything), MOST_RESYNC_USEC, "events were lost, looking at everything",
         "cannot look at everything", manager_resync},
        {offsetof(struct manager, tables), MOST_USEC, "somebody removed something of our firewall, repairing it",
         "cannot repair the firewall", manager_repair_tables},
        {offsetof(struct manager, sysctls), MOST_USEC, "somebody switched forwarding off, switching it on again",
         "cannot switch forwarding on", manager_repair_forwarding},
        {offsetof(struct manager, names), MOST_USEC, "somebody removed names of containers, publishing them again",
         "cannot publish the names of containers", manager_repair_names},
        {offsetof(struct manager, proxy), MOST_USEC, "nspawn-proxy died, starting it again with its forwards",
         "localhost is not forwarded", manager_repair_proxy},
};

static struct pace *shared_pace(struct manager *m, const struct shared *s) {
        return (struct pace *) (void *) ((char *) m + s->pace);
}

static void repair_shared(struct manager *m, const struct shared *s, uint64_t now) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct pace *pace = shared_pace(m, s);
        const char *words;

        if (pace_due(pace, now)) {
                words = pace_words(pace);
                if (words)
                        log_info("%s%s", s->what, words);
                if (s->repair(m, &e) < 0) {
                        if (words)
                                log_error("%s, trying again: %s", s->failed, error_message(&e));
                        (void) pace_break(pace, now, s->most_usec);
                }
        }
        arm(m, pace->at);
}

static void repair_zones(struct manager *m, uint64_t now) {
        for (struct active_zone *z = m->zones; z; z = z->next)
                if (z->repair.at > 0 && pace_due(&z->repair, now))
                        manager_zone_look(m, z);
                else
                        arm(m, z->repair.at);
}

static int on_repair(sd_event_source *source, uint64_t usec, void *userdata) {
        struct manager *m = userdata;
        uint64_t now = manager_now(m);

        m->repair_at = 0;
        for (size_t i = 0; i < ELEMENTS_OF(shared); i++)
                repair_shared(m, &shared[i], now);
        repair_zones(m, now);
        repair_attachments(m, now);
        return 0;
}

static void break_shared(struct manager *m, const struct pace *pace) {
        for (size_t i = 0; i < ELEMENTS_OF(shared); i++)
                if (shared_pace(m, &shared[i]) == pace &&
                    pace_break(shared_pace(m, &shared[i]), manager_now(m), shared[i].most_usec))
                        arm(m, pace->at);
}

void manager_tables_damaged(struct manager *m) {
        break_shared(m, &m->tables);
}

/* What was switched off when nobody needed it any more is off. */
void manager_forwarding_off(struct manager *m, bool v6) {
        if ((v6 ? m->forwarding_v6 : m->forwarding) && manager_needs_forwarding(m) && !forwarding_is_on(v6))
                break_shared(m, &m->sysctls);
}

void manager_names_damaged(struct manager *m) {
        break_shared(m, &m->names);
}

void manager_proxy_damaged(struct manager *m) {
        break_shared(m, &m->proxy);
}

void manager_events_lost(struct manager *m) {
        break_shared(m, &m->everything);
}

static void put_off(struct manager *m, struct attachment *a) {
        a->next_damaged = m->damaged;
        m->damaged = a;
        arm(m, a->repair.at);
}

void manager_damaged(struct manager *m, struct attachment *a, const char *what) {
        if (!pace_break(&a->repair, manager_now(m), MOST_USEC))
                return;
        a->damage = what;
        put_off(m, a);
}

void manager_zone_damaged(struct manager *m, struct active_zone *z, const char *what) {
        if (!pace_break(&z->repair, manager_now(m), MOST_USEC))
                return;
        z->damage = what;
        arm(m, z->repair.at);
}

void manager_tell_damage(struct attachment *a) {
        const char *words = a->damage ? pace_words(&a->repair) : NULL;

        if (words)
                log_info("%s: %s %s, repairing it%s", a->network.name, a->network.link, a->damage, words);
        a->damage = NULL;
}

void manager_incomplete(struct manager *m, struct attachment *a, const struct error *e) {
        const char *words = pace_words(&a->repair);

        if (!pace_break(&a->repair, manager_now(m), MOST_USEC))
                return;
        if (words)
                log_warning("%s: %s is incomplete, trying again: %s%s", a->network.name, a->network.link,
                            error_message(e), words);
        put_off(m, a);
}

/* The elements of all networks in one transaction, or, when one of them is refused, of each by itself. */
static int repair_networks(struct manager *m, struct error *e) {
        _cleanup_(plan_clear) struct plan all = PLAN_INIT;
        int r;

        r = engine_base_ensure(m->engine, e);
        if (r < 0)
                return r;
        for (struct active_zone *z = m->zones; z; z = z->next) {
                r = plan_zone_admit(&z->network, &all);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot plan zone '%s'", z->network.name);
        }
        for (struct attachment *a = NULL; (a = manager_each(m, a));) {
                r = plan_admit(&a->network, &all);
                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot plan the network of '%s'", a->network.name);
        }
        if (all.n == 0 || engine_apply(m->engine, &all, 0, -1, NULL) >= 0)
                return 0;

        for (struct active_zone *z = m->zones; z; z = z->next) {
                _cleanup_(error_clear) struct error own = ERROR_INIT;
                _cleanup_(plan_clear) struct plan one = PLAN_INIT;

                if (plan_zone_admit(&z->network, &one) < 0 || engine_apply(m->engine, &one, 0, -1, &own) < 0)
                        log_error("zone %s: %s", z->network.name, error_message(&own));
        }

        for (struct attachment *a = NULL; (a = manager_each(m, a));) {
                _cleanup_(error_clear) struct error own = ERROR_INIT;
                _cleanup_(plan_clear) struct plan one = PLAN_INIT;

                if (plan_admit(&a->network, &one) < 0 || engine_apply(m->engine, &one, 0, -1, &own) < 0)
                        log_error("%s: %s", a->network.name, error_message(&own));
        }
        return 0;
}

/* The host's NAT comes first: see manager_repair_host(). Its failure keeps no container from its network. */
int manager_repair_tables(struct manager *m, struct error *e) {
        _cleanup_(error_clear) struct error own = ERROR_INIT;
        int host, r;

        host = manager_repair_host(m, &own);
        r = repair_networks(m, e);
        if (r >= 0 && host < 0)
                error_move(e, &own);
        return r < 0 ? r : host < 0 ? host : 0;
}

/* What the host's configuration asks for: NAT, and the domain of containers' names. The rules are the kernel's and stay
 * when the daemon ends; as long as there are any, it does not end by itself, so that it can put them back when somebody
 * takes them away. */
#include "manager.h"

#include "apply/forwarding.h"
#include "base/paths.h"
#include "plan/nat.h"
#include "state/applied.h"
#include "state/publish.h"

#include <errno.h>
#include <string.h>

/* Once a daemon; what others switch off later is told (manager_forwarding_off()). */
int manager_forward(struct manager *m, bool v6, struct error *e) {
        int r;

        if (m->forwarding && (m->forwarding_v6 || !v6))
                return 0;
        r = forwarding_enable(PATH_NETD_SYSCTLS, v6, e);
        if (r < 0)
                return r;
        m->forwarding = true;
        m->forwarding_v6 |= v6;
        return 0;
}

/* Back to what containers and a NAT (v4, v6) need. */
static int forward_less(struct manager *m, bool v4, bool v6, struct error *e) {
        int r;

        if (manager_each(m, NULL) || v6)
                return 0;
        r = forwarding_restore(PATH_NETD_SYSCTLS, e);
        if (r < 0)
                return r;
        m->forwarding = m->forwarding_v6 = false;
        return v4 ? manager_forward(m, false, e) : 0;
}

bool manager_keeps_host(const struct manager *m) {
        return (m->nat && *m->nat) || m->zones;
}

bool manager_needs_forwarding(const struct manager *m) {
        return manager_each(m, NULL) || manager_keeps_host(m);
}

int manager_repair_forwarding(struct manager *m, struct error *e) {
        int r = 0;

        if (m->forwarding && manager_needs_forwarding(m))
                r = forwarding_enable(PATH_NETD_SYSCTLS, m->forwarding_v6, e);
        return r < 0 ? r : 0;
}

/* What is removed in making the table is told as if somebody else had done it. Whoever calls this looks at everything
 * else afterwards, which may have been told of, too. */
static int ensure(struct manager *m, const char *text, char **seen, struct error *e) {
        int r = engine_nat_ensure(m->engine, text, seen, e);

        if (r > 0)
                (void) firewall_monitor_dispatch(m->firewall, engine_firewall_port(m->engine));
        return r;
}

int manager_repair_host(struct manager *m, struct error *e) {
        return manager_keeps_host(m) ? ensure(m, m->nat, &m->nat_seen, e) : 0;
}

static int replace(struct manager *m, const struct nat *n, char *text, struct error *e) {
        _cleanup_(freep) char *seen = NULL;
        int r;

        r = n->enable ? manager_forward(m, n->ipv6, e) : 0;
        if (r >= 0)
                r = ensure(m, text, &seen, e);
        if (r < 0) {
                (void) forward_less(m, manager_keeps_host(m), m->nat_v6, NULL);
                return r;
        }
        /* A daemon that begins does not know yet who needs what. */
        if (m->nat && (!n->enable || (m->nat_v6 && !n->ipv6)))
                r = forward_less(m, n->enable, n->ipv6, e);
        if (r < 0) {
                (void) ensure(m, m->nat ? m->nat : "", &m->nat_seen, NULL);
                return r;
        }
        free(m->nat);
        free(m->nat_seen);
        m->nat = text;
        m->nat_seen = steal_ptr(seen);
        m->nat_v6 = n->ipv6;
        return 0;
}

static bool is_routed(const struct manager *m, const struct network *n, const char *link) {
        return n->kind == CONTAINER_NIXOS && nat_links_have(m->routed, m->n_routed, link);
}

void manager_route(const struct manager *m, struct network *n) {
        n->routed = is_routed(m, n, n->link);
        for (size_t i = 0; i < n->n_extra; i++)
                n->extra[i].routed = is_routed(m, n, n->extra[i].link);
}

static bool is_routed_otherwise(const struct manager *m, const struct network *n) {
        if (n->routed != is_routed(m, n, n->link))
                return true;
        for (size_t i = 0; i < n->n_extra; i++)
                if (n->extra[i].routed != is_routed(m, n, n->extra[i].link))
                        return true;
        return false;
}

int manager_route_all(struct manager *m, struct error *e) {
        _cleanup_(freep) struct attachment **all = NULL;
        size_t n = 0, k = 0;

        for (struct attachment *a = NULL; (a = manager_each(m, a));)
                n++;
        all = calloc(n + 1, sizeof(*all));
        if (!all)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot change the containers' networks");
        /* One that changes leaves the tables and comes in again. */
        for (struct attachment *a = NULL; (a = manager_each(m, a));)
                if (is_routed_otherwise(m, &a->network))
                        all[k++] = a;
        for (size_t i = 0; i < k; i++) {
                _cleanup_(plan_clear) struct plan done = PLAN_INIT;
                _cleanup_(network_clear) struct network to = NETWORK_INIT;
                int r = network_copy(&all[i]->network, &to);

                if (r < 0)
                        return error_errno(e, r, EXIT_FAILED, "cannot change the containers' networks");
                manager_route(m, &to);
                r = manager_change(m, all[i], &to, &GUEST_INIT, &done, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void take_routed(struct manager *m, struct nat *n) {
        free(m->routed);
        m->routed = steal_ptr(n->routed);
        m->n_routed = n->n_routed;
        n->n_routed = 0;
}

static int apply_nat(struct manager *m, struct nat *n, struct error *e) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        _cleanup_(freep) char *text = NULL;
        bool begins = !m->nat;
        int r;

        nat_write(n, &b);
        text = strdup(buffer_text(&b));
        if (!text || buffer_error(&b) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot write the rules of the host's NAT");
        if (begins || strcmp(m->nat, text) != 0) {
                r = replace(m, n, text, e);
                if (r < 0)
                        return r;
                text = NULL;
        }
        take_routed(m, n);
        if (begins)
                return 0;
        r = manager_repair_tables(m, e);
        return r < 0 ? r : manager_route_all(m, e);
}

static int set_suffix(struct manager *m, const char *suffix, struct error *e) {
        int r = names_publish_suffix(suffix);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot publish the domain of containers' names, '%s'", suffix);
        if (m->responders)
                (void) responders_set_domain(m->responders, suffix);
        (void) strcpy(m->suffix, suffix);
        return 0;
}

int manager_apply_host(struct manager *m, struct error *e) {
        char suffix[NAME_SUFFIX_MAX + 1], before[NAME_SUFFIX_MAX + 1];
        struct proxy_links proxied;
        _cleanup_(nat_clear) struct nat n = NAT_INIT;
        int r;

        r = applied_network(&n, suffix, &proxied, e);
        if (r < 0)
                return r;
        (void) strcpy(before, m->suffix);
        r = set_suffix(m, suffix, e);
        if (r < 0)
                return r;
        r = apply_nat(m, &n, e);
        if (r < 0)
                (void) set_suffix(m, before, NULL);
        else
                manager_set_proxied(m, &proxied);
        return r;
}

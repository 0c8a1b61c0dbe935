/* Taking over: what the records of the daemon before say, what the kernel has, and which containers run.
 *
 * What is right is found right and stays untouched: all that is done here adds what is missing. */
#include "manager.h"

#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/paths.h"
#include "netd/supervisor.h"
#include "state/publish.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#define RECORD_MAX ((size_t) 16 * 1024 * 1024)
#define GONE_USEC  3000000

/* Calls each for the names in a folder, with suffix cut off. Absent folder: none. */
static int each_name(const char *path, const char *suffix, const char *(*problem)(const char *),
                     void (*each)(struct manager *, const char *), struct manager *m) {
        DIR *folder = opendir(path);
        struct dirent *entry;

        if (!folder)
                return errno == ENOENT ? 0 : -errno;
        while ((entry = readdir(folder))) {
                char name[CONTAINER_NAME_MAX + 1];
                size_t size = strlen(entry->d_name), cut = strlen(suffix);

                if (size <= cut || size - cut > CONTAINER_NAME_MAX || !string_equal(entry->d_name + size - cut, suffix))
                        continue;
                memcpy(name, entry->d_name, size - cut);
                name[size - cut] = 0;
                if (!problem(name))
                        each(m, name);
        }
        (void) closedir(folder);
        return 0;
}

static int read_record(const char *folder, const char *name, json_t **ret) {
        _cleanup_(freep) char *path = format("%s/%s.json", folder, name), *text = NULL;
        size_t size;
        int r;

        if (!path)
                return -ENOMEM;
        r = file_read(path, RECORD_MAX, &text, &size);
        if (r < 0)
                return r;
        *ret = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        return *ret ? 0 : -EBADMSG;
}

bool manager_drop_half(struct manager *m, const struct plan *back) {
        bool inside = false;

        for (size_t i = 0; i < back->n; i++) {
                struct plan one = {.operations = &back->operations[i], .n = 1};
                enum operation_kind kind = back->operations[i].kind;

                if (back->operations[i].side == SIDE_CONTAINER)
                        inside = true;
                else if (kind == OPERATION_ELEMENT_REMOVE || kind == OPERATION_ADDRESS_REMOVE ||
                         kind == OPERATION_ROUTE_REMOVE || kind == OPERATION_NEIGHBOUR_REMOVE ||
                         kind == OPERATION_LINK_CONFIGURE)
                        (void) engine_dismiss(m->engine, &one, NULL);
        }
        return inside;
}

/* The daemon before was killed in the middle of a change: what the change had added already goes away again; what it
 * had taken is found missing later. In the container that has to wait for who knows its namespace. */
static void drop_pending(struct manager *m, struct attachment *a, const json_t *record) {
        const json_t *pending = json_object_get(record, "pending");
        _cleanup_(attachment_freep) struct attachment *half = NULL;
        _cleanup_(plan_clear) struct plan back = PLAN_INIT;

        if (json_is_object(pending) && attachment_from_record(pending, &half) >= 0 &&
            plan_change(&half->network, &a->network, &back) >= 0 && manager_drop_half(m, &back))
                a->half = steal_ptr(half);
}

static void take_zone(struct manager *m, const char *name) {
        json_t *record = NULL;

        (void) read_record(PATH_ZONES_ATTACHED, name, &record);
        manager_zones_recover(m, name, record);
        json_decref(record);
}

/* A zone without a record is made anew. */
static int find_zone(struct manager *m, struct attachment *a) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        int r = 0;

        if (a->network.mode != NETWORK_ZONE)
                return 0;
        a->zone = manager_find_bridge(m, a->network.bridge);
        if (!a->zone)
                r = manager_zone_hold(m, link_zone(a->network.bridge) ?: "", &a->zone, &e);
        if (r < 0)
                log_error("%s: %s", a->network.name, error_message(&e));
        return r;
}

static void take_record(struct manager *m, const char *name) {
        _cleanup_(attachment_freep) struct attachment *a = NULL;
        json_t *record = NULL;
        int r;

        r = read_record(PATH_ATTACHED, name, &record);
        if (r >= 0)
                r = attachment_from_record(record, &a);
        if (r >= 0 && !string_equal(a->network.name, name))
                r = -EBADMSG;
        if (r < 0) {
                log_error("%s: the record in " PATH_ATTACHED " cannot be read (%s), forgetting it", name, strerror(-r));
                (void) names_withdraw(name);
                (void) record_remove(name);
        } else if (find_zone(m, a) >= 0 && manager_insert(m, a) >= 0) {
                drop_pending(m, a, record);
                a = NULL;
        }
        json_decref(record);
}

/* A container that runs and of which there is no record. */
static void take_running(struct manager *m, const char *name) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct attachment *a;

        if (manager_find(m, name) || supervisor_lives(name) <= 0)
                return;
        log_info("%s: runs without a network on record, attaching it", name);
        if (manager_attach(m, name, &a, &e) < 0)
                log_error("%s: %s", name, error_message(&e));
}

/* The container is over and nobody told us. */
static bool is_gone(const struct attachment *a) {
        if (a->ifindex > 0)
                return false;
        return a->namespace_path || supervisor_lives(a->network.name) == 0;
}

static int on_gone(sd_event_source *source, uint64_t usec, void *userdata) {
        struct manager *m = userdata;
        bool waiting = false;

        for (struct attachment *a = manager_each(m, NULL), *next; a; a = next) {
                next = manager_each(m, a);
                if (is_gone(a)) {
                        log_info("%s: ended without saying so, removing its network", a->network.name);
                        (void) manager_dismiss(m, a, NULL);
                } else if (a->ifindex == 0 && supervisor_lives(a->network.name) > 0)
                        waiting = true;
        }
        if (waiting)
                manager_expect_gone(m);
        return 0;
}

void manager_expect_gone(struct manager *m) {
        int r, enabled = SD_EVENT_OFF;

        if (!m->gone_timer)
                r = sd_event_add_time_relative(m->event, &m->gone_timer, CLOCK_MONOTONIC, GONE_USEC, 0, on_gone, m);
        else {
                (void) sd_event_source_get_enabled(m->gone_timer, &enabled);
                if (enabled != SD_EVENT_OFF)
                        return;
                r = sd_event_source_set_time_relative(m->gone_timer, GONE_USEC);
                if (r >= 0)
                        r = sd_event_source_set_enabled(m->gone_timer, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_error("cannot set a timer: %s", strerror(-r));
}

/* One dump of all links, instead of a question for each. */
static int look_at_links(struct manager *m, struct error *e) {
        _cleanup_(freep) struct netlink_link *links = NULL;
        bool missing = false;
        size_t n;
        int r;

        r = netlink_links(m->route, &links, &n);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot list the host's links");
        for (struct attachment *a = NULL; (a = manager_each(m, a));)
                a->seen = false;
        for (size_t i = 0; i < n; i++) {
                struct attachment *a = manager_find_link(m, links[i].name);
                _cleanup_(error_clear) struct error own = ERROR_INIT;

                if (!a) {
                        size_t k;

                        a = manager_find_extra(m, links[i].name, &k);
                        if (a)
                                manager_complete_extra(m, a, k, links[i].ifindex);
                        continue;
                }
                a->seen = true;
                a->carrier = links[i].flags & IFF_RUNNING;
                if (manager_complete(m, a, links[i].ifindex, &own) < 0 && own.code != -ENODEV)
                        manager_incomplete(m, a, &own);
        }
        for (struct attachment *a = NULL; (a = manager_each(m, a));)
                if (!a->seen) {
                        manager_link_gone(m, a);
                        missing = true;
                }
        if (missing)
                manager_expect_gone(m);
        return 0;
}

int manager_resync(struct manager *m, struct error *e) {
        int r;

        r = manager_repair_tables(m, e);
        if (r >= 0)
                r = manager_repair_forwarding(m, e);
        if (r < 0)
                return r;
        manager_zones_resync(m);
        r = look_at_links(m, e);
        manager_proxy_neighbours_all(m);
        return r;
}

/* A configuration that cannot be put in force keeps no container from its network. */
static void recover_host(struct manager *m) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (manager_apply_host(m, &e) < 0)
                log_error("the host's configuration is not in force: %s", error_message(&e));
}

/* It may have changed while there was no daemon. */
static void route_all(struct manager *m) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (manager_route_all(m, &e) < 0)
                log_error("the host's configuration is not in force: %s", error_message(&e));
}

/* Nor does forwarding that cannot be switched on. */
static void recover_forwarding(struct manager *m) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (manager_each(m, NULL) && manager_forward(m, true, &e) < 0)
                log_error("%s", error_message(&e));
}

int manager_recover(struct manager *m, struct error *e) {
        int r;

        r = directory_make(PATH_ATTACHED, 0700);
        if (r >= 0)
                r = each_name(PATH_ZONES_ATTACHED, ".json", zone_name_problem, take_zone, m);
        if (r >= 0)
                r = each_name(PATH_ATTACHED, ".json", container_name_problem, take_record, m);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read the records in " PATH_ATTACHED);
        recover_host(m);
        recover_forwarding(m);
        r = manager_resync(m, e);
        if (r >= 0)
                r = manager_repair_names(m, e);
        if (r < 0)
                return r;
        route_all(m);

        /* Those that ended while there was no daemon; without a link they have no traffic that could be cut. */
        for (struct attachment *a = manager_each(m, NULL), *next; a; a = next) {
                next = manager_each(m, a);
                if (is_gone(a))
                        (void) manager_dismiss(m, a, NULL);
                else if (a->network.n_forwards > 0) {
                        _cleanup_(error_clear) struct error own = ERROR_INIT;

                        if (manager_serve_localhost(m, &a->network, &own) < 0)
                                log_warning("%s: %s", a->network.name, error_message(&own));
                }
        }
        r = each_name(PATH_CONTAINERS, "", container_name_problem, take_running, m);
        manager_zones_settle(m);
        return r;
}

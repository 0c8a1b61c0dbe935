/* A network for a namespace that the caller made, as CNI would have it: both sides are done before the answer. */
#include "manager.h"

#include "base/parse.h"
#include "state/allocate.h"
#include "state/confs.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define LOCK_TIMEOUT_MS 1000

/* Ranges that c has not got yet: this looks at the host and writes to disk. */
static int allocate_new(struct manager *m, const struct container *c, struct error *e) {
        _cleanup_(fd_closep) int lock = store_lock(LOCK_TIMEOUT_MS, e);
        _cleanup_(freep) struct prefix *avoid = NULL;
        size_t n_avoid = 0;
        int r;

        if (lock < 0)
                return lock;
        r = allocations_refresh(&m->allocations, e);
        if (r >= 0)
                r = engine_observe_ranges(m->engine, &avoid, &n_avoid, e);
        if (r >= 0)
                r = confs_append_addresses(NULL, &avoid, &n_avoid, e);
        if (r >= 0)
                r = allocate(c, m->allocations, m->machine_id, avoid, n_avoid, e);
        if (r > 0)
                r = allocations_save(m->allocations, e);
        return r < 0 ? r : 0;
}

int manager_allocate(struct manager *m, const char *name, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        int r = store_load(name, &c, e);

        if (r >= 0)
                r = allocations_refresh(&m->allocations, e);
        return r < 0 || allocate_done(&c, m->allocations) ? r : allocate_new(m, &c, e);
}

/* The ranges that the name has, or new ones. */
static int find_ranges(struct manager *m, const char *name, struct allocation *ret, struct error *e) {
        struct container c = CONTAINER_INIT;
        int r = allocations_refresh(&m->allocations, e);

        if (r < 0)
                return r;
        if (allocations_find(m->allocations, name, ret) == 0)
                return 0;
        c.name = (char *) name;
        r = allocate_new(m, &c, e);
        return r < 0 ? r : allocations_find(m->allocations, name, ret);
}

static int container_make(const char *name, const json_t *forwards, struct container *c, struct error *e) {
        enum container_kind kind;
        int r;

        if (!forwards && store_kind(name, &kind) == 0)
                return store_load_kind(name, kind, c, e);
        c->name = strdup(name);
        if (!c->name)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        r = forwards_from_json(forwards, &c->forwards, &c->n_forwards);
        if (r < 0)
                return error_errno(e, r, EXIT_CONTAINER, "the forwards for '%s' are not what the interface describes",
                                   name);
        for (size_t i = 0; i < c->n_forwards; i++)
                for (size_t k = i + 1; k < c->n_forwards; k++)
                        if (forward_conflicts(&c->forwards[i], &c->forwards[k]))
                                return error_set(
                                        e, EINVAL, EXIT_CONTAINER, "%s port %u of the host is forwarded twice for '%s'",
                                        protocol_name(c->forwards[k].protocol), c->forwards[k].host_port, name);
        return 0;
}

static int attachment_make(struct manager *m, const char *name, const char *path, const char *guest_link,
                           const json_t *forwards, struct attachment **ret, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(attachment_freep) struct attachment *a = NULL;
        struct allocation allocation;
        _cleanup_(network_clear) struct network n = NETWORK_INIT;
        int r;

        r = container_make(name, forwards, &c, e);
        if (r >= 0)
                r = find_ranges(m, name, &allocation, e);
        if (r < 0)
                return r;
        r = network_compute(&c, &allocation, m->machine_id, &n);
        if (r < 0)
                return error_errno(e, r, EXIT_CONTAINER, "cannot compute the network of '%s'", name);
        a = attachment_new(&n);
        if (a) {
                a->namespace_path = strdup(path);
                a->guest_link = strdup(guest_link);
        }
        if (!a || !a->namespace_path || !a->guest_link)
                return error_set(e, ENOMEM, EXIT_FAILED, "no memory");
        *ret = steal_ptr(a);
        return 0;
}

static int check(struct manager *m, const char *name, const char *guest_link, struct error *e) {
        const char *problem = container_name_problem(name);
        const struct attachment *a = manager_find(m, name);

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "'%s' is no name for a container: %s", name, problem);
        if (strlen(guest_link) == 0 || strlen(guest_link) >= IFNAMSIZ || strpbrk(guest_link, "/: \t\n"))
                return error_set(e, EINVAL, EXIT_USAGE,
                                 "'%s' is no name for a link: 1 to %d characters, no '/', ':' or blank", guest_link,
                                 IFNAMSIZ - 1);
        if (a)
                return error_set(e, EEXIST, EXIT_CONTAINER, "'%s' has a network already, %s %s", name,
                                 a->namespace_path ? "in" : "as a container",
                                 a->namespace_path ? a->namespace_path : "that the supervisor attached");
        return 0;
}

int manager_attach_namespace(struct manager *m, const char *name, const char *path, const char *guest_link,
                             const json_t *forwards, struct attachment **ret, struct error *e) {
        _cleanup_(attachment_freep) struct attachment *a = NULL;
        _cleanup_(fd_closep) int netns = -1;
        struct attachment *existing = manager_find(m, name);
        int ifindex, r;

        if (existing && string_equal(existing->namespace_path, path) &&
            string_equal(existing->guest_link, guest_link) && existing->state == ATTACHMENT_LINKED) {
                *ret = existing;
                return 0;
        }
        r = check(m, name, guest_link, e);
        if (r < 0)
                return r;
        netns = open(path, O_RDONLY | O_CLOEXEC);
        if (netns < 0)
                return error_errno(e, errno, EXIT_FAILED, "cannot open the network namespace %s", path);
        r = attachment_make(m, name, path, guest_link, forwards, &a, e);
        if (r >= 0)
                r = manager_admit(m, a, netns, e);
        if (r < 0)
                return r;

        existing = steal_ptr(a);
        ifindex = netlink_index(m->route, existing->network.link);
        if (ifindex < 0)
                r = error_errno(e, ifindex, EXIT_FAILED, "the new link %s is not there", existing->network.link);
        else
                r = manager_made(m, existing, ifindex, e);
        if (r < 0) {
                (void) manager_dismiss(m, existing, NULL);
                return r;
        }
        *ret = existing;
        return 0;
}

int manager_detach_namespace(struct manager *m, const char *name, struct error *e) {
        struct attachment *a = manager_find(m, name);

        if (!a || !a->namespace_path)
                return 0;
        return manager_dismiss(m, a, e);
}

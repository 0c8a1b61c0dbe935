#include "nspawn.h"

#include "base/file.h"
#include "base/paths.h"
#include "state/store.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

struct words {
        char **list;
        size_t n;
        bool failed;
};

static _printf_(2, 3) void add(struct words *w, const char *fmt, ...) {
        char **grown = w->failed ? NULL : reallocarray(w->list, w->n + 2, sizeof *grown), *word = NULL;
        va_list ap;
        int r;

        if (!grown) {
                w->failed = true;
                return;
        }
        w->list = grown;
        grown[w->n] = grown[w->n + 1] = NULL;
        va_start(ap, fmt);
        r = vasprintf(&word, fmt, ap);
        va_end(ap);
        if (r < 0)
                w->failed = true;
        else
                grown[w->n++] = word;
}

static void add_network(struct words *w, const struct container *c) {
        if (c->network_namespace)
                add(w, "--network-namespace-path=%s", c->network_namespace);
        else if (c->mode != NETWORK_HOST)
                add(w, "--private-network");
        if (container_has_link(c))
                add(w, "--network-veth");
        if (c->mode == NETWORK_BRIDGE)
                add(w, "--network-bridge=%s", c->attached_to);
        for (char **p = c->interfaces; p && *p; p++)
                add(w, "--network-interface=%s", *p);
        for (char **p = c->macvlans; p && *p; p++)
                add(w, "--network-macvlan=%s", *p);
        for (size_t i = 0; i < c->n_extra_veths; i++)
                add(w, "--network-veth-extra=%s", c->extra_veths[i].name); /* the same name inside */
}

static void add_files(struct words *w, const struct container *c, const struct guest_system *s) {
        for (char **p = s->nix; p && *p; p++)
                add(w, "%s", *p);
        if (s->usr)
                add(w, "--bind-ro=%s:/usr:norbind%s", s->usr, c->user_namespacing && s->idmap ? ",idmap" : "");
        if (container_is_attached(c))
                add(w, "--bind-ro=" PATH_CONTAINERS "/%s/guest:" PATH_GUEST_FOLDER, c->name);
}

int nspawn_arguments(const struct container *c, const struct guest_system *s, bool supervised, char ***ret) {
        _cleanup_(freep) char *root = container_root(c);
        struct words w = {0};

        if (!root)
                return -ENOMEM;
        add(&w, "systemd-nspawn");
        add(&w, "--quiet");
        add(&w, "--keep-unit");
        add(&w, "--settings=no");
        add(&w, "--machine=%s", c->name);
        add(&w, "--directory=%s", root);
        if (supervised) {
                add(&w, "--register=no");
                add(&w, "--console=read-only");
        }
        add(&w, "--notify-ready=yes");
        add(&w, "--kill-signal=SIGRTMIN+3");
        add(&w, "--resolv-conf=off");
        add(&w, "--timezone=off");
        add(&w, "--link-journal=%s", supervised || c->ephemeral ? "no" : "try-guest");
        add(&w, "--private-users=%s", c->private_users ?: "no");
        if (c->user_namespacing)
                add(&w, "--private-users-ownership=auto");
        add_network(&w, c);
        add_files(&w, c, s);
        for (char **p = c->extra_flags; p && *p; p++)
                add(&w, "%s", *p);
        add(&w, "--");
        /* A network that others make needs no first process, which could not change it either. */
        if (container_is_attached(c))
                add(&w, PATH_GUEST_FIRST);
        add(&w, "%s", s->init);
        if (w.failed) {
                strings_free(w.list);
                return -ENOMEM;
        }
        *ret = w.list;
        return 0;
}

/* What is declared against what is there. */
#include "cli/declared.h"

#include "front/directories.h"
#include "front/taken.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "config/host_containers.h"
#include "runtime/runtime.h"
#include "state/confs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void side_clear(struct declared_side *s) {
        conf_clear(&s->conf);
        container_clear(&s->container);
        definition_clear(&s->definition);
}

void declared_clear(struct declared_list *l) {
        for (size_t i = 0; i < l->n; i++) {
                free(l->list[i].name);
                side_clear(&l->list[i].before);
                conf_clear(&l->list[i].with_ports);
                side_clear(&l->list[i].after);
                journal_end(&l->list[i].journal);
        }
        free(l->list);
        *l = DECLARED_LIST_INIT;
}

/* A new one, of that name. NULL: no memory. */
static struct declared *list_add(struct declared_list *l, const char *name) {
        struct declared *list = reallocarray(l->list, l->n + 1, sizeof(*list)), *d;

        if (!list)
                return NULL;
        l->list = list;
        d = &list[l->n];
        *d = (struct declared){.name = strdup(name)};
        d->journal = JOURNAL_INIT;
        d->before.definition = d->after.definition = DEFINITION_INIT;
        d->before.container = d->after.container = CONTAINER_INIT;
        if (!d->name)
                return NULL;
        l->n++;
        return d;
}

static int load_before(struct declared *d, struct error *e) {
        struct declared_side *s = &d->before;
        unsigned number;
        int r;

        r = confs_load(d->name, &s->conf, NULL, e);
        if (r >= 0 && conf_is_declared(&s->conf)) {
                s->exists = true;
                /* One that somebody damaged is written anew. */
                (void) conf_to_container(&s->conf, d->name, d->name, &s->container, NULL);
        }
        if (r >= 0 && !conf_get(&s->conf, "SYSTEM_PATH") && store_current_generation(d->name, &number) >= 0) {
                s->has_config = definition_load_generation(d->name, 0, &s->definition, NULL) >= 0;
                s->definition.name = d->name;
        }
        return r;
}

/* A path that leads nowhere would be noticed at its start alone. */
static int check_system(const struct declared *d, struct error *e) {
        const char *path = conf_get(&d->after.conf, "SYSTEM_PATH");

        if (!path || directories_is_tree(path) || directories_is_built(path))
                return 0;
        return error_set(
                e, EINVAL, EXIT_CONTAINER,
                "containers.%s.path: %s is neither a directory with usr/ nor a built NixOS system, which has a "
                "file init",
                d->name, path);
}

static int load_after(struct declared *d, const struct host_container *wanted, const char *source, struct error *e) {
        struct declared_side *s = &d->after;
        _cleanup_(freep) char *text = conf_text(&wanted->conf);
        json_t *spec = NULL;
        int r = text ? conf_parse(text, d->name, &s->conf, e)
                     : error_errno(e, ENOMEM, EXIT_FAILED, "declaring %s", d->name);

        if (r >= 0)
                r = conf_to_container(&s->conf, d->name, d->name, &s->container, e);
        if (r >= 0)
                r = check_system(d, e);
        if (r >= 0 && wanted->config) {
                r = host_container_spec(wanted, source, &spec, e);
                if (r >= 0)
                        r = definition_from_spec(spec, d->name, &s->definition, e);
                s->definition.container.kind = CONTAINER_NIXOS;
                s->has_config = true;
        }
        json_decref(spec);
        s->exists = true;
        return r;
}

bool declared_same_config(const struct declared_side *a, const struct declared_side *b) {
        if (!a->has_config || !b->has_config)
                return a->has_config == b->has_config;
        return json_equal(json_object_get(a->definition.spec, "config"), json_object_get(b->definition.spec, "config"));
}

static bool same_conf(const struct declared_side *a, const struct declared_side *b) {
        _cleanup_(freep) char *x = conf_text(&a->conf), *y = conf_text(&b->conf);

        return string_equal(x, y);
}

static int refuse_taken(const char *name, struct error *e) {
        return error_set(e, EEXIST, EXIT_CONTAINER,
                         "containers.%s: there is a container %s already, which is not declared here: remove it, or "
                         "declare this one by another name",
                         name, name);
}

/* Neither somebody else, who was made by a command, has its addresses, nor the host. */
static int check_addresses(const struct declared *d, struct error *e) {
        _cleanup_(taken_clear) struct taken taken = TAKEN_INIT;
        int r = taken_clash(&d->after.container, true, geteuid() == 0, &taken, e);

        if (r <= 0)
                return r;
        if (taken.kind)
                return error_set(e, EADDRINUSE, EXIT_CONTAINER, "containers.%s.%s: %s %s has this address already",
                                 d->name, host_container_option(taken.key), taken.kind, taken.name);
        return error_set(e, EADDRINUSE, EXIT_CONTAINER,
                         "containers.%s.%s: the host has this address itself, on its link %s, and would not reach the "
                         "container: choose another one",
                         d->name, host_container_option(taken.key), taken.link);
}

static int decide(struct declared *d, const struct host_container *wanted, bool repair, struct error *e) {
        struct runtime_status status = {0};
        int r = 0;

        if (d->before.exists)
                r = repair ? runtime_recover_status(d->name, &status, e) : runtime_status(d->name, &status, e);
        if (r < 0)
                return r;
        d->running = status.state != RUNTIME_OFF;
        if (!wanted)
                d->action = DECLARED_REMOVE;
        else if (!d->before.exists)
                d->action = DECLARED_CREATE;
        else if (!same_conf(&d->before, &d->after) || !declared_same_config(&d->before, &d->after))
                d->action = DECLARED_CHANGE;
        d->restart = wanted && wanted->restart && d->running;
        d->start = wanted && d->after.container.auto_start && !d->running;
        return 0;
}

static int load_wanted(const json_t *host, const struct host_containers *wanted, bool repair, struct declared_list *l,
                       struct error *e) {
        const char *source = json_string_value(json_object_get(host, "source"));
        int r = 0;

        for (size_t i = 0; i < wanted->n && r >= 0; i++) {
                const char *name = wanted->list[i].name;
                _cleanup_(freep) char *unit = format(PATH_UNITS "/%s.nspawn", name), *conf = NULL;
                struct declared *d = list_add(l, name);
                bool old = false;

                if (!d || !unit)
                        return error_errno(e, ENOMEM, EXIT_FAILED, "reading the declared containers");
                if (confs_find(name, &conf, &old) >= 0) {
                        r = load_before(d, e);
                        if (r >= 0 && (!d->before.exists || old))
                                r = refuse_taken(name, e);
                } else if (store_exists(name) || access(unit, F_OK) == 0)
                        r = refuse_taken(name, e);
                if (r >= 0)
                        r = load_after(d, &wanted->list[i], source, e);
                if (r >= 0)
                        r = check_addresses(d, e);
                if (r >= 0)
                        r = decide(d, &wanted->list[i], repair, e);
        }
        return r;
}

static bool is_wanted(const struct host_containers *wanted, const char *name) {
        for (size_t i = 0; i < wanted->n; i++)
                if (strcmp(wanted->list[i].name, name) == 0)
                        return true;
        return false;
}

static int load_unwanted(const struct host_containers *wanted, char *const *names, bool repair, struct declared_list *l,
                         struct error *e) {
        int r = 0;

        for (; *names && r >= 0; names++) {
                _cleanup_(conf_clear) struct conf conf = CONF_INIT;
                struct declared *d;

                if (is_wanted(wanted, *names) || confs_load(*names, &conf, NULL, NULL) < 0 || !conf_is_declared(&conf))
                        continue;
                d = list_add(l, *names);
                r = d ? load_before(d, e) : error_errno(e, ENOMEM, EXIT_FAILED, "reading the declared containers");
                if (r >= 0)
                        r = decide(d, NULL, repair, e);
        }
        return r;
}

static int compare(const void *a, const void *b) {
        const struct declared *x = a, *y = b;

        return x->action != y->action ? (x->action < y->action ? -1 : 1) : strcmp(x->name, y->name);
}

int declared_load(const json_t *host, bool repair, struct declared_list *ret, struct error *e) {
        _cleanup_(host_containers_clear) struct host_containers wanted = HOST_CONTAINERS_INIT;
        _cleanup_(declared_clear) struct declared_list l = DECLARED_LIST_INIT;
        _cleanup_(strings_freep) char **names = NULL;
        int r;

        r = host_containers_read(host, &wanted, NULL, e);
        if (r < 0)
                return r;
        r = confs_list(&names);
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read the containers in " PATH_CONFS);
        r = load_wanted(host, &wanted, repair, &l, e);
        if (r >= 0)
                r = load_unwanted(&wanted, names, repair, &l, e);
        if (r < 0)
                return r;
        if (l.n > 0)
                qsort(l.list, l.n, sizeof(*l.list), compare);
        /* They moved. */
        for (size_t i = 0; i < l.n; i++)
                l.list[i].before.definition.name = l.list[i].after.definition.name = l.list[i].name;
        *ret = l;
        l = DECLARED_LIST_INIT;
        return 0;
}

bool declared_any(const struct declared_list *l) {
        for (size_t i = 0; i < l->n; i++)
                if (l->list[i].action != DECLARED_KEEP)
                        return true;
        return false;
}

/* Which options differ, and whether what is in it does. */
static void append_differences(const struct declared *d, struct buffer *b) {
        const struct conf *const confs[] = {&d->before.conf, &d->after.conf};
        const char *between = " (";

        for (size_t c = 0; c < ELEMENTS_OF(confs); c++)
                for (size_t i = 0; i < confs[c]->n; i++) {
                        const char *key = confs[c]->lines[i].key;

                        if (!key || conf_get(confs[c], key) != confs[c]->lines[i].value ||
                            string_equal(conf_get(confs[0], key), conf_get(confs[1], key)) ||
                            (c > 0 && conf_get(confs[0], key)))
                                continue;
                        buffer_append_format(b, "%s%s", between,
                                             strcmp(key, "EXTRA_NSPAWN_FLAGS") == 0 ? "mounts or flags"
                                                                                    : host_container_option(key));
                        between = ", ";
                }
        if (!declared_same_config(&d->before, &d->after)) {
                buffer_append_format(b, "%sits config", between);
                between = ", ";
        }
        if (strcmp(between, ", ") == 0)
                buffer_append_byte(b, ')');
}

static void describe(const struct declared *d, json_t *changes) {
        static const char *const actions[] = {"start", "remove", "change", "create"};
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

        if (d->action == DECLARED_KEEP && !d->start)
                return;
        buffer_append_format(&b, "container %s", d->name);
        if (d->action == DECLARED_REMOVE)
                buffer_append_format(&b, "; its files stay in " PATH_STATES "/%s", d->name);
        if (d->action == DECLARED_CHANGE)
                append_differences(d, &b);
        if (d->action == DECLARED_CHANGE && d->running)
                buffer_append_string(&b, d->restart ? ", and restart it" : ", which takes effect at its next start");
        if (d->action > DECLARED_REMOVE && d->start)
                buffer_append_string(&b, ", and start it");
        (void) json_array_append_new(changes, json_pack("{s:s, s:s, s:s}", "action", actions[d->action], "container",
                                                        d->name, "text", buffer_text(&b)));
}

void declared_describe(const struct declared_list *l, json_t *changes) {
        for (size_t i = 0; i < l->n; i++)
                describe(&l->list[i], changes);
}

int declared_prepare(struct declared_list *l, struct progress *p, struct error *e) {
        int r = 0;

        for (size_t i = 0; i < l->n && r >= 0; i++) {
                struct declared *d = &l->list[i];

                if (d->action >= DECLARED_CHANGE && d->after.has_config)
                        r = definition_prepare(&d->after.definition, progress_phrase, p, e);
        }
        return r;
}

int declared_switch_back(struct declared_list *l, struct progress *p, struct error *e) {
        int result = 0;

        for (size_t i = l->n; i-- > 0;) {
                int r = l->list[i].done ? declared_switch_one_back(&l->list[i], p, result < 0 ? NULL : e) : 0;

                l->list[i].done = false;
                if (r < 0 && result >= 0)
                        result = r;
        }
        declared_unpark(l, p);
        return result;
}

int declared_switch(struct declared_list *l, struct progress *p, struct error *e) {
        int r = declared_park(l, p, e);

        if (r < 0)
                return r;
        for (size_t i = 0; i < l->n; i++) {
                r = l->list[i].action == DECLARED_KEEP ? 0 : declared_switch_one(&l->list[i], p, e);

                if (r < 0)
                        return error_prefix(e, r, "container %s", l->list[i].name);
                l->list[i].done = l->list[i].action != DECLARED_KEEP;
        }
        return 0;
}

bool declared_start(const struct declared_list *l, struct progress *p) {
        bool good = true;

        for (size_t i = 0; i < l->n; i++) {
                _cleanup_(error_clear) struct error e = ERROR_INIT;

                if (l->list[i].action != DECLARED_KEEP || !l->list[i].start ||
                    runtime_start(l->list[i].name, progress_phrase, p, &e) >= 0)
                        continue;
                (void) fprintf(stderr, "%s: container %s does not start: %s\n", program_name(), l->list[i].name,
                               error_message(&e));
                good = false;
        }
        return good;
}

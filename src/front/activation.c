/* A running container is compared with the definition that it runs with, which need not be the one in force: an update
 * may have been left for its next start. */
#include "front/activation.h"

#include "front/dry-run.h"

#include "base/parse.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <string.h>

#define ALL_OF_IT "the definition that it runs with"
#define TREE      "the system and its packages"
#define LINK      "the link itself"
#define ROOT      "its root, which is made anew at each start"

static const struct strategy_word {
        const char *word;
        enum strategy strategy;
} words[] = {
        {"restart", STRATEGY_RESTART},
        {"reload", STRATEGY_RELOAD},
        {"none", STRATEGY_NONE},
};

int activation_strategy(const struct invocation *i, const json_t *spec, enum strategy *ret, struct error *e) {
        const json_t *activation =
                json_object_get(json_object_get(json_object_get(spec, "config"), "nixosContainer"), "activation");
        const char *given = invocation_value(i, OPTION_STRATEGY);
        const char *s = given ?: json_string_value(json_object_get(activation, "strategy")) ?: "restart";

        if (string_equal(s, "dynamic"))
                return error_set(e, ENOTSUP, EXIT_CONTAINER,
                                 "'dynamic' is currently not supported for imperative containers!");
        for (size_t w = 0; w < ELEMENTS_OF(words); w++)
                if (string_equal(s, words[w].word)) {
                        *ret = given && words[w].strategy == STRATEGY_RESTART ? STRATEGY_ALWAYS : words[w].strategy;
                        return 0;
                }
        return error_set(e, EINVAL, EXIT_USAGE, "--strategy %s is unknown: restart, reload or none", s);
}

int activation_load_base(struct change *c, const char *name, struct error *e) {
        unsigned current, runs;

        if (runtime_generation(name, &runs) < 0 || store_current_generation(name, &current) < 0 || runs == current)
                return 0;
        c->has_base = true;
        return definition_load_generation(name, runs, &c->base, e);
}

static bool same_text(const char *a, const char *b) {
        return a && b ? string_equal(a, b) : a == b;
}

static bool same_packages(const struct definition *a, const struct definition *b) {
        _cleanup_(strings_freep) char **one = NULL, **other = NULL;
        size_t n = 0;

        if (a->provider != PROVIDER_AUTO && a->provider != PROVIDER_DEBIAN)
                return true;
        if (tree_packages(a->spec, &one) < 0 || tree_packages(b->spec, &other) < 0)
                return false;
        while (one[n] && other[n] && string_equal(one[n], other[n]))
                n++;
        return !one[n] && !other[n];
}

/* Before b's tree is made or found, what it is made from has to do. */
static bool same_tree(const struct definition *a, const struct definition *b) {
        if (!b->tree.path)
                return same_text(a->system, b->system) && same_text(a->image, b->image) &&
                       same_text(a->suite, b->suite) && same_packages(a, b);
        return same_text(a->tree.path, b->tree.path) && same_text(a->tree.usr, b->tree.usr) &&
               same_text(a->tree.init, b->tree.init) && a->tree.idmap == b->tree.idmap;
}

/* What cannot be said by the options' names: some settings of a network make it another link. */
static int find_other_link(struct change *c, struct definition *base) {
        bool live = false;
        int r;

        for (size_t i = 0; i < c->differences.n; i++)
                live |= c->differences.list[i].effect == EFFECT_LIVE;
        if (!live || !c->running || differences_effect(&c->differences) == EFFECT_RESTART)
                return 0;
        r = definition_allocate(base, false, NULL);
        if (r >= 0)
                r = definition_allocate(&c->new, false, NULL);
        if (r == -ENOMEM || (r >= 0 && network_same_link(&base->network, &c->new.network)))
                return r;
        return differences_add(&c->differences, LINK, EFFECT_RESTART);
}

static int find_differences(struct change *c, struct error *e) {
        struct definition *base = change_base(c);
        const char *problem = NULL;
        int r;

        differences_clear(&c->differences);
        reload_clear(&c->services);
        /* Not a generation any more, or damaged. */
        if (!base->spec)
                return differences_add(&c->differences, ALL_OF_IT, EFFECT_RESTART);
        r = spec_difference(base->spec, c->new.spec, &c->differences);
        if (r >= 0 && !same_tree(base, &c->new))
                r = differences_add(&c->differences, TREE, EFFECT_RESTART);
        if (r >= 0)
                r = find_other_link(c, base);
        if (r >= 0 && c->new.container.ephemeral && differences_effect(&c->differences) == EFFECT_RELOAD)
                r = differences_add(&c->differences, ROOT, EFFECT_RESTART);
        if (r < 0 || differences_effect(&c->differences) != EFFECT_RELOAD)
                return r;
        /* The files that follow from the options may say more. */
        r = reload_prepare(base, &c->new, &c->services, &problem, e);
        return r >= 0 && problem ? differences_add(&c->differences, problem, EFFECT_RESTART) : r;
}

int activation_decide(struct change *c, struct error *e) {
        _cleanup_(freep) char *names = NULL;
        enum effect most;
        int r;

        r = find_differences(c, e);
        if (r < 0)
                return e && e->message ? r
                                       : error_errno(e, ENOMEM, EXIT_FAILED, "cannot compare the definitions of %s",
                                                     c->new.name);
        most = differences_effect(&c->differences);
        c->effect = EFFECT_NONE;
        if (!c->running || c->strategy == STRATEGY_NONE)
                return 0;
        if (c->strategy == STRATEGY_RELOAD && most == EFFECT_RESTART) {
                names = differences_names(&c->differences, EFFECT_RESTART);
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "container %s cannot take this up while it runs, as this needs a restart: %s; use "
                                 "--strategy restart, or --strategy none to leave it for its next start",
                                 c->new.name, names ?: "?");
        }
        c->effect = c->strategy == STRATEGY_ALWAYS || (c->strategy == STRATEGY_RESTART && most > EFFECT_LIVE)
                            ? EFFECT_RESTART
                            : most;
        return 0;
}

void activation_say(const struct change *c) {
        _cleanup_(freep) char *names = differences_names(&c->differences, EFFECT_RESTART);

        if (c->running && c->effect == EFFECT_RESTART)
                (void) fprintf(stderr, "restarting container: %s\n", c->reason ?: names ?: "");
        else if (c->running)
                (void) fprintf(stderr, "reloading container...\n");
}

static void describe_effect(const struct change *c, json_t *dry_run) {
        static const char *const sentences[] = {
                [EFFECT_LIVE] = "change the network of the running container",
                [EFFECT_RELOAD] = "reload the running container",
                [EFFECT_RESTART] = "restart the container",
        };
        _cleanup_(freep) char *names = differences_names(&c->differences, c->strategy == STRATEGY_ALWAYS ? EFFECT_NONE
                                                                          : c->effect == EFFECT_RESTART  ? EFFECT_RELOAD
                                                                                                         : c->effect);

        if (c->effect != EFFECT_NONE)
                dry_run_step(dry_run, "%s%s%s", sentences[c->effect], names && *names ? ": " : "", names ?: "");
        else if (c->running)
                dry_run_step(dry_run, "leave the running container as it is");
}

int activation_describe(const struct change *c, json_t *dry_run, struct error *e) {
        json_t *list = json_array();
        int r;

        describe_effect(c, dry_run);
        for (size_t i = 0; i < c->differences.n; i++)
                (void) json_array_append_new(list, json_pack("{s:s, s:s}", "option", c->differences.list[i].option,
                                                             "effect", effect_name(c->differences.list[i].effect)));
        r = json_object_set_new(dry_run, "activation", json_string(effect_name(c->effect)));
        if (json_object_set_new(dry_run, "changes", list) < 0 || r < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "cannot describe the change of %s", c->new.name);
        return 0;
}

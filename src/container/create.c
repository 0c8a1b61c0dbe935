/* create: all checks first, then steps that are undone when one fails. */
#include "container/address.h"
#include "container/build.h"
#include "container/commands.h"
#include "container/configuration.h"
#include "container/find.h"
#include "front/describe.h"
#include "front/directories.h"
#include "front/dry-run.h"
#include "front/journal.h"
#include "front/sequence.h"
#include "front/taken.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/paths.h"
#include "config/conf_keys.h"
#include "model/names.h"
#include "runtime/runtime.h"
#include "state/confs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

enum {
        LOCK_TIMEOUT_MS = 60000,
        LINK_NAME_MAX = 11, /* "ve-" and this fit into a link's name */
        NUMBERS_MAX = 10000,
};

struct creation {
        struct invocation *invocation;
        struct progress *progress;
        char *name;
        char *text;                   /* of its configuration; NULL: a built system needs none */
        char *tree;                   /* its system: a directory with usr/ */
        char *built;                  /* its system: one of NixOS */
        struct build build;           /* what Nix is to build that from */
        struct definition definition; /* empty with a built system */
        struct conf conf;
        struct container container;
        struct journal journal;
        struct unfinished unfinished;
        int lock;
        bool taken; /* meanwhile, by another command */
};

#define CREATION_INIT                                                                                                  \
        ((struct creation){.definition = DEFINITION_INIT,                                                              \
                           .conf = CONF_INIT,                                                                          \
                           .container = CONTAINER_INIT,                                                                \
                           .journal = JOURNAL_INIT,                                                                    \
                           .lock = -1})

static void creation_clear(struct creation *c) {
        journal_end(&c->journal);
        fd_closep(&c->lock);
        definition_clear(&c->definition);
        conf_clear(&c->conf);
        container_clear(&c->container);
        freep(&c->name);
        freep(&c->text);
        freep(&c->tree);
        freep(&c->built);
        build_clear(&c->build);
}

/* Neither a container of any kind, nor files that were left. */
static bool is_free(const char *name) {
        _cleanup_(freep) char *unit = format(PATH_UNITS "/%s.nspawn", name);
        _cleanup_(freep) char *root = format(PATH_STATES "/%s", name);

        return unit && root && !store_exists(name) && access(unit, F_OK) < 0 && access(root, F_OK) < 0;
}

static int check_name(const struct creation *c, struct error *e) {
        _cleanup_(freep) char *root = format(PATH_STATES "/%s", c->name);
        const char *problem = container_name_problem(c->name);

        if (problem)
                return error_set(e, EINVAL, EXIT_CONTAINER, "container name '%s' is invalid: %s", c->name, problem);
        if (strlen(c->name) > LINK_NAME_MAX)
                return error_set(e, ENAMETOOLONG, EXIT_CONTAINER,
                                 "container name '%s' is too long: at most %d characters, so that the name of its "
                                 "link, ve-NAME, has room",
                                 c->name, LINK_NAME_MAX);
        if (is_free(c->name))
                return 0;
        if (root && access(root, F_OK) == 0 && !store_exists(c->name))
                return error_set(e, EEXIST, EXIT_CONTAINER,
                                 "there is no container '%s', but its files are left in %s: move them away, or choose "
                                 "another name",
                                 c->name, root);
        return error_set(e, EEXIST, EXIT_CONTAINER, "container '%s' already exists", c->name);
}

/* NAME, or with --ensure-unique-name the first free one of NAME, NAME-0, NAME-1, ... */
static int choose_name(struct creation *c, struct error *e) {
        const char *base = invocation_argument(c->invocation, 0);

        c->name = strdup(base);
        for (unsigned n = 0; c->name && n < NUMBERS_MAX && !is_free(c->name); n++) {
                if (!invocation_has(c->invocation, OPTION_ENSURE_UNIQUE_NAME))
                        break;
                free(c->name);
                c->name = format("%s-%u", base, n);
        }
        return c->name ? check_name(c, e) : error_errno(e, ENOMEM, EXIT_FAILED, "cannot choose a name");
}

static int check_options(const struct invocation *i, struct error *e) {
        bool host = invocation_has(i, OPTION_HOST_ADDRESS), local = invocation_has(i, OPTION_LOCAL_ADDRESS);
        bool bridge = invocation_has(i, OPTION_BRIDGE);
        int r;

        if ((host && !local) || (local && !host && !bridge))
                return error_set(e, EINVAL, EXIT_USAGE,
                                 "--host-address and --local-address belong together: the two ends of the link");
        r = build_check(i, e);
        return r < 0 ? r : configuration_check(i, e);
}

static int find_system(struct creation *c, struct error *e) {
        const char *path = invocation_value(c->invocation, OPTION_SYSTEM_PATH);
        _cleanup_(freep) char *absolute = path ? realpath(path, NULL) : NULL;

        if (!path)
                return 0;
        if (!absolute)
                return error_errno(e, errno, EXIT_CONTAINER, "cannot find --system-path %s", path);
        if (directories_is_tree(absolute))
                c->tree = steal_ptr(absolute);
        else if (directories_is_built(absolute))
                c->built = steal_ptr(absolute);
        else
                return error_set(e, EINVAL, EXIT_CONTAINER,
                                 "--system-path %s is neither a directory with usr/ nor a built NixOS system, which "
                                 "has a file init",
                                 path);
        if (c->built && c->text)
                return error_set(e, EINVAL, EXIT_USAGE,
                                 "--system-path %s is a built system, which has its configuration: leave --config and "
                                 "--config-file out",
                                 path);
        return 0;
}

/* Where a key of the conf came from. */
static const char *option_of(const char *key) {
        static const char *const options[][2] = {{"LOCAL_ADDRESS", "--local-address"},
                                                 {"HOST_ADDRESS", "--host-address"},
                                                 {"HOST_BRIDGE", "--bridge"},
                                                 {"HOST_PORT", "--port"}};

        for (size_t k = 0; k < ELEMENTS_OF(options); k++)
                if (string_equal(key, options[k][0]))
                        return options[k][1];
        return key;
}

/* Alone, so that the message names the option. */
static int check_option(const char *key, const char *value, struct error *e) {
        _cleanup_(container_clear) struct container one = CONTAINER_INIT;
        const char *problem = NULL;
        int r = conf_read_key(&one, key, value, &problem);

        if (r == -EINVAL)
                return error_set(e, EINVAL, EXIT_USAGE, "%s %s: %s", option_of(key), value, problem);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "reading %s", option_of(key)) : 0;
}

/* The conf but for the addresses. */
static int write_conf(struct creation *c, struct error *e) {
        const struct invocation *i = c->invocation;
        const struct {
                const char *key, *value;
                bool typed; /* by a person: to be checked */
        } keys[] = {
                {"SYSTEM_PATH", c->built, false},
                {"FLAKE", c->build.flake, false},
                {"NIXOS_PATH", c->build.nixos_path, false},
                {"PRIVATE_NETWORK", "1", false},
                {"HOST_BRIDGE", invocation_value(i, OPTION_BRIDGE) ?: "", true},
                {"HOST_PORT", invocation_value(i, OPTION_PORT) ?: "", true},
                {"COPY_RESOLV_CONF", "1", false},
                {"AUTO_START", invocation_has(i, OPTION_AUTO_START) ? "1" : "0", false},
        };

        for (size_t k = 0; k < ELEMENTS_OF(keys); k++) {
                int r = keys[k].typed ? check_option(keys[k].key, keys[k].value, e) : 0;

                if (r < 0)
                        return r;
                r = keys[k].value ? conf_set(&c->conf, keys[k].key, keys[k].value) : 0;
                if (r < 0)
                        return error_errno(e, r, EXIT_USAGE, "cannot write %s=%s", keys[k].key, keys[k].value);
        }
        return 0;
}

/* Nobody else has its addresses. */
static int check_addresses(const struct creation *c, bool needed, struct error *e) {
        _cleanup_(taken_clear) struct taken taken = TAKEN_INIT;
        int r = taken_clash(&c->container, false, needed, &taken, e);

        if (r <= 0)
                return r;
        if (taken.kind)
                return error_set(e, EADDRINUSE, EXIT_CONTAINER, "%s %s: %s '%s' has this address already",
                                 option_of(taken.key), conf_get(&c->conf, taken.key), taken.kind, taken.name);
        return error_set(e, EADDRINUSE, EXIT_CONTAINER,
                         "--local-address %s: the host has this address itself, on its link %s, and would not reach "
                         "the container: choose another one",
                         conf_get(&c->conf, taken.key), taken.link);
}

/* The whole conf, and what it means. */
static int complete_conf(struct creation *c, bool save, struct error *e) {
        int r;

        r = address_choose(c->invocation, c->name, save, &c->conf, e);
        if (r < 0)
                return r;
        container_clear(&c->container);
        c->conf.option = option_of;
        r = conf_to_container(&c->conf, c->name, "", &c->container, e);
        return r < 0 ? r : check_addresses(c, save, e);
}

static int check_forwards(const struct creation *c, struct error *e) {
        int r = store_forward_conflict(c->name, c->container.forwards, c->container.n_forwards, NULL, e);

        return r > 0 ? -EADDRINUSE : r;
}

static int act_lock(void *context, struct error *e) {
        struct creation *c = context;
        int r;

        c->lock = store_lock(LOCK_TIMEOUT_MS, e);
        if (c->lock < 0)
                return c->lock;
        /* Another one may have been quicker. */
        r = check_name(c, e);
        c->taken = r == -EEXIST;
        return r;
}

static int undo_lock(void *context, struct error *e) {
        struct creation *c = context;

        fd_closep(&c->lock);
        return 0;
}

static int act_addresses(void *context, struct error *e) {
        struct creation *c = context;
        int r;

        c->unfinished.addresses = true;
        r = journal_write(&c->journal, &c->unfinished, e);
        if (r >= 0)
                r = complete_conf(c, true, e);
        return r < 0 ? r : check_forwards(c, e);
}

static int undo_addresses(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_addresses(c->name, &c->unfinished, e);
}

static int act_conf(void *context, struct error *e) {
        struct creation *c = context;
        int r;

        c->unfinished.conf = true;
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : confs_save(c->name, &c->conf, e);
}

static int undo_conf(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_conf(c->name, &c->unfinished, e);
}

static bool wants_save(const void *context) {
        const struct creation *c = context;

        return c->text && !c->built;
}

static int act_save(void *context, struct error *e) {
        struct creation *c = context;
        struct store_generation generation;
        int r;

        c->unfinished.generation = 1;
        r = journal_write(&c->journal, &c->unfinished, e);
        return r < 0 ? r : definition_save(&c->definition, c->text, &generation, e);
}

static int undo_save(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_generation(c->name, &c->unfinished, e);
}

static int act_define(void *context, struct error *e) {
        const struct creation *c = context;

        return runtime_define(c->name, e);
}

static int act_check_ports(void *context, struct error *e) {
        struct creation *c = context;
        struct definition d = {.name = c->name, .container = c->container};

        return definition_check_ports(&d, e);
}

static int act_root(void *context, struct error *e) {
        struct creation *c = context;
        int r;

        c->unfinished.root = !directories_has_root(c->name);
        r = journal_write(&c->journal, &c->unfinished, e);
        if (r < 0)
                return r;
        return wants_save(c) ? definition_instantiate(&c->definition, e) : directories_make_root(c->name, e);
}

static int undo_root(void *context, struct error *e) {
        struct creation *c = context;

        return unfinished_undo_root(c->name, &c->unfinished, e);
}

static int act_keep(void *context, struct error *e) {
        struct creation *c = context;
        int r = c->build.nixos_path ? build_configuration_save(c->name, c->text, e) : 0;

        return r < 0 ? r : build_keep(c->name, c->built, e);
}

static int undo_keep(void *context, struct error *e) {
        struct creation *c = context;

        return build_is_wanted(&c->build) ? directories_remove_nix(c->name, e) : 0;
}

static bool wants_keep(const void *context) {
        const struct creation *c = context;

        return build_is_wanted(&c->build);
}

static bool wants_define(const void *context) {
        return runtime_has_units();
}

static const struct step steps[] = {
        {"waiting for other commands", act_lock, undo_lock},
        {"choosing addresses", act_addresses, undo_addresses},
        {"writing the conf", act_conf, undo_conf},
        {"keeping what was built", act_keep, undo_keep, wants_keep},
        {"writing the definition", act_save, undo_save, wants_save},
        {"telling systemd", act_define, NULL, wants_define}, /* undone with the conf */
        {"checking ports", act_check_ports, NULL},
        {"making the container's files", act_root, undo_root},
};

static int create_dry_run(struct creation *c, struct error *e) {
        json_t *object = dry_run_new(c->name);
        int r;

        r = complete_conf(c, false, e);
        if (r < 0) {
                json_decref(object);
                return r;
        }
        dry_run_step(object, "write " PATH_CONFS "/%s.conf", c->name);
        for (size_t n = 0; n < c->conf.n; n++)
                if (c->conf.lines[n].key)
                        dry_run_step(object, "  %s=%s", c->conf.lines[n].key, c->conf.lines[n].value);
        if (build_is_wanted(&c->build))
                dry_run_step(object, "build %s with Nix", c->build.flake ?: "the configuration");
        else if (c->text)
                definition_describe(&c->definition, 1, object);
        dry_run_host_files(object, c->name, &c->container);
        dry_run_step(object, "make the container's files in " PATH_STATES "/%s", c->name);
        return dry_run_print(c->invocation, object, e);
}

static int print_created(const struct creation *c, struct error *e) {
        struct invocation *i = c->invocation;
        const char *host = conf_get(&c->conf, "HOST_ADDRESS"), *local = conf_get(&c->conf, "LOCAL_ADDRESS");
        _cleanup_(inventory_clear) struct inventory inventory = INVENTORY_INIT;
        const struct entry *entry;
        int r;

        if (host && local)
                (void) fprintf(stderr, "host IP is %s, container IP is %s\n", host, local);
        if (invocation_has(i, OPTION_ENSURE_UNIQUE_NAME))
                output_line(&i->output, "%s", c->name);
        if (!i->output.json)
                return 0;
        r = container_find(c->name, &inventory, &entry, e);
        return r < 0 ? r : describe_one(&i->output, entry, false, e);
}

static int create_once(struct invocation *i, bool *ret_taken, struct error *e) {
        _cleanup_(creation_clear) struct creation c = CREATION_INIT;
        _cleanup_(progress_endp) struct progress *progress = NULL;
        int r;

        c.invocation = i;
        r = choose_name(&c, e);
        if (r >= 0)
                r = configuration_text(i, &c.text, e);
        if (r >= 0)
                r = find_system(&c, e);
        if (r >= 0)
                r = build_from_options(i, &c.build, e);
        if (r >= 0 && !build_is_wanted(&c.build))
                r = build_check_unused(i, e);
        if (r >= 0 && !c.text && !c.built && !c.build.flake) {
                c.text = strdup("{ }\n");
                r = c.text ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "cannot create %s", c.name);
        }
        if (r >= 0 && build_is_wanted(&c.build) && !invocation_has(i, OPTION_DRY_RUN))
                r = build_run(&c.build, i, c.name, c.text, &c.built, e);
        if (r >= 0)
                r = write_conf(&c, e);
        if (r >= 0 && c.text && !build_is_wanted(&c.build))
                r = configuration_load(i, c.text, c.name, c.tree, &c.definition, e);
        c.definition.container.kind = CONTAINER_NIXOS;
        if (r >= 0 && invocation_has(i, OPTION_DRY_RUN))
                return create_dry_run(&c, e);
        c.progress = progress = progress_begin(&i->output, c.name);
        if (r >= 0 && c.text && !c.built)
                r = definition_prepare(&c.definition, progress_phrase, progress, e);
        if (r >= 0)
                r = journal_begin(&c.journal, c.name, e);
        if (r >= 0)
                r = sequence_run(steps, ELEMENTS_OF(steps), &c, progress, e);
        progress_endp(&progress);
        *ret_taken = c.taken || r == -EBUSY;
        if (r < 0)
                return r;
        journal_end(&c.journal);
        return print_created(&c, e);
}

int container_command_create(struct invocation *i, struct error *e) {
        bool taken;
        int r;

        r = check_options(i, e);
        if (r >= 0 && !invocation_has(i, OPTION_DRY_RUN))
                r = container_may_change(i, e);
        if (r < 0)
                return r;
        /* A name that somebody else takes meanwhile is not unique: the next one. */
        do {
                taken = false;
                error_clear(e);
                r = create_once(i, &taken, e);
        } while (r < 0 && taken && invocation_has(i, OPTION_ENSURE_UNIQUE_NAME));
        return r;
}

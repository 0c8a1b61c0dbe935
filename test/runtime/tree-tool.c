/* Trees and roots by themselves, for the scripts beside this:
 *
 *     tree-tool prepare SPEC             prints the tree, its /usr, its init and whether it can be ID-mapped
 *     tree-tool instantiate NAME SPEC    prints "new" or "updated"
 *     tree-tool remove NAME
 *     tree-tool nspawn NAME SPEC         prints NAME.nspawn
 *
 * $TREE_SYSTEM, $TREE_IMAGE: the provider and the image; else "auto" and none. */
#include "config/guest.h"
#include "config/spec.h"
#include "runtime/tree.h"

#include <string.h>

static void show_progress(const char *what, void *userdata) {
        (void) fprintf(stderr, "... %s\n", what);
}

static int instantiate(const struct tree *t, const char *name, const json_t *spec, struct error *e) {
        int r = tree_instantiate(t, name, spec, e);

        if (r >= 0)
                (void) puts(r > 0 ? "new" : "updated");
        return r;
}

static int nspawn(const struct tree *t, const char *name, const json_t *spec, struct error *e) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *text = NULL;
        int r = spec_to_container(spec, name, &c, e);

        if (r < 0)
                return r;
        text = guest_nspawn_file(&c, t->usr, t->idmap, t->init);
        if (text)
                (void) fputs(text, stdout);
        return text ? 0 : -1;
}

static int run(const char *verb, const char *name, const char *path, struct error *e) {
        _cleanup_(tree_clear) struct tree t = TREE_INIT;
        const char *system = getenv("TREE_SYSTEM");
        enum provider provider = PROVIDER_AUTO;
        json_error_t where;
        json_t *spec;
        int r;

        if (strcmp(verb, "remove") == 0)
                return tree_remove_root(name, e);
        if (system && provider_parse(system, &provider) < 0)
                return error_set(e, 22, EXIT_USAGE, "no such system: %s", system);
        spec = json_load_file(path, 0, &where);
        if (!spec)
                return error_set(e, 22, EXIT_USAGE, "%s: %s", path, where.text);
        r = tree_prepare(provider, getenv("TREE_IMAGE"), spec, show_progress, NULL, &t, e);
        if (r == 0 && strcmp(verb, "prepare") == 0)
                (void) printf("%s\n%s\n%s\n%s\n", t.path, t.usr, t.init, t.idmap ? "idmap" : "plain");
        else if (r == 0 && strcmp(verb, "instantiate") == 0)
                r = instantiate(&t, name, spec, e);
        else if (r == 0)
                r = nspawn(&t, name, spec, e);
        json_decref(spec);
        return r;
}

int main(int argc, char *argv[]) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (argc < 3)
                return EXIT_USAGE;
        if (run(argv[1], argv[2], argc > 3 ? argv[3] : argv[2], &e) >= 0)
                return 0;
        (void) fprintf(stderr, "tree-tool: %s\n", error_message(&e));
        return e.exit_status ? e.exit_status : EXIT_FAILED;
}

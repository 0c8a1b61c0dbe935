/* The host's configuration as a whole. */
#include "host_config.h"

#include "base/file.h"
#include "check.h"
#include "host_containers.h"
#include "load.h"
#include "source.h"
#include "table.h"
#include "zone_options.h"

#include <errno.h>

static int host_new(const char *source, const json_t *config, json_t **ret, struct error *e) {
        *ret = json_pack("{s:i, s:s?, s:O}", "version", HOST_VERSION, "source", source, "config", (json_t *) config);
        return *ret ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "making the host's configuration");
}

/* What an empty file would say. */
static int load_nothing(json_t **ret, struct error *e) {
        json_t *table = table_load_host(), *nothing = json_object(), *config = NULL;
        int r = -ENOMEM;

        if (table && nothing)
                r = config_check(nothing, "{}", "(nothing)", "host", table, &config, e);
        if (r >= 0)
                r = host_new(NULL, config, ret, e);
        json_decref(config);
        json_decref(nothing);
        json_decref(table);
        return r;
}

/* Of the declared containers: what is in them, with the files that they name. */
static int read_containers(json_t *host, const char *path, json_t **ret_option, struct error *e) {
        _cleanup_(host_containers_clear) struct host_containers all = HOST_CONTAINERS_INIT;
        int r = host_containers_read(host, &all, ret_option, e);

        for (size_t i = 0; i < all.n && r >= 0; i++) {
                _cleanup_(freep) char *name = format("containers.%s.config", all.list[i].name);
                json_t *spec = NULL;

                if (!all.list[i].config)
                        continue;
                r = config_read_sources(all.list[i].config, e);
                if (r < 0)
                        (void) error_prefix(e, r, "%s", name ? name : path);
                else
                        r = host_container_spec(&all.list[i], path, &spec, e);
                json_decref(spec);
                if (r < 0 && ret_option && !*ret_option)
                        *ret_option = json_pack("[s,s,s]", "containers", all.list[i].name, "config");
        }
        return r;
}

/* What is wrong with several options together. */
static int check(json_t *host, const struct config_tree *t, const char *path, struct error *e) {
        _cleanup_(nat_clear) struct nat n = NAT_INIT;
        _cleanup_(freep) char *where = NULL;
        json_t *option = NULL;
        char suffix[NAME_SUFFIX_MAX + 1];
        struct proxy_links proxied;
        int r = host_nat_read(host, &n, &option, e);

        if (r >= 0)
                r = host_suffix_read(host, suffix, &option, e);
        if (r >= 0)
                r = host_zones_check(host, &option, e);
        if (r >= 0)
                r = read_containers(host, path, &option, e);
        if (r >= 0)
                r = host_proxy_read(host, &proxied, &option, e);
        if (r < 0) {
                where = config_tree_where(t, path, option);
                (void) error_prefix(e, r, "%s", where ? where : path);
        }
        json_decref(option);
        return r;
}

int host_config_load(const char *path, json_t **ret, struct error *e) {
        _cleanup_(config_tree_clear) struct config_tree t = CONFIG_TREE_INIT;
        json_t *host;
        int r;

        if (!path)
                return load_nothing(ret, e);
        r = config_tree_load(path, CONFIG_SET_HOST, "host", &t, e);
        if (r >= 0)
                r = host_new(t.absolute, t.config, &host, e);
        if (r < 0)
                return r;
        r = check(host, &t, path, e);
        if (r < 0) {
                json_decref(host);
                return r;
        }
        *ret = host;
        return 0;
}

#include "state/applied.h"

#include "base/file.h"
#include "base/paths.h"
#include "config/host_config.h"

#include <errno.h>
#include <string.h>

#define SIZE_LIMIT (16 << 20)

int applied_load(json_t **ret, struct error *e) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        *ret = NULL;
        r = file_read(PATH_HOST, SIZE_LIMIT, &text, &size);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "cannot read " PATH_HOST);
        *ret = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (json_integer_value(json_object_get(*ret, "version")) == HOST_VERSION)
                return 0;
        json_decref(*ret);
        *ret = NULL;
        return error_set(e, EBADMSG, EXIT_FAILED,
                         PATH_HOST " is damaged, or of another version; remove it and run 'nixos-nspawn apply' again");
}

int applied_save(const json_t *host, struct error *e) {
        _cleanup_(freep) char *text = host ? json_dumps(host, JSON_INDENT(2)) : NULL;
        int r;

        if (!host) {
                r = file_remove(PATH_HOST);
                return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot remove " PATH_HOST) : 0;
        }
        r = text ? directory_make(PATH_LIB, 0755) : -ENOMEM;
        if (r >= 0)
                r = file_write_atomic(PATH_HOST, text, strlen(text), 0644, true);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "cannot write " PATH_HOST) : 0;
}

int applied_network(struct nat *nat, char suffix[NAME_SUFFIX_MAX + 1], struct proxy_links *proxied, struct error *e) {
        json_t *host = NULL;
        int r;

        *nat = NAT_INIT;
        r = applied_load(&host, e);
        if (r < 0)
                return r;
        if (host)
                r = host_nat_read(host, nat, NULL, e);
        if (r >= 0)
                r = host_suffix_read(host, suffix, NULL, e);
        if (r >= 0)
                r = host_proxy_read(host, proxied, NULL, e);
        if (r < 0)
                (void) error_prefix(e, r, PATH_HOST);
        json_decref(host);
        return r;
}

int applied_suffix(char ret[NAME_SUFFIX_MAX + 1], struct error *e) {
        json_t *host = NULL;
        int r = applied_load(&host, e);

        if (r >= 0) {
                r = host_suffix_read(host, ret, NULL, e);
                if (r < 0)
                        (void) error_prefix(e, r, PATH_HOST);
        }
        json_decref(host);
        return r;
}

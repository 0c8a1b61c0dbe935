#include "cli/apply-changes.h"

#include "cli/apply-zones.h"

#include "cli/networkmanager.h"

#include "base/parse.h"
#include "config/host_config.h"
#include "plan/nat.h"
#include "state/store.h"

#include <stdio.h>
#include <string.h>

/* Everything that a configuration does, each as a sentence. NULL: no memory. */
static json_t *sentences(const json_t *host, const struct nat *nat) {
        json_t *list = nat_sentences(nat), *text;
        char suffix[NAME_SUFFIX_MAX + 1];
        struct proxy_links proxied;
        const json_t *device;
        size_t i;

        if (host && host_suffix_read(host, suffix, NULL, NULL) >= 0 && strcmp(suffix, NAME_SUFFIX_DEFAULT) != 0) {
                text = json_sprintf(
                        "call containers NAME.%s, and the host host.%s, instead of NAME." NAME_SUFFIX_DEFAULT, suffix,
                        suffix);
                if (json_array_append_new(list, text) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }

        json_array_foreach (networkmanager_unmanaged(host), i, device) {
                text = json_sprintf("have NetworkManager leave %s alone", json_string_value(device));
                if (json_array_append_new(list, text) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        apply_zones_sentences(host, list);
        (void) host_proxy_read(host, &proxied, NULL, NULL);
        for (size_t k = 0; k < proxied.n; k++) {
                text = json_sprintf("answer on %s for the global IPv6 addresses of containers", proxied.names[k]);
                if (json_array_append_new(list, text) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static bool contains(const json_t *list, const json_t *text) {
        json_t *item;
        size_t i;

        json_array_foreach (list, i, item)
                if (json_equal(item, (json_t *) text))
                        return true;
        return false;
}

/* Those of `list` that `other` does not have. */
static void add_changes(json_t *changes, const char *action, const json_t *list, const json_t *other) {
        json_t *text;
        size_t i;

        json_array_foreach (list, i, text)
                if (!contains(other, text))
                        (void) json_array_append_new(changes, json_pack("{s:s, s:O}", "action", action, "text", text));
}

json_t *apply_changes(const json_t *before, const struct nat *nat_before, const json_t *after, const struct nat *nat) {
        json_t *old = sentences(before, nat_before), *new = sentences(after, nat), *changes = json_array();

        if (old && new &&changes) {
                add_changes(changes, "remove", old, new);
                add_changes(changes, "add", new, old);
        } else {
                json_decref(changes);
                changes = NULL;
        }
        json_decref(old);
        json_decref(new);
        return changes;
}

const char *apply_action_words(const char *action) {
        static const char *const words[][2] = {{"add", "put in force"}, {"remove", "take away"}};

        for (size_t i = 0; i < ELEMENTS_OF(words); i++)
                if (string_equal(action, words[i][0]))
                        return words[i][1];
        return action;
}

/* Neither is wrong, but somebody will wonder where his connections end. */
void apply_warn_of_ports(const struct nat *n) {
        for (size_t i = 0; i < n->n_forwards && n->enable; i++) {
                const struct nat_forward *f = &n->forwards[i];
                const struct forward wanted = {
                        .protocol = f->protocol, .host_port = f->port, .container_port = f->to_port, .count = f->count};
                struct store_conflict found;

                if (store_forward_conflict("", &wanted, 1, &found, NULL) > 0 &&
                    !address_is_loopback(&found.existing.bind))
                        (void) fprintf(stderr,
                                       "nixos-nspawn: %s port %u is forwarded to container '%s', too: at %s "
                                       "networking.nat.forwardPorts wins\n",
                                       protocol_name(f->protocol),
                                       f->port > found.existing.host_port ? f->port : found.existing.host_port,
                                       found.name, n->external);
        }
}

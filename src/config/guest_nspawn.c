/* NAME.nspawn: sections and keys in the order of SPEC B, so that the file reads like those of the Python tool.
 *
 * There is no Port=: forwards are the engine's, and nspawn would take the elements of the same ports away when it
 * exits. LinkJournal=no: the link into the host's /var/log/journal would stay behind. ResolvConf=off: the runtime
 * writes the guest's resolv.conf, which names the responder on its link. norbind: what the host has mounted below /usr
 * may not be able to be ID-mapped, and is the host's. */
#include "base/buffer.h"
#include "base/paths.h"
#include "guest.h"

#include <string.h>

static const char *yes_no(bool b) {
        return b ? "yes" : "no";
}

/* systemd-nspawn takes a backslash for the protection of what is behind it. */
static void append_mount(struct buffer *b, const char *mount) {
        for (; *mount; mount++) {
                if (*mount == '\\')
                        buffer_append_byte(b, '\\');
                buffer_append_byte(b, (uint8_t) *mount);
        }
}

/* "HOST[:CONTAINER[:OPTIONS]]". With a user namespace, host and container agree on who owns the files only through an
 * ID-mapped mount, so that is what a bind mount is unless its options say otherwise. */
static void append_bind(struct buffer *b, const char *mount, bool map) {
        const char *container = strchr(mount, ':');
        const char *options = container ? strchr(container + 1, ':') : NULL;

        buffer_append_string(b, "Bind=");
        append_mount(b, mount);
        if (map && !(options && strstr(options, "idmap"))) {
                if (!container) {
                        buffer_append_byte(b, ':');
                        append_mount(b, mount);
                }
                buffer_append_string(b, options ? ",idmap" : ":idmap");
        }
        buffer_append_string(b, "\n");
}

static void append_lines(struct buffer *b, char *const *lines) {
        for (; lines && *lines; lines++)
                buffer_append_format(b, "%s\n", *lines);
}

static void append_each(struct buffer *b, const char *key, char *const *values) {
        for (; values && *values; values++)
                buffer_append_format(b, "%s=%s\n", key, *values);
}

static void append_network(struct buffer *b, const struct container *c) {
        buffer_append_string(b, "\n[Network]\n");
        if (c->mode == NETWORK_BRIDGE)
                buffer_append_format(b, "Bridge=%s\n", c->attached_to);
        /* Not Zone=: nspawn would delete the bridge with the last member. */
        if (c->mode == NETWORK_ZONE)
                buffer_append_format(b, "Bridge=vz-%s\n", c->attached_to);
        append_each(b, "IPVLAN", c->ipvlans);
        append_each(b, "Interface", c->interfaces);
        append_each(b, "MACVLAN", c->macvlans);
        buffer_append_format(b, "Private=%s\n", yes_no(c->mode != NETWORK_HOST));
        buffer_append_format(b, "VirtualEthernet=%s\n", yes_no(container_has_link(c)));
        for (size_t i = 0; i < c->n_extra_veths; i++)
                buffer_append_format(b, "VirtualEthernetExtra=%s:%s\n", c->extra_veths[i].name,
                                     c->extra_veths[i].inside ?: c->extra_veths[i].name);
}

/* As the person has it, with what makes the network complete before the first process: ours runs before his, and does
 * what systemd-nspawn would have done (first/main.c). The host part of the network is what the model says. */
char *guest_hand_file(const struct container *c) {
        static const char *const ways[] = {
                [START_UNSAID] = "",
                [START_BOOT] = "Boot=no\nParameters=" PATH_GUEST_FIRST " --boot\n",
                [START_PROGRAM] = "Boot=no\nParameters=" PATH_GUEST_FIRST " --program\n",
                [START_SECOND] = "ProcessTwo=yes\nParameters=" PATH_GUEST_FIRST " --program\n",
        };
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

        buffer_append_format(&b, "# Of %s, with the network by nixos-nspawn, for this run.\n[Exec]\n%s", c->hand->path,
                             ways[c->hand->start]);
        append_each(&b, "Parameters", c->hand->parameters);
        append_lines(&b, c->exec);
        buffer_append_string(&b, "\n[Files]\n");
        append_lines(&b, c->files);
        buffer_append_format(&b, "BindReadOnly=%s/%s/guest:%s\n", PATH_CONTAINERS, c->name, PATH_GUEST_FOLDER);
        append_network(&b, c);
        for (size_t i = 0; i < c->n_forwards; i++)
                buffer_append_format(&b, "Port=%s:%u:%u\n", protocol_name(c->forwards[i].protocol),
                                     c->forwards[i].host_port, c->forwards[i].container_port);
        return buffer_steal(&b);
}

char *guest_nspawn_file(const struct container *c, const char *usr, bool idmap, const char *init) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        bool map = c->user_namespacing && idmap;
        /* A network in which the host has no end needs no first process, and one that is shared may not have it. */
        bool first = container_is_attached(c);

        buffer_append_format(&b,
                             "# Made by nixos-nspawn: changes here are lost at the next update.\n"
                             "[Exec]\n"
                             "Boot=no\n"
                             "Ephemeral=%s\n"
                             "KillSignal=SIGRTMIN+3\n"
                             "LinkJournal=no\n"
                             "NotifyReady=yes\n"
                             "Parameters=%s%s\n"
                             "PrivateUsers=%s\n"
                             "ResolvConf=off\n"
                             "Timezone=off\n",
                             yes_no(c->ephemeral), first ? PATH_GUEST_FIRST " " : "", init,
                             c->user_namespacing ? "pick" : "no");
        append_lines(&b, c->exec);
        buffer_append_string(&b, "\n[Files]\n");
        for (char **mount = c->bind_mounts; mount && *mount; mount++)
                append_bind(&b, *mount, map);
        if (usr)
                buffer_append_format(&b, "BindReadOnly=%s:/usr:norbind%s\n", usr, map ? ",idmap" : "");
        if (first)
                buffer_append_format(&b, "BindReadOnly=%s/%s/guest:%s\n", PATH_CONTAINERS, c->name, PATH_GUEST_FOLDER);
        buffer_append_format(&b, "PrivateUsersOwnership=%s\n", c->user_namespacing ? "auto" : "chown");
        append_lines(&b, c->files);
        append_network(&b, c);
        return buffer_steal(&b);
}

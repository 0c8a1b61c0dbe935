/* networking.firewall: an nftables ruleset of the guest's own, loaded before anything in it listens.
 *
 * The rules are those of NixOS: what the guest answers to is allowed, what it did not ask for is dropped unless the
 * config names its port. The table is made, emptied and filled in one transaction, so that loading it again never
 * leaves the guest open. No rule logs: the kernel does not log from a container's network namespace. */
#include "base/parse.h"
#include "guest_make.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#define WHERE "networking.firewall"

static const char unit[] = "# Made from networking.firewall.\n"
                           "[Unit]\n"
                           "Description=Firewall\n"
                           "DefaultDependencies=no\n"
                           "Wants=network-pre.target\n"
                           "Before=network-pre.target sysinit.target shutdown.target\n"
                           "Conflicts=shutdown.target\n"
                           "ConditionCapability=CAP_NET_ADMIN\n"
                           "\n"
                           "[Service]\n"
                           "Type=oneshot\n"
                           "RemainAfterExit=yes\n"
                           "ExecStart=/usr/sbin/nft -f " GUEST_FIREWALL_RULES "\n"
                           "ExecReload=/usr/sbin/nft -f " GUEST_FIREWALL_RULES "\n"
                           "ExecStop=/usr/sbin/nft delete table inet nixos-fw\n";

static void append_range(struct guest_maker *m, struct buffer *b, uint16_t from, uint16_t to) {
        const char *comma = b->size > 0 ? ", " : "";

        if (from == to)
                buffer_append_format(b, "%s%u", comma, from);
        else
                buffer_append_format(b, "%s%u-%u", comma, from, to);
}

static void append_ports(struct guest_maker *m, struct buffer *b, const json_t *o, const char *where,
                         const char *ports_key, const char *ranges_key) {
        const json_t *ports = guest_list(m, o, where, ports_key);
        const json_t *ranges = ranges_key ? guest_list(m, o, where, ranges_key) : NULL;
        char option[GUEST_OPTION_MAX];
        const json_t *v;
        size_t i;

        json_array_foreach (ports, i, v) {
                (void) snprintf(option, sizeof(option), "%s.%s[%zu]", where, ports_key, i);
                uint16_t port = guest_port(m, v, option);

                append_range(m, b, port, port);
        }
        json_array_foreach (ranges, i, v) {
                (void) snprintf(option, sizeof(option), "%s.%s[%zu]", where, ranges_key, i);
                uint16_t from = guest_port(m, json_object_get(v, "from"), option);
                uint16_t to = guest_port(m, json_object_get(v, "to"), option);

                if (from > to)
                        guest_fail(m, EINVAL, "%s: from %u is above to %u", option, from, to);
                append_range(m, b, from, to);
        }
}

static void append_service_ports(struct guest_maker *m, struct buffer *b) {
        const json_t *services = guest_object(m, m->config, "config", "services");
        const json_t *openssh = guest_object(m, services, "services", "openssh");

        if (guest_boolean(m, openssh, "services.openssh", "enable", false) &&
            guest_boolean(m, openssh, "services.openssh", "openFirewall", true))
                append_ports(m, b, openssh, "services.openssh", "ports", NULL);
}

/* Quoted, with '*' for any end, as nft has it. */
static void append_interfaces(struct guest_maker *m, struct buffer *b, const json_t *o) {
        const json_t *list = guest_list(m, o, WHERE, "trustedInterfaces");

        buffer_append_string(b, "\"lo\"");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *name = guest_list_line(m, list, WHERE ".trustedInterfaces", i);

                if (!name)
                        return;
                if (!name[0] || strlen(name) >= IFNAMSIZ || strpbrk(name, "\"\\/ \t$;{}") || !string_is_clean(name))
                        guest_fail(m, EINVAL, WHERE ".trustedInterfaces[%zu]: not the name of an interface", i);
                else
                        buffer_append_format(b, ", \"%s\"", name);
        }
}

static void append_dport(struct buffer *b, const char *protocol, const struct buffer *ports) {
        if (ports->size > 0)
                buffer_append_format(b, "                %s dport @%s-ports accept\n", protocol, protocol);
}

static void append_set(struct buffer *b, const char *protocol, const struct buffer *ports) {
        if (ports->size > 0)
                buffer_append_format(b,
                                     "        set %s-ports {\n"
                                     "                type inet_service; flags interval; auto-merge\n"
                                     "                elements = { %s }\n"
                                     "        }\n",
                                     protocol, buffer_text(ports));
}

static void append_input(struct buffer *b, const char *interfaces, bool reject) {
        buffer_append_format(b,
                             "        chain input {\n"
                             "                type filter hook input priority filter; policy drop;\n"
                             "                iifname { %s } accept\n"
                             "                ct state vmap { invalid : drop, established : accept, related : accept,"
                             " new : jump allow, untracked : jump allow }\n",
                             interfaces);
        if (reject)
                buffer_append_string(b, "                meta l4proto tcp reject with tcp reset\n"
                                        "                reject\n");
        buffer_append_string(b, "        }\n");
}

void guest_make_firewall(struct guest_maker *m) {
        const json_t *networking = guest_object(m, m->config, "config", "networking");
        const json_t *o = guest_object(m, networking, "networking", "firewall");
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT, tcp = BUFFER_INIT, udp = BUFFER_INIT,
                                              interfaces = BUFFER_INIT;

        if (!guest_boolean(m, o, WHERE, "enable", true))
                return;
        append_ports(m, &tcp, o, WHERE, "allowedTCPPorts", "allowedTCPPortRanges");
        append_ports(m, &udp, o, WHERE, "allowedUDPPorts", "allowedUDPPortRanges");
        append_service_ports(m, &tcp);
        append_interfaces(m, &interfaces, o);

        buffer_append_string(&b, "# Made from networking.firewall: changes here are lost at the next update.\n"
                                 "table inet nixos-fw\n"
                                 "delete table inet nixos-fw\n"
                                 "table inet nixos-fw {\n");
        append_set(&b, "tcp", &tcp);
        append_set(&b, "udp", &udp);
        append_input(&b, buffer_text(&interfaces), guest_boolean(m, o, WHERE, "rejectPackets", false));
        buffer_append_string(&b, "        chain allow {\n");
        append_dport(&b, "tcp", &tcp);
        append_dport(&b, "udp", &udp);
        if (guest_boolean(m, o, WHERE, "allowPing", true))
                buffer_append_string(&b, "                icmp type echo-request accept\n");
        /* RFC 4890 4.4: all but redirects and node information queries (139), as NixOS has it. */
        buffer_append_string(&b, "                icmpv6 type != { nd-redirect, 139 } accept\n"
                                 "                udp sport 67 udp dport 68 accept\n"
                                 "                ip6 daddr fe80::/64 udp dport 546 accept\n"
                                 "        }\n"
                                 "}\n");
        guest_add(m, GUEST_FIREWALL_RULES, 0644, &b);
        guest_add_text(m, "/etc/systemd/system/firewall.service", 0644, unit);
        guest_add_wanted(m, "sysinit.target", "wants", "firewall.service");
}

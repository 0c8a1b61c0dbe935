/* The table of the host's NAT.
 *
 * Its chains come before those of io.systemd.nat, and the first NAT of a connection is its last: what is translated
 * here is not translated there again. The exception is what the dmz host gets: only what no forward claims, so it comes
 * after them. */
#include "plan/nat.h"

static const char *family_word(const struct address *a) {
        return a->family == AF_INET6 ? "ip6" : "ip";
}

/* Text in quotes: names have neither quotes nor backslashes (config/host_config.c). */
static void write_match_link(const struct nat_link *l, struct buffer *b) {
        if (l->name[0])
                buffer_append_format(b, "iifname \"%s%s\" ", l->name, l->prefix ? "*" : "");
}

static void write_ports(const struct nat_forward *f, struct buffer *b) {
        buffer_append_format(b, "%s dport %u", protocol_name(f->protocol), f->port);
        if (f->count > 1)
                buffer_append_format(b, "-%u", f->port + f->count - 1);
}

/* A forward: ports, then where to. Ports that keep their numbers need none; others are looked up one by one. */
static void write_forward(const struct nat_forward *f, struct buffer *b) {
        char to[ADDRESS_TEXT_MAX];
        bool v6 = f->to.family == AF_INET6;

        (void) address_format(&f->to, to);
        write_ports(f, b);
        buffer_append_format(b, " dnat %s to ", family_word(&f->to));
        if (f->to_one)
                buffer_append_format(b, "%s%s%s:%u\n", v6 ? "[" : "", to, v6 ? "]" : "", f->to_port);
        else if (f->to_port == f->port)
                buffer_append_format(b, "%s\n", to);
        else {
                buffer_append_format(b, "%s dport map { ", protocol_name(f->protocol));
                for (unsigned i = 0; i < f->count; i++)
                        buffer_append_format(b, "%s%u : %s . %u", i > 0 ? ", " : "", f->port + i, to, f->to_port + i);
                buffer_append_string(b, " }\n");
        }
}

/* For those inside and for the host itself: whoever asks for the public address. */
static void write_loopback(const struct nat *n, struct buffer *b) {
        char address[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < n->n_forwards; i++)
                for (size_t k = 0; k < n->forwards[i].n_loopback; k++) {
                        const struct address *a = &n->forwards[i].loopback[k];

                        buffer_append_format(b, "\t\t%s daddr %s ", family_word(a), address_format(a, address));
                        write_forward(&n->forwards[i], b);
                }
}

/* Addresses that mean the host when they come in by the external link. An external address need not be on a link. */
static void write_arriving(const struct nat *n, struct buffer *b) {
        const struct address *const external[] = {&n->external_v4, &n->external_v6};
        char address[ADDRESS_TEXT_MAX];

        buffer_append_format(b, "\t\tiifname \"%s\" fib daddr type local jump arriving\n", n->external);
        for (size_t i = 0; i < ELEMENTS_OF(external); i++)
                if (external[i]->family != AF_UNSPEC)
                        buffer_append_format(b, "\t\tiifname \"%s\" %s daddr %s jump arriving\n", n->external,
                                             family_word(external[i]), address_format(external[i], address));
}

static void write_forwards(const struct nat *n, struct buffer *b) {
        buffer_append_string(b, "\tchain prerouting {\n"
                                "\t\ttype nat hook prerouting priority -100; policy accept;\n");
        write_loopback(n, b);
        write_arriving(n, b);
        buffer_append_string(b, "\t}\n\n\tchain arriving {\n");
        for (size_t i = 0; i < n->n_forwards; i++) {
                buffer_append_string(b, "\t\t");
                write_forward(&n->forwards[i], b);
        }
        buffer_append_string(b, "\t}\n\n"
                                "\tchain output {\n"
                                "\t\ttype nat hook output priority -100; policy accept;\n");
        write_loopback(n, b);
        buffer_append_string(b, "\t}\n\n");
}

/* After the forwards of containers, which are at -99. */
static void write_dmz(const struct nat *n, struct buffer *b) {
        char dmz[ADDRESS_TEXT_MAX], address[ADDRESS_TEXT_MAX];

        (void) address_format(&n->dmz, dmz);
        buffer_append_format(b,
                             "\tchain unclaimed {\n"
                             "\t\ttype nat hook prerouting priority -98; policy accept;\n"
                             "\t\tiifname \"%s\" fib daddr type local dnat ip to %s\n",
                             n->external, dmz);
        if (n->external_v4.family == AF_INET)
                buffer_append_format(b, "\t\tiifname \"%s\" ip daddr %s dnat ip to %s\n", n->external,
                                     address_format(&n->external_v4, address), dmz);
        buffer_append_string(b, "\t}\n\n");
}

/* Who is inside and asks for a public address gets the answer from that address, even from a neighbour on his link. */
static void write_reflection(const struct nat *n, struct buffer *b) {
        char address[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < n->n_forwards; i++) {
                const struct nat_forward *f = &n->forwards[i];

                for (size_t k = 0; k < f->n_loopback; k++) {
                        const char *word = family_word(&f->to);

                        (void) address_format(&f->loopback[k], address);
                        buffer_append_format(
                                b,
                                "\t\tiifname != \"%s\" %s daddr %s meta l4proto %s ct original %s daddr %s "
                                "ct original proto-dst %u-%u snat %s to %s\n",
                                n->external, word, address_format(&f->to, to), protocol_name(f->protocol), word,
                                address, f->port, f->port + f->count - 1, word, address);
                }
        }
}

static void write_out(const struct nat *n, struct buffer *b) {
        if (n->external[0])
                buffer_append_format(b, "oifname \"%s\" ", n->external);
}

static void write_translation(const struct nat *n, struct buffer *b) {
        char text[PREFIX_TEXT_MAX];

        buffer_append_string(b, "\tchain postrouting {\n"
                                "\t\ttype nat hook postrouting priority 100; policy accept;\n");
        write_reflection(n, b);
        for (size_t i = 0; i < n->n_internal; i++) {
                buffer_append_string(b, "\t\t");
                write_match_link(&n->internal[i], b);
                write_out(n, b);
                buffer_append_string(b, "jump translate\n");
        }
        for (size_t i = 0; i < n->n_ranges; i++) {
                buffer_append_format(b, "\t\t%s saddr %s ", family_word(&n->ranges[i].address),
                                     prefix_format(&n->ranges[i], text));
                write_out(n, b);
                buffer_append_string(b, "jump translate\n");
        }
        buffer_append_string(b, "\t}\n\n\tchain translate {\n");
        if (n->external_v4.family == AF_INET)
                buffer_append_format(b, "\t\tsnat ip to %s\n", address_format(&n->external_v4, text));
        else
                buffer_append_string(b, "\t\tmeta nfproto ipv4 masquerade\n");
        if (n->ipv6 && n->external_v6.family == AF_INET6)
                buffer_append_format(b, "\t\tsnat ip6 to %s\n", address_format(&n->external_v6, text));
        else if (n->ipv6)
                buffer_append_string(b, "\t\tmeta nfproto ipv6 masquerade\n");
        buffer_append_string(b, "\t}\n");
}

void nat_write(const struct nat *n, struct buffer *b) {
        if (!n->enable)
                return;
        buffer_append_string(b, "table " NAT_FAMILY " " NAT_TABLE " {\n");
        if (n->n_forwards > 0)
                write_forwards(n, b);
        if (n->dmz.family != AF_UNSPEC)
                write_dmz(n, b);
        write_translation(n, b);
        buffer_append_string(b, "}\n");
}

static void say(json_t *list, struct buffer *b) {
        (void) json_array_append_new(list, json_string(buffer_text(b)));
        buffer_clear(b);
}

static void say_source(const struct nat *n, json_t *list, const char *what, bool v4, bool v6) {
        const struct address *const external[] = {&n->external_v4, &n->external_v6};
        const bool wanted[] = {v4, v6};

        for (size_t i = 0; i < ELEMENTS_OF(external); i++) {
                _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
                char text[ADDRESS_TEXT_MAX];

                if (!wanted[i])
                        continue;
                buffer_append_format(&b, "give IPv%c that %s and leaves by %s ", i == 0 ? '4' : '6', what,
                                     n->external[0] ? n->external : "any interface");
                if (external[i]->family != AF_UNSPEC)
                        buffer_append_format(&b, "the address %s", address_format(external[i], text));
                else
                        buffer_append_string(&b, "that interface's address");
                say(list, &b);
        }
}

static void say_forward(const struct nat *n, const struct nat_forward *f, json_t *list) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        char text[ADDRESS_TEXT_MAX];

        buffer_append_format(&b, "forward %s port %u", protocol_name(f->protocol), f->port);
        if (f->count > 1)
                buffer_append_format(&b, "-%u", f->port + f->count - 1);
        buffer_append_format(&b, " of %s to %s port %u", n->external, address_format(&f->to, text), f->to_port);
        if (!f->to_one)
                buffer_append_format(&b, "-%u", f->to_port + f->count - 1);
        for (size_t i = 0; i < f->n_loopback; i++)
                buffer_append_format(&b, "%s %s", i == 0 ? ", and from inside that of" : ",",
                                     address_format(&f->loopback[i], text));
        say(list, &b);
}

/* An external address need not be on a link; what is sent to it is for the host all the same. */
static void say_external(const struct nat *n, json_t *list) {
        const struct address *const external[] = {&n->external_v4, &n->external_v6};
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTS_OF(external) && (n->n_forwards > 0 || n->dmz.family != AF_UNSPEC); i++) {
                _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

                if (external[i]->family == AF_UNSPEC)
                        continue;
                buffer_append_format(&b, "take %s for an address of the host where it comes in by %s",
                                     address_format(external[i], text), n->external);
                say(list, &b);
        }
}

json_t *nat_sentences(const struct nat *n) {
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        json_t *list = json_array();
        char text[PREFIX_TEXT_MAX];

        for (size_t i = 0; i < n->n_routed && list; i++) {
                buffer_append_format(&b, "route nixos-containers' traffic by %s%s without NAT, out and in",
                                     n->routed[i].name, n->routed[i].prefix ? "*" : "");
                say(list, &b);
        }
        if (!n->enable || !list)
                return list;
        buffer_append_format(&b, "switch forwarding of IPv4%s on", n->ipv6 ? " and IPv6" : "");
        say(list, &b);
        for (size_t i = 0; i < n->n_internal; i++) {
                buffer_append_format(&b, "comes in by %s%s", n->internal[i].name, n->internal[i].prefix ? "*" : "");
                say_source(n, list, buffer_text(&b), true, n->ipv6);
                buffer_clear(&b);
        }
        for (size_t i = 0; i < n->n_ranges; i++) {
                bool v6 = n->ranges[i].address.family == AF_INET6;

                buffer_append_format(&b, "comes from %s", prefix_format(&n->ranges[i], text));
                say_source(n, list, buffer_text(&b), !v6, v6);
                buffer_clear(&b);
        }
        say_external(n, list);
        for (size_t i = 0; i < n->n_forwards; i++)
                say_forward(n, &n->forwards[i], list);
        if (n->dmz.family != AF_UNSPEC) {
                buffer_append_format(&b, "send %s whatever else comes in by %s", address_format(&n->dmz, text),
                                     n->external);
                say(list, &b);
        }
        return list;
}

/* What the parts of guest_files_make() share: reading values of a spec that may be damaged, and adding files.
 *
 * The first failure sticks: the readers then return what an absent value gives, the writers do nothing, and
 * guest_files_make() looks once, at the end. So the parts read like the files that they write. */
#pragma once

#include "base/buffer.h"
#include "guest.h"

#include <stdint.h>

struct guest_maker {
        const json_t *config;
        struct guest_files *files;
        struct error *e;
        int error;
};

#define GUEST_OPTION_MAX 256

/* Files that have to be known by name. */
#define GUEST_SCRIPTS        "/etc/nixos-nspawn/scripts"
#define GUEST_FIREWALL_RULES "/etc/nixos-nspawn/firewall.nft"

/* Sets the error unless one is set. Returns the error. */
int guest_fail(struct guest_maker *m, int code, const char *fmt, ...) _printf_(3, 4);

/* o's value for key. where: the option that o is, for messages ("services.nginx"). Absent and null: NULL, false, 0;
 * another type fails. */
const char *guest_string(struct guest_maker *m, const json_t *o, const char *where, const char *key);
/* As guest_string(), and refuses line breaks, which would end the line that the value is written to. */
const char *guest_line(struct guest_maker *m, const json_t *o, const char *where, const char *key);
bool guest_boolean(struct guest_maker *m, const json_t *o, const char *where, const char *key, bool absent);
const json_t *guest_object(struct guest_maker *m, const json_t *o, const char *where, const char *key);
const json_t *guest_list(struct guest_maker *m, const json_t *o, const char *where, const char *key);
/* The i-th string of a list, without line breaks. NULL past the end and on failure. */
const char *guest_list_line(struct guest_maker *m, const json_t *list, const char *where, size_t i);
/* A port number; 0 on failure. */
uint16_t guest_port(struct guest_maker *m, const json_t *v, const char *where);

/* Adds files. Their text is taken over, and emptied. A path that is there already is replaced. */
void guest_add(struct guest_maker *m, const char *path, mode_t mode, struct buffer *content);
void guest_add_text(struct guest_maker *m, const char *path, mode_t mode, const char *content);
void guest_add_link(struct guest_maker *m, const char *path, const char *target);
void guest_add_owned(struct guest_maker *m, const char *path, mode_t mode, const char *user, const char *group,
                     const char *content);
/* /etc/systemd/system/TARGET.wants/UNIT (or .requires): what `systemctl enable` makes. */
void guest_add_wanted(struct guest_maker *m, const char *target, const char *kind, const char *unit);

/* "KEY=VALUE" lines of one freeform attribute set: booleans as true and false, lists as one line an item. */
void guest_append_settings(struct guest_maker *m, struct buffer *b, const json_t *settings, const char *where);
/* "KEY=VALUE" of one value; null and empty lists give nothing. */
void guest_append_setting(struct guest_maker *m, struct buffer *b, const char *key, const json_t *value,
                          const char *where);

/* The parts. */
void guest_make_host(struct guest_maker *m);
void guest_make_firewall(struct guest_maker *m);
void guest_make_nginx(struct guest_maker *m);
void guest_make_openssh(struct guest_maker *m);
void guest_make_units(struct guest_maker *m);
void guest_make_networks(struct guest_maker *m);
void guest_make_etc(struct guest_maker *m);

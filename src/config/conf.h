/* NAME.conf of nixos-container: an EnvironmentFile of systemd's (SPEC D.4). Read, changed and written without losing
 * what a person added: lines that nobody changed stay as they are, byte for byte. Nothing in it is ever executed or
 * expanded. Pure.
 *
 * Beside the keys of nixos-container there are those that its declarative containers have in the unit instead:
 *
 *     ALLOWED_DEVICES="/dev/fuse:rwm /dev/snd/seq:rw"
 *     EPHEMERAL=1
 *     TIMEOUT_START_SEC=90s
 *     EXTRA_VETHS="veth1,hostBridge=br1,localAddress=192.168.1.100/24 veth2,hostAddress=192.168.2.1,..."
 *
 * with the options of containers.NAME.extraVeths: hostBridge, hostAddress, hostAddress6, localAddress, localAddress6.
 */
#pragma once

#include "base/error.h"
#include "model/container.h"

#define CONF_SIZE_MAX 65536

/* The first line of a conf that 'nixos-nspawn apply' writes, and by which it knows its own. */
#define CONF_DECLARED                                                                                                  \
        "# Declared in the host's configuration: changes here are lost at the next 'nixos-nspawn apply'.\n"

struct conf_line {
        char *text;  /* as it stands in the file, with its end of line */
        char *key;   /* NULL: a comment or an empty line */
        char *value; /* without quotes and escapes */
        unsigned number;
        bool open; /* the file ends before the line does */
};

struct conf {
        struct conf_line *lines;
        size_t n;
        /* What a key is called by whoever made the conf of options, for messages. NULL: it is a file's. */
        const char *(*option)(const char *key);
};

#define CONF_INIT ((struct conf){0})
void conf_clear(struct conf *c);

/* shown: the file, for messages ("FILE:LINE: ..."). Refuses what systemd would pass over: lines that are no assignment,
 * quotes that do not end, control characters. *ret is empty after a failure. */
int conf_parse(const char *text, const char *shown, struct conf *ret, struct error *e);

/* The last assignment counts, as in systemd. NULL: there is none. Borrowed. */
const char *conf_get(const struct conf *c, const char *key);
/* In place of the last assignment (earlier ones go), or at the end; value NULL: all of them go. -ENOMEM, or -EINVAL
 * when the value has control characters. */
int conf_set(struct conf *c, const char *key, const char *value);
/* Whether it begins with CONF_DECLARED. */
bool conf_is_declared(const struct conf *c);
/* The file's text; malloc'd, NULL when there is no memory. */
char *conf_text(const struct conf *c);

/* The container that it defines; ret->root is not filled. Everything that is wrong is told at once, each with its line.
 * shown: the file; of a conf that was made of options the set that they are in, or nothing. */
int conf_to_container(const struct conf *conf, const char *name, const char *shown, struct container *ret,
                      struct error *e);

/* HOST_ADDRESS, LOCAL_ADDRESS and those of IPv6 and of EXTRA_VETHS, whatever their length is: what the allocator must
 * leave alone. What cannot be read as an address is passed over. malloc'd; -ENOMEM. */
int conf_addresses(const struct conf *conf, struct prefix **ret, size_t *ret_n);

/* The key of c's address that the other container has as well: LOCAL_ADDRESS[6], and those of EXTRA_VETHS without a
 * bridge, are nobody else's, and HOST_ADDRESS[6], which the host may have towards many, is no other container's own.
 * NULL: none. */
const char *container_address_clash(const struct container *c, const struct container *other);
/* The same against a conf, read as conf_addresses() reads it. 1: there is one; -ENOMEM. */
int conf_address_clash(const struct conf *conf, const struct container *c, const char **ret_key);

/* From systemd.network(5)'s words to struct link_settings: the options of a config, or a .network file.
 *
 * One table (link_keys.c) says which keys this system carries out itself, at which end of a link. Values of keys that
 * it has are checked; all other lines are kept as they are, for systemd-networkd, inside the container or, where it
 * runs, on the host. What nobody would carry out is refused. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "model/link_settings.h"

#include <jansson.h>

enum link_side {
        LINK_SIDE_HOST = 1 << 0,      /* ve-NAME */
        LINK_SIDE_CONTAINER = 1 << 1, /* host0 */
        LINK_SIDE_ZONE = 1 << 2,      /* vz-ZONE */
};

/* options: an attribute set as systemd.network.networks.NAME has it, or null: then ret is not `present`. where: the
 * option's name, for messages: "nixosContainer.hostNetworkConfig". */
int link_settings_from_options(const json_t *options, const char *where, enum link_side side, struct link_settings *ret,
                               struct error *e);

/* text: of a .network file called path, NUL-terminated. [Match] is passed over: see link_file_matches(). */
int link_settings_from_file(const char *text, const char *path, enum link_side side, struct link_settings *ret,
                            struct error *e);

/* Where there is no networkd on the host: refuses the first setting that only it could carry out, by option or line,
 * section and key. */
int link_settings_refuse_foreign(const struct link_settings *s, const char *link, struct error *e);

/* What networkd has to be told beyond what this system does itself, as sections of a .network file. */
void link_settings_append_foreign(struct buffer *b, const struct link_settings *s);

/* The table of keys, in Markdown. */
void link_keys_document(struct buffer *b);

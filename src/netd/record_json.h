/* Values in records, and back. Private to the files that write records. */
#pragma once

#include "base/address.h"

#include <jansson.h>
#include <stdbool.h>

json_t *address_or_null(const struct address *a);
json_t *prefix_or_null(const struct prefix *p);
json_t *mac_json(const struct mac *m);

/* -EINVAL when it is not there, or something else. */
int read_number(const json_t *object, const char *key, uint64_t min, uint64_t max, uint64_t *ret);
int read_mac(const json_t *object, const char *key, struct mac *ret);
int read_boolean(const json_t *object, const char *key, bool *ret);
int read_text(const json_t *object, const char *key, char *buf, size_t size);
/* The same; what is null or absent is none. */
int read_address(const json_t *object, const char *key, struct address *ret);
int read_prefix(const json_t *object, const char *key, struct prefix *ret);

/* The file FOLDER/NAME.json. record: taken; NULL is -ENOMEM. Removing an absent one is fine. */
int record_file_write(const char *folder, const char *name, json_t *record);
int record_file_remove(const char *folder, const char *name);
/* What is being made of it, into a record. Both are taken, and NULL is that there was no memory; returns record. */
json_t *record_with_pending(json_t *record, json_t *pending);

struct host_access;
json_t *host_access_json(const struct host_access *a);
int host_access_from_json(const json_t *v, struct host_access *ret);

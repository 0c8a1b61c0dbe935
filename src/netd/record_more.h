/* struct network_more in the record of an attachment. */
#pragma once

#include "model/network.h"

#include <jansson.h>

/* A new reference; NULL when there is no memory. */
json_t *network_more_json(const struct network_more *m);
/* -EBADMSG when it is damaged, -ENOMEM. */
int network_more_from_json(const json_t *object, struct network_more **ret);

/* The part of a plan that comes from struct network_more, for a pair of its own. Private to this folder. All append,
 * and return 0 or -ENOMEM. */
#pragma once

#include "plan/plan.h"

/* What is rewritten, and who is let in, beside the main addresses. link: the one that it comes by. */
int plan_more_rights(const struct network *n, const char *link, struct plan *ret);
int plan_more_admit(const struct network *n, struct plan *ret);
/* Addresses and neighbours, then routes, which need a link that is up. */
int plan_more_host(const struct network *n, struct plan *ret);
int plan_more_host_routes(const struct network *n, struct plan *ret);
/* The list's routes by that link. */
int plan_append_routes(struct plan *p, enum operation_side side, const char *link, const struct link_route *list,
                       size_t n);
int plan_more_guest(const struct network *n, const char *link, struct plan *ret);
int plan_more_guest_routes(const struct network *n, const char *link, struct plan *ret);

/* The two kinds of host: each has its own implementation of runtime.h, and choose.c picks. */
#pragma once

#include "runtime/runtime.h"

struct runtime_kind {
        int (*status)(const char *name, struct runtime_status *ret, struct error *e);
        /* NULL: asking for one after the other costs no more. */
        int (*survey)(struct runtime_survey **ret, struct error *e);
        int (*start)(const char *name, runtime_progress_t progress, void *userdata, struct error *e);
        int (*stop)(const char *name, uint64_t timeout_usec, runtime_progress_t progress, void *userdata,
                    struct error *e);
        int (*restart)(const char *name, runtime_progress_t progress, void *userdata, struct error *e);
        int (*recover)(const char *name, struct error *e); /* 1: what was left of it is gone */
        int (*run)(const char *name, char *const argv[], const char *user, bool tty, int *ret_exit, struct error *e);
        int (*logs)(const char *name, int fd, int lines, bool follow, struct error *e);
        int (*define)(const char *name, struct error *e);
};

/* systemd-nspawn under nspawn-supervisor. */
extern const struct runtime_kind runtime_supervised;
/* systemd-nspawn@NAME.service. */
extern const struct runtime_kind runtime_unit;

/* What a survey found of one container; sorted by name. */
struct runtime_survey {
        struct runtime_surveyed {
                char *name;
                struct runtime_status status;
                bool unknown; /* it has to be asked for, which tells why */
        } * containers;
        size_t n;
};

/* Takes name over, also on failure (NULL, for want of memory). What is returned is valid until the next is added. */
struct runtime_surveyed *runtime_survey_add(struct runtime_survey *s, char *name);
void runtime_survey_sort(struct runtime_survey *s);

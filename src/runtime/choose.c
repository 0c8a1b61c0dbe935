/* PID 1 decides: where it is systemd, containers are units of its. */
#include "kind.h"

#include "netd/launch.h"
#include "runtime/systemd/networkd.h"

#include <errno.h>
#include <string.h>

static const struct runtime_kind *kind(void) {
        return runtime_has_units() ? &runtime_unit : &runtime_supervised;
}

bool runtime_has_units(void) {
        return launch_by_systemd();
}

int runtime_status(const char *name, struct runtime_status *ret, struct error *e) {
        return kind()->status(name, ret, e);
}

int runtime_survey_new(struct runtime_survey **ret, struct error *e) {
        *ret = NULL;
        return kind()->survey ? kind()->survey(ret, e) : 0;
}

void runtime_survey_freep(struct runtime_survey **s) {
        for (size_t i = 0; *s && i < (*s)->n; i++)
                free((*s)->containers[i].name);
        if (*s)
                free((*s)->containers);
        free(*s);
        *s = NULL;
}

struct runtime_surveyed *runtime_survey_add(struct runtime_survey *s, char *name) {
        struct runtime_surveyed *grown = name ? reallocarray(s->containers, s->n + 1, sizeof(*grown)) : NULL;

        if (!grown) {
                free(name);
                return NULL;
        }
        s->containers = grown;
        grown[s->n] = (struct runtime_surveyed){.name = name};
        return &grown[s->n++];
}

static int compare(const void *a, const void *b) {
        return strcmp(((const struct runtime_surveyed *) a)->name, ((const struct runtime_surveyed *) b)->name);
}

void runtime_survey_sort(struct runtime_survey *s) {
        if (s->n > 0)
                qsort(s->containers, s->n, sizeof(*s->containers), compare);
}

int runtime_survey_status(const struct runtime_survey *s, const char *name, struct runtime_status *ret,
                          struct error *e) {
        if (!s)
                return runtime_status(name, ret, e);
        *ret = (struct runtime_status){.state = RUNTIME_OFF};
        for (size_t first = 0, end = s->n; first < end;) {
                size_t middle = first + (end - first) / 2;
                int order = strcmp(name, s->containers[middle].name);

                if (order == 0 && s->containers[middle].unknown)
                        return runtime_status(name, ret, e);
                if (order == 0) {
                        *ret = s->containers[middle].status;
                        break;
                }
                if (order < 0)
                        end = middle;
                else
                        first = middle + 1;
        }
        return 0;
}

bool runtime_has_networkd(void) {
        return runtime_has_units() && networkd_runs();
}

int runtime_start(const char *name, runtime_progress_t progress, void *userdata, struct error *e) {
        return kind()->start(name, progress, userdata, e);
}

int runtime_stop(const char *name, uint64_t timeout_usec, runtime_progress_t progress, void *userdata,
                 struct error *e) {
        return kind()->stop(name, timeout_usec, progress, userdata, e);
}

int runtime_restart(const char *name, runtime_progress_t progress, void *userdata, struct error *e) {
        return kind()->restart(name, progress, userdata, e);
}

int runtime_recover(const char *name, struct error *e) {
        int r = kind()->recover(name, e);

        return r < 0 ? r : 0;
}

int runtime_recover_status(const char *name, struct runtime_status *ret, struct error *e) {
        int done = kind()->recover(name, e), r = done < 0 ? done : runtime_status(name, ret, e);

        /* It may have ended between the two: whoever is told that it is off finds nothing of it. */
        return r >= 0 && done == 0 && ret->state == RUNTIME_OFF ? runtime_recover(name, e) : r;
}

int runtime_run(const char *name, char *const argv[], const char *user, bool tty, int *ret_exit, struct error *e) {
        return kind()->run(name, argv, user, tty, ret_exit, e);
}

int runtime_logs(const char *name, int fd, int lines, bool follow, struct error *e) {
        return kind()->logs(name, fd, lines, follow, e);
}

int runtime_define(const char *name, struct error *e) {
        return kind()->define ? kind()->define(name, e) : 0;
}

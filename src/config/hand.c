/* systemd-nspawn reads Boot= and ProcessTwo= in turn, and takes Parameters= only from a file that has one of them:
 * otherwise it boots, as systemd-nspawn@.service asks (config_parse_boot(), merge_settings() in systemd's src/nspawn).
 * What it would warn of and pass over is refused here. */
#include "hand.h"

#include "base/cleanup.h"
#include "base/parse.h"
#include "unit_lines.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define UNFINISHED "goes on in a line that is not there"

static const char *read_start(struct hand *h, const char *value, enum start mine, enum start other) {
        bool yes;

        if (parse_boolean(value, &yes) < 0)
                return "expected yes or no";
        if (h->start == (yes ? other : mine))
                return "contradicts what is said before of Boot= and ProcessTwo=";
        if (yes)
                h->start = mine;
        else if (h->start == START_UNSAID)
                h->start = START_PROGRAM;
        return NULL;
}

static void drop_parameters(struct hand *h) {
        for (char **p = h->parameters; p && *p; p++)
                free(*p);
        free(h->parameters);
        h->parameters = NULL;
}

static const char *read_parameters(struct reading *r, const char *value) {
        if (unit_line_goes_on(value))
                return UNFINISHED;
        if (*value)
                return reading_add(r, &r->c->hand->parameters, value);
        drop_parameters(r->c->hand);
        return NULL;
}

/* A number, or a name with or without SIG; RTMIN+N. */
static const char *read_signal(struct hand *h, const char *value) {
        const char *name = string_starts_with(value, "SIG") ? value + strlen("SIG") : value;
        uint64_t number;

        if (string_starts_with(name, "RTMIN+") &&
            parse_unsigned(name + strlen("RTMIN+"), 0, (uint64_t) (SIGRTMAX - SIGRTMIN), &number) >= 0)
                h->kill_signal = SIGRTMIN + (int) number;
        else if (string_equal(name, "RTMIN"))
                h->kill_signal = SIGRTMIN;
        else if (parse_unsigned(value, 1, (uint64_t) SIGRTMAX, &number) >= 0)
                h->kill_signal = (int) number;
        else {
                h->kill_signal = 0;
                for (int i = 1; i < SIGRTMIN; i++)
                        if (string_equal(sigabbrev_np(i), name))
                                h->kill_signal = i;
        }
        return h->kill_signal > 0 ? NULL : "expected a signal, such as SIGTERM or SIGRTMIN+3";
}

static const char *keep(struct reading *r, const char *section, const char *key, const char *value) {
        _cleanup_(freep) char *line = malloc(strlen(key) + strlen(value) + 2);

        if (unit_line_goes_on(value))
                return UNFINISHED;
        if (!line)
                return reading_no_memory(r);
        (void) stpcpy(stpcpy(stpcpy(line, key), "="), value);
        return reading_add(r, string_equal(section, "Exec") ? &r->c->exec : &r->c->files, line);
}

const char *hand_read(struct reading *r, const char *section, const char *key, const char *value) {
        struct hand *h = r->c->hand;
        const char *problem = NULL;

        if (string_equal(key, "Boot"))
                return read_start(h, value, START_BOOT, START_SECOND);
        if (string_equal(key, "ProcessTwo"))
                return read_start(h, value, START_SECOND, START_BOOT);
        if (string_equal(key, "Parameters"))
                return read_parameters(r, value);
        if (string_equal(key, "KillSignal"))
                problem = read_signal(h, value);
        if (string_equal(key, "Ephemeral") && parse_boolean(value, &r->c->ephemeral) < 0)
                problem = "expected yes or no";
        if (string_equal(key, "User"))
                h->other_user = *value && !string_equal(value, "root") && !string_equal(value, "0");
        return problem ?: keep(r, section, key, value);
}

void hand_settle(struct container *c) {
        struct hand *h = c->hand;

        if (h->start == START_UNSAID) {
                drop_parameters(h);
                h->start = START_BOOT;
        }
        if (h->start == START_BOOT && h->kill_signal == 0)
                h->kill_signal = SIGRTMIN + 3;
}

/* State from PID 1, processes from the cgroup. */
#include "unit.h"

#include "base/file.h"
#include "base/parse.h"
#include "runtime/group.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define GROUP_ROOT  "/sys/fs/cgroup"
#define UNIT_SUFFIX ".service"

void unit_state_clear(struct unit_state *s) {
        freep(&s->active);
}

enum runtime_state unit_runtime_state(const char *active) {
        static const struct {
                const char *active;
                enum runtime_state state;
        } states[] = {
                {"active", RUNTIME_RUNNING},        {"reloading", RUNTIME_RUNNING}, {"refreshing", RUNTIME_RUNNING},
                {"activating", RUNTIME_STARTING}, /* also between the two halves of a reboot */
                {"deactivating", RUNTIME_STOPPING},
        };

        for (size_t i = 0; active && i < ELEMENTS_OF(states); i++)
                if (strcmp(active, states[i].active) == 0)
                        return states[i].state;
        return RUNTIME_OFF;
}

/* Calls take for each unit of ours that is loaded and fits the pattern. */
static int list(sd_bus *bus, const char *pattern,
                int (*take)(const char *unit, const char *active, uint32_t job, void *userdata), void *userdata,
                sd_bus_error *error) {
        _cleanup_(message_freep) sd_bus_message *m = NULL, *reply = NULL;
        const char *unit, *active;
        uint32_t job;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "ListUnitsByPatterns");
        if (r >= 0)
                r = sd_bus_message_append(m, "asas", 0, 1, pattern);
        if (r >= 0)
                r = sd_bus_call(bus, m, 0, error, &reply);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssssssouso)", &unit, NULL, NULL, &active, NULL, NULL, NULL,
                                                  &job, NULL, NULL)) > 0)
                r = take(unit, active, job, userdata);
        return r;
}

static int take_state(const char *unit, const char *active, uint32_t job, void *userdata) {
        struct unit_state *s = userdata;

        freep(&s->active);
        s->active = strdup(active);
        s->job = job;
        return s->active ? 0 : -ENOMEM;
}

int unit_look(sd_bus *bus, const char *unit, struct unit_state *ret, struct error *e) {
        int r;

        *ret = (struct unit_state){0};
        r = list(bus, unit, take_state, ret, NULL);
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot ask systemd for the state of %s", unit) : 0;
}

int job_type(sd_bus *bus, uint32_t job, char **ret) {
        _cleanup_(freep) char *path = format(SYSTEMD_PATH "/job/%" PRIu32, job);

        return path ? sd_bus_get_property_string(bus, SYSTEMD_NAME, path, "org.freedesktop.systemd1.Job", "JobType",
                                                 NULL, ret)
                    : -ENOMEM;
}

/* Of each container's unit that is loaded. */
static int list_containers(sd_bus *bus, int (*take)(const char *unit, const char *active, uint32_t job, void *userdata),
                           void *userdata, sd_bus_error *error) {
        int r = list(bus, "systemd-nspawn@*" UNIT_SUFFIX, take, userdata, error);

        return r < 0 ? r : list(bus, "container@*" UNIT_SUFFIX, take, userdata, error);
}

struct stops {
        sd_bus *bus;
        bool found;
};

static int take_stop(const char *unit, const char *active, uint32_t job, void *userdata) {
        _cleanup_(freep) char *type = NULL;
        struct stops *s = userdata;

        /* The stop of one that is off is done within a moment. */
        if (!s->found && job != 0 && unit_runtime_state(active) != RUNTIME_OFF && job_type(s->bus, job, &type) >= 0)
                s->found = strcmp(type, "stop") == 0 || strcmp(type, "restart") == 0;
        return 0;
}

bool units_stop(sd_bus *bus) {
        struct stops s = {.bus = bus};

        (void) list_containers(bus, take_stop, &s, NULL);
        return s.found;
}

int unit_group(sd_bus *bus, const char *unit, char **ret) {
        _cleanup_(freep) char *path = NULL;
        int r = bus_unit_string(bus, unit, SYSTEMD_SERVICE, "ControlGroup", &path);

        if (r < 0)
                return r;
        if (*path == '\0')
                return -ENOENT;
        *ret = format(GROUP_ROOT "%s", path);
        return *ret ? 0 : -ENOMEM;
}

/* In the innermost of its process namespaces, which it is the first of: "NSpid: 4711 1". */
static bool is_first(pid_t pid) {
        char path[64], line[256];
        _cleanup_(file_closep) FILE *f = NULL;
        bool first = false;

        (void) snprintf(path, sizeof path, "/proc/%d/status", (int) pid);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof line, f))
                if (strncmp(line, "NSpid:", 6) == 0) {
                        const char *last = strrchr(line, '\t');

                        first = last && strcmp(last, "\t1\n") == 0;
                        break;
                }
        return first;
}

/* The numbers in a file of the kernel's, one after the other. */
static int next_pid(FILE *f, pid_t *ret) {
        return fscanf(f, "%d", ret) == 1 ? 1 : 0;
}

static int leader_among_children(pid_t parent, struct process *ret) {
        char path[64];
        _cleanup_(file_closep) FILE *f = NULL;
        pid_t pid;

        (void) snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int) parent, (int) parent);
        f = fopen(path, "re");
        while (f && next_pid(f, &pid))
                if (is_first(pid))
                        return process_identify(pid, ret);
        return -ESRCH;
}

int unit_leader(const char *group, struct process *ret) {
        _cleanup_(freep) char *path = format("%s/supervisor/cgroup.procs", group);
        _cleanup_(file_closep) FILE *f = path ? fopen(path, "re") : NULL;
        pid_t pid;

        while (f && next_pid(f, &pid))
                if (leader_among_children(pid, ret) >= 0)
                        return 0;
        return -ESRCH;
}

/* What more there is to say about one that is not off. */
static void add_details(sd_bus *bus, const char *unit, struct runtime_status *s) {
        const char *property = s->state == RUNTIME_STARTING ? "InactiveExitTimestamp" : "ActiveEnterTimestamp";
        _cleanup_(freep) char *group = NULL;
        struct process leader;

        if (s->state == RUNTIME_OFF)
                return;
        if (bus_unit_uint64(bus, unit, SYSTEMD_UNIT, property, &s->since_usec) < 0)
                s->since_usec = 0;
        if (unit_group(bus, unit, &group) >= 0 && unit_leader(group, &leader) >= 0)
                s->leader = leader.pid;
}

int unit_status(const char *name, struct runtime_status *ret, struct error *e) {
        _cleanup_(unit_state_clear) struct unit_state state = {0};
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        _cleanup_(freep) char *unit = unit_name(name);
        int r = unit ? bus_open(&bus, e) : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot look for %s", name);

        *ret = (struct runtime_status){.state = RUNTIME_OFF};
        if (r < 0)
                return r;
        r = unit_look(bus, unit, &state, e);
        if (r < 0)
                return r;
        ret->state = unit_runtime_state(state.active);
        add_details(bus, unit, ret);
        return 0;
}

static int take_surveyed(const char *unit, const char *active, uint32_t job, void *userdata) {
        struct runtime_survey *s = userdata;
        size_t begin = strcspn(unit, "@") + 1, end = strlen(unit) - strlen(UNIT_SUFFIX);
        struct runtime_surveyed *one;

        if (end <= begin)
                return 0;
        one = runtime_survey_add(s, strndup(unit + begin, end - begin));
        if (!one)
                return -ENOMEM;
        one->status.state = unit_runtime_state(active);
        return 0;
}

int unit_survey(struct runtime_survey **ret, struct error *e) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(runtime_survey_freep) struct runtime_survey *s = calloc(1, sizeof *s);
        _cleanup_(bus_freep) sd_bus *bus = NULL;
        int r = s ? bus_open(&bus, e) : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot look for containers");

        if (r < 0)
                return r;
        r = list_containers(bus, take_surveyed, s, &error);
        if (r < 0)
                return error_set(e, r, EXIT_FAILED, "Cannot ask systemd which containers run: %s",
                                 error.message ? error.message : strerror(-r));
        for (size_t i = 0; i < s->n; i++) {
                _cleanup_(freep) char *unit = unit_name(s->containers[i].name);

                if (unit)
                        add_details(bus, unit, &s->containers[i].status);
        }
        runtime_survey_sort(s);
        *ret = steal_ptr(s);
        return 0;
}

/* One small JSON file, replaced atomically. */
#include "record.h"

#include "base/file.h"
#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>

#define RECORD_MAX 16384

static const char *const states[] = {
        [RUNTIME_OFF] = "powered off",
        [RUNTIME_STARTING] = "starting",
        [RUNTIME_RUNNING] = "running",
        [RUNTIME_STOPPING] = "stopping",
};

const char *runtime_state_name(enum runtime_state s) {
        return (size_t) s < ELEMENTS_OF(states) ? states[s] : "unknown";
}

void record_clear(struct record *r) {
        free(r->group);
        *r = RECORD_INIT;
}

char *supervisor_path(const char *name, const char *file) {
        return file ? format(PATH_CONTAINERS "/%s/%s", name, file) : format(PATH_CONTAINERS "/%s", name);
}

static void json_closep(json_t **j) {
        json_decref(*j);
        *j = NULL;
}

/* /run may be on a disk: process numbers and start times mean something within one boot only. */
static char *boot_id(void) {
        char *id = NULL;

        if (file_read("/proc/sys/kernel/random/boot_id", 64, &id, NULL) < 0)
                return NULL;
        id[strcspn(id, "\n")] = '\0';
        return id;
}

static json_t *process_json(const struct process *p) {
        return json_pack("{s:i, s:I}", "pid", (int) p->pid, "start", (json_int_t) p->start);
}

int record_write(const char *name, const struct record *record) {
        _cleanup_(freep) char *path = supervisor_path(name, "state.json"), *boot = boot_id(), *text = NULL;
        _cleanup_(json_closep) json_t *j = NULL;

        if (!path || !boot)
                return -ENOMEM;
        j = json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:s?, s:I, s:I, s:i}", "version", 1, "name", name, "boot",
                      boot, "state", runtime_state_name(record->state), "supervisor", process_json(&record->supervisor),
                      "nspawn", process_json(&record->nspawn), "leader", process_json(&record->leader), "group",
                      record->group, "sinceUsec", (json_int_t) record->since_usec, "logOffset",
                      (json_int_t) record->log_offset, "stopSignal", record->stop_signal);
        text = j ? json_dumps(j, JSON_COMPACT) : NULL;
        if (!text)
                return -ENOMEM;
        return file_write_atomic(path, text, strlen(text), 0644, false);
}

static struct process process_from(const json_t *j, const char *key) {
        const json_t *p = json_object_get(j, key);
        json_int_t pid = json_integer_value(json_object_get(p, "pid"));

        if (pid <= 0 || pid > INT32_MAX)
                return PROCESS_NONE;
        return (struct process){.pid = (pid_t) pid,
                                .start = (uint64_t) json_integer_value(json_object_get(p, "start"))};
}

/* Whoever wrote none knew of one only. */
static int signal_from(const json_t *j) {
        json_int_t number = json_integer_value(j);

        return json_is_integer(j) && number >= 0 && number <= SIGRTMAX ? (int) number : SIGRTMIN + 3;
}

int record_read(const char *name, struct record *ret) {
        _cleanup_(freep) char *path = supervisor_path(name, "state.json"), *boot = NULL, *text = NULL;
        _cleanup_(json_closep) json_t *j = NULL;
        const char *state, *group;
        size_t size;
        int r;

        if (!path)
                return -ENOMEM;
        r = file_read(path, RECORD_MAX, &text, &size);
        if (r < 0)
                return r;
        boot = boot_id();
        if (!boot)
                return -ENOMEM;
        j = json_loadb(text, size, 0, NULL);
        state = json_string_value(json_object_get(j, "state"));
        group = json_string_value(json_object_get(j, "group"));
        if (!state || !json_is_string(json_object_get(j, "boot")) ||
            strcmp(json_string_value(json_object_get(j, "boot")), boot) != 0)
                return -ENOENT;
        *ret = (struct record){
                .supervisor = process_from(j, "supervisor"),
                .nspawn = process_from(j, "nspawn"),
                .leader = process_from(j, "leader"),
                .since_usec = (uint64_t) json_integer_value(json_object_get(j, "sinceUsec")),
                .stop_signal = signal_from(json_object_get(j, "stopSignal")),
                .log_offset = (uint64_t) json_integer_value(json_object_get(j, "logOffset")),
        };
        for (size_t i = 0; i < ELEMENTS_OF(states); i++)
                if (!strcmp(states[i], state))
                        ret->state = (enum runtime_state) i;
        if (group) {
                ret->group = strdup(group);
                if (!ret->group)
                        return -ENOMEM;
        }
        return 0;
}

int supervisor_lock(const char *name, int timeout_ms) {
        _cleanup_(freep) char *folder = supervisor_path(name, NULL), *path = supervisor_path(name, "lock");
        int r;

        if (!folder || !path)
                return -ENOMEM;
        for (int i = 0; i < 10; i++) {
                r = directory_make(folder, 0755);
                if (r < 0)
                        return r;
                r = lock_take(path, timeout_ms);
                if (r != -ENOENT) /* a supervisor that ended just then took the folder with it */
                        return r;
        }
        return r;
}

bool supervisor_locked(const char *name) {
        _cleanup_(freep) char *path = supervisor_path(name, "lock");
        _cleanup_(fd_closep) int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

        /* Shared: two who look at the same time do not take each other for a supervisor. */
        return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

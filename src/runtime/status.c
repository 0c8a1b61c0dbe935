/* What is so now: the lock says whether a supervisor lives, the kernel whether the processes do. */
#include "base/file.h"
#include "base/paths.h"
#include "model/names.h"
#include "netd/client.h"
#include "runtime/group.h"
#include "runtime/kind.h"
#include "runtime/leftovers.h"
#include "runtime/links.h"
#include "runtime/logs.h"
#include "runtime/record.h"
#include "runtime/request.h"
#include "runtime/run.h"
#include "state/store.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#define GROUP_TIMEOUT_MS 10000
#define NETD_TIMEOUT_MS  30000

/* Between two looks at something that another process is about to change. */
#define LOOK_PAUSE_MS 20
#define LOOKS_MAX     250

static int supervised_status(const char *name, struct runtime_status *ret, struct error *e) {
        _cleanup_(record_clear) struct record record = RECORD_INIT;
        bool locked = supervisor_locked(name);
        int r = record_read(name, &record);

        *ret = (struct runtime_status){.state = RUNTIME_OFF};
        if (r < 0 && r != -ENOENT)
                return error_errno(e, r, EXIT_FAILED, "Cannot read the state of %s", name);
        if (locked)
                ret->state = RUNTIME_STARTING; /* or just ended: both pass at once */
        if (r < 0)
                return 0;
        if (locked && process_alive(&record.supervisor))
                ret->supervisor = record.supervisor.pid;
        /* Without systemd-nspawn there is no container, whatever was written down. */
        if (!process_alive(&record.nspawn)) {
                if (locked && record.state != RUNTIME_STARTING)
                        ret->state = RUNTIME_STOPPING;
                return 0;
        }
        ret->state = record.state;
        ret->since_usec = record.since_usec;
        if (process_alive(&record.leader))
                ret->leader = record.leader.pid;
        else if (record.state == RUNTIME_RUNNING)
                ret->state = RUNTIME_STOPPING; /* it has ended itself, perhaps to start again */
        return 0;
}

static int survey_one(struct runtime_survey *s, const char *name) {
        struct runtime_surveyed *one = runtime_survey_add(s, strdup(name));

        if (!one)
                return -ENOMEM;
        one->unknown = supervised_status(name, &one->status, NULL) < 0;
        return 0;
}

/* Without a folder there is nothing to look for. */
static int supervised_survey(struct runtime_survey **ret, struct error *e) {
        _cleanup_(runtime_survey_freep) struct runtime_survey *s = calloc(1, sizeof(*s));
        _cleanup_(directory_closep) DIR *folder = opendir(PATH_CONTAINERS);
        int r = 0;

        if (!folder && errno != ENOENT)
                r = -errno;
        for (struct dirent *entry; s && folder && r >= 0 && (errno = 0, entry = readdir(folder));)
                if (!container_name_problem(entry->d_name))
                        r = survey_one(s, entry->d_name);
        if (r >= 0 && folder && errno)
                r = -errno;
        if (!s || r < 0)
                return error_errno(e, s ? r : ENOMEM, EXIT_FAILED, "Cannot read " PATH_CONTAINERS);
        runtime_survey_sort(s);
        *ret = steal_ptr(s);
        return 0;
}

/* Ends and removes what is left of a container whose supervisor is gone. Holds the lock. */
static int remains_remove(const char *name, struct error *e) {
        _cleanup_(freep) char *folder = supervisor_path(name, NULL);
        int r = group_remove_all(name, GROUP_TIMEOUT_MS);

        if (r < 0)
                return error_errno(e, r, EXIT_FAILED, "Cannot end what is left of %s in its cgroup", name);
        r = leftovers_remove(name, e);
        if (r < 0)
                return r;
        r = netd_ensure(e);
        if (r >= 0)
                r = netd_call("Detach", json_pack("{s:s}", "name", name), NETD_TIMEOUT_MS, NULL, e);
        if (r < 0)
                return r;
        links_wait_ended(name);
        r = folder ? tree_remove(folder) : -ENOMEM;
        return r < 0 ? error_errno(e, r, EXIT_FAILED, "Cannot remove %s", folder) : 0;
}

static int supervised_recover(const char *name, struct error *e) {
        _cleanup_(record_clear) struct record record = RECORD_INIT;
        _cleanup_(freep) char *folder = supervisor_path(name, NULL);
        _cleanup_(fd_closep) int lock = -1;
        int r;

        if (!folder)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot look for %s", name);
        if (access(folder, F_OK) < 0 || supervisor_locked(name))
                return 0;
        lock = supervisor_lock(name, 0);
        if (lock == -EAGAIN)
                return 0;
        if (lock < 0)
                return error_errno(e, lock, EXIT_FAILED, "Cannot take the lock of %s", name);
        r = record_read(name, &record);
        /* Whether one that was being started is ready nobody can tell any more, and whoever asked for it was told that
         * the start failed: it goes too. */
        if (r < 0 || record.state == RUNTIME_STARTING || !process_alive(&record.nspawn)) {
                r = remains_remove(name, e);
                return r < 0 ? r : 1;
        }
        lock = fd_close(lock);
        r = supervisor_spawn(name, true, NULL, NULL, e);
        return r == -EALREADY ? 0 : r; /* another command did the same */
}

static int supervised_start(const char *name, runtime_progress_t progress, void *userdata, struct error *e) {
        int r = 0;

        if (!store_runs(name))
                return error_set(e, ENOENT, EXIT_USAGE, "Container %s does not exist!", name);
        /* Others may start and stop it meanwhile: look again until things hold still. */
        for (int i = 0; i < LOOKS_MAX; i++) {
                struct runtime_status status;

                r = supervised_recover(name, e);
                if (r >= 0)
                        r = supervised_status(name, &status, e);
                /* It may be between a supervisor that was killed and the one that takes its place. */
                if (r < 0 || (status.state == RUNTIME_RUNNING && status.supervisor > 0))
                        return r;
                if (status.state == RUNTIME_RUNNING)
                        r = -ECONNREFUSED;
                else if (status.state == RUNTIME_OFF)
                        r = supervisor_spawn(name, false, progress, userdata, e);
                else
                        r = supervisor_request(name, json_pack("{s:s}", "request", "wait"), progress, userdata, NULL,
                                               e);
                if (status.state != RUNTIME_STOPPING && r != -ECONNREFUSED && r != -EALREADY)
                        return r;
                error_clear(e);
                (void) poll(NULL, 0, LOOK_PAUSE_MS);
        }
        return error_set(e, EBUSY, EXIT_FAILED, "%s is started and stopped by others all the time", name);
}

static json_t *stop_request(const char *request, uint64_t timeout_usec) {
        return json_pack("{s:s, s:I}", "request", request, "timeoutUsec",
                         timeout_usec > INT64_MAX ? (json_int_t) -1 : (json_int_t) timeout_usec);
}

static int supervised_stop(const char *name, uint64_t timeout_usec, runtime_progress_t progress, void *userdata,
                           struct error *e) {
        int r = 0;

        for (int i = 0; i < LOOKS_MAX; i++) {
                r = supervised_recover(name, e);
                if (r < 0)
                        return r;
                if (!supervisor_locked(name))
                        return 0;
                r = supervisor_request(name, stop_request("stop", timeout_usec), progress, userdata, NULL, e);
                /* Refused: not listening yet, or not any more. Reset: killed, and to be recovered from. */
                if (r != -ECONNREFUSED && r != -ECONNRESET)
                        return r;
                error_clear(e);
                (void) poll(NULL, 0, LOOK_PAUSE_MS);
        }
        return error_set(e, r, EXIT_FAILED, "The supervisor of %s does not answer; see 'nixos-nspawn logs %s'", name,
                         name);
}

#define RESTART_STOP_USEC UINT64_C(90000000)

static int supervised_restart(const char *name, runtime_progress_t progress, void *userdata, struct error *e) {
        struct runtime_status status;
        int r = supervised_recover(name, e);

        if (r >= 0)
                r = supervised_status(name, &status, e);
        if (r < 0)
                return r;
        if (status.state == RUNTIME_RUNNING)
                return supervisor_request(name, stop_request("restart", RESTART_STOP_USEC), progress, userdata, NULL,
                                          e);
        return supervised_start(name, progress, userdata, e);
}

static int supervised_run(const char *name, char *const argv[], const char *user, bool tty, int *ret_exit,
                          struct error *e) {
        _cleanup_(record_clear) struct record record = RECORD_INIT;
        int r = supervised_recover(name, e);

        if (r < 0)
                return r;
        if (record_read(name, &record) < 0 || !process_alive(&record.nspawn))
                return error_set(e, ESRCH, EXIT_CONTAINER, "%s is not running; start it with 'nixos-nspawn start %s'",
                                 name, name);
        return run_in(&(struct run_target){.name = name, .leader = record.leader, .group = record.group}, argv, user,
                      tty, ret_exit, e);
}

const struct runtime_kind runtime_supervised = {
        .status = supervised_status,
        .survey = supervised_survey,
        .start = supervised_start,
        .stop = supervised_stop,
        .restart = supervised_restart,
        .recover = supervised_recover,
        .run = supervised_run,
        .logs = supervised_logs,
};

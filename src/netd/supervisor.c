/* Who sees to a container that has no link (yet): a supervisor that holds its lock or, under systemd, its unit. */
#include "supervisor.h"

#include "base/file.h"
#include "base/paths.h"
#include "netd/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#define GROUPS "/sys/fs/cgroup/machine.slice/"

/* systemd makes it for the first process of a start, and removes it after the last one of an end. Which of the two
 * units it is depends on the kind of container. */
static int unit_lives(const char *name) {
        static const char *const templates[] = {"systemd-nspawn", "container"};

        for (size_t i = 0; i < ELEMENTS_OF(templates); i++) {
                _cleanup_(freep) char *path = format(GROUPS "%s@%s.service", templates[i], name);

                if (!path)
                        return -ENOMEM;
                if (access(path, F_OK) == 0)
                        return 1;
                if (errno != ENOENT)
                        return -errno;
        }
        return 0;
}

/* Trying is the only answer that the kernel gives on every file system. The lock is held for a moment at most, and
 * shared; supervisors wait longer than that for theirs. */
int supervisor_lives(const char *name) {
        _cleanup_(freep) char *path = format(PATH_CONTAINERS "/%s/lock", name);
        _cleanup_(fd_closep) int fd = -1;

        if (!path)
                return -ENOMEM;
        if (launch_by_systemd())
                return unit_lives(name);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_SH | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? 1 : -errno;
        return 0;
}

#include "supervisor.h"

#include "base/file.h"
#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/* Trying is the only answer that the kernel gives on every file system. The lock is held for a moment at most, and
 * shared; supervisors wait longer than that for theirs. */
int supervisor_lives(const char *name) {
        _cleanup_(freep) char *path = format(PATH_CONTAINERS "/%s/lock", name);
        _cleanup_(fd_closep) int fd = -1;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_SH | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? 1 : -errno;
        return 0;
}

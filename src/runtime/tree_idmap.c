/* Whether ID-mapped mounts work depends on the filesystem and the kernel, and no one tells: so a mount is tried, on a
 * detached copy that nobody sees. */
#include "base/file.h"
#include "tree_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Any mapping will do; this one is of numbers that no mount of ours uses. */
#define MAPPING "0 2130706432 65536"

static int write_text(const char *path, const char *text) {
        _cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                return -errno;
        return 0;
}

/* A user namespace lives as long as a process or a descriptor is in it: the process is only there to make it. */
static int open_namespace_of(pid_t pid) {
        _cleanup_(freep) char *uids = format("/proc/%d/uid_map", pid), *gids = format("/proc/%d/gid_map", pid);
        _cleanup_(freep) char *namespace = format("/proc/%d/ns/user", pid);
        int r;

        if (!uids || !gids || !namespace)
                return -ENOMEM;
        r = write_text(uids, MAPPING);
        if (r == 0)
                r = write_text(gids, MAPPING);
        if (r < 0)
                return r;
        r = open(namespace, O_RDONLY | O_CLOEXEC);
        return r < 0 ? -errno : r;
}

/* It has all that its parent has open, locks too: it ends with it. */
_Noreturn static void stay_with(pid_t parent) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent)
                (void) pause();
        _exit(EXIT_FAILED);
}

static int make_namespace(void) {
        pid_t self = getpid(), pid = (pid_t) syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
        int fd;

        if (pid < 0)
                return -errno;
        if (pid == 0)
                stay_with(self);
        fd = open_namespace_of(pid);
        (void) kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        return fd;
}

bool tree_can_idmap(const char *path) {
        _cleanup_(fd_closep) int namespace = -1, mount = -1;
        struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP};

        mount = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (mount < 0)
                return false;
        namespace = make_namespace();
        if (namespace < 0)
                return false;
        attributes.userns_fd = (unsigned) namespace;
        return mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) == 0;
}

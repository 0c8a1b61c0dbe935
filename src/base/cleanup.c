/* The one destructor that needs more than a line. */
#include "cleanup.h"

#include <errno.h>

int fd_close(int fd) {
        if (fd >= 0) {
                int saved = errno;
                (void) close(fd);
                errno = saved;
        }
        return -1;
}

void fd_closep(int *fd) {
        *fd = fd_close(*fd);
}

/* What `nscd --invalidate=hosts` sends: a header of three numbers in the machine's byte order, and the cache's name. */
#include "nscd.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define NSCD_VERSION 2
#define INVALIDATE   10
#define NSCD_SOCKET  "/run/nscd/socket"

void nscd_forget_hosts(void) {
        static const struct {
                int32_t version, type, key_size;
                char key[sizeof("hosts")];
        } request = {NSCD_VERSION, INVALIDATE, sizeof("hosts"), "hosts"};
        const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = NSCD_SOCKET};
        _cleanup_(fd_closep) int fd = -1;

        if (access(NSCD_SOCKET, F_OK) < 0)
                return;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *) &address, sizeof(address)) == 0)
                (void) send(fd, &request, sizeof(int32_t) * 3 + sizeof(request.key), MSG_NOSIGNAL);
}

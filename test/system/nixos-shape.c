/* What a built system of NixOS has, in one program: an init that says in /seen what it finds, and is ready at once;
 * with "test" for an argument, its switch-to-configuration, which says in /switched who it is. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static volatile sig_atomic_t over;

static void end(int n) {
        over = 1;
}

static int can(const char *path, int flags) {
        return open(path, flags, 0600) >= 0;
}

static int is_there(const char *path) {
        return access(path, F_OK) == 0;
}

static void look(FILE *f) {
        fprintf(f, "pid %d\n", getpid());
        fprintf(f, "store %s\n", can("/nix/store/write", O_CREAT | O_WRONLY) ? "writable" : "read-only");
        fprintf(f, "db %s\n",
                can("/nix/var/nix/db/mark", O_RDONLY) && !can("/nix/var/nix/db/mark", O_WRONLY) ? "read-only"
                                                                                                : "wrong");
        fprintf(f, "daemon %s\n", is_there("/nix/var/nix/daemon-socket") ? "there" : "none");
        fprintf(f, "profiles %s\n", can("/nix/var/nix/profiles/mine", O_CREAT | O_WRONLY) ? "own" : "none");
        fprintf(f, "gcroots %s\n", can("/nix/var/nix/gcroots/mine", O_CREAT | O_WRONLY) ? "own" : "none");
        fprintf(f, "release %s\n", is_there("/etc/os-release") ? "there" : "none");
        fprintf(f, "root %s\n", is_there("/root") ? "there" : "none");
}

static int say_ready(const char *path) {
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

        strncpy(a.sun_path, path, sizeof a.sun_path - 1);
        if (path[0] == '@')
                a.sun_path[0] = 0;
        return connect(fd, (void *) &a, (socklen_t) (sizeof(sa_family_t) + strlen(path) + (path[0] != '@'))) < 0 ||
               write(fd, "READY=1", 7) < 0;
}

int main(int argc, char *argv[]) {
        const char *notify = getenv("NOTIFY_SOCKET");
        FILE *f = fopen(argc > 1 && !strcmp(argv[1], "test") ? "/switched" : "/seen", "w");

        if (!f)
                return 1;
        if (argc > 1 && !strcmp(argv[1], "test")) {
                fprintf(f, "%s\n", argv[0]);
                return fclose(f) != 0;
        }
        look(f);
        fclose(f);
        if (notify && say_ready(notify))
                return 1;
        signal(SIGRTMIN + 3, end);
        while (!over)
                pause();
        return 0;
}

/* A machine of the test's own: empty /etc, /run and /var/lib that nobody else sees, gone when the process ends. So the
 * code under test uses its real paths, and has no switch that only tests use. */
#pragma once

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

static inline void private_root_enter(void) {
        static const char *const folders[] = {"/etc", "/run", "/var/lib"};
        unsigned uid = getuid(), gid = getgid();

        if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) < 0) {
                perror("unshare");
                exit(1);
        }
        if (uid) {
                static const char *const files[] = {"/proc/self/setgroups", "/proc/self/uid_map", "/proc/self/gid_map"};
                char lines[3][32];

                (void) snprintf(lines[0], sizeof lines[0], "deny");
                (void) snprintf(lines[1], sizeof lines[1], "0 %u 1", uid);
                (void) snprintf(lines[2], sizeof lines[2], "0 %u 1", gid);
                for (int i = 0; i < 3; i++) {
                        FILE *f = fopen(files[i], "w");

                        if (!f || fputs(lines[i], f) < 0 || fclose(f) != 0) {
                                perror(files[i]);
                                exit(1);
                        }
                }
        }
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                perror("mount /");
                exit(1);
        }
        for (int i = 0; i < 3; i++)
                if (mount("tmpfs", folders[i], "tmpfs", 0, "mode=0755") < 0) {
                        perror(folders[i]);
                        exit(1);
                }
}

static inline void private_root_write(const char *path, const char *text) {
        FILE *f = fopen(path, "w");

        if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
                perror(path);
                exit(1);
        }
}

/* The half of `run` that goes inside: namespaces, user, terminal, command. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct enter {
        const char *name;
        char *const *argv;
        const char *user; /* NULL: root */
        bool tty;
        pid_t parent; /* who waits for the command, which ends with that one */
        int leader;   /* pidfd of the container's first process */
        pid_t leader_pid;
        const char *group; /* cgroup to join */
};

enum report_kind {
        REPORT_PROCESS,  /* fd: pidfd of the command */
        REPORT_TERMINAL, /* fd: the master of its terminal */
        REPORT_ERROR,
};

#define REPORT_TEXT_MAX 512

struct enter_report {
        enum report_kind kind;
        int code;
        int exit_status;
        int fd;
        char text[REPORT_TEXT_MAX];
};

/* In a child process: never returns. Reports on the socket, which is closed everywhere once the command runs; ends with
 * the command's exit code, 128+N when a signal ended it. */
_Noreturn void enter_container(const struct enter *enter, int socket);

/* 1: *ret is filled (fd is the caller's); 0: nobody has the other end any more. */
int enter_report_read(int socket, struct enter_report *ret);

/* A user of the guest, looked up in the guest's files as they are seen from inside: its name service is the guest's
 * code, which has no business in this process. */
struct guest_user {
        uid_t uid;
        gid_t gid;
        gid_t groups[64];
        size_t n_groups;
        char name[64];
        char home[256];
        char shell[256];
};

/* Reads PREFIX/etc/passwd and PREFIX/etc/group. name: a name, or a number that has an entry. -ESRCH: unknown. */
int guest_user_find(const char *prefix, const char *name, struct guest_user *ret);

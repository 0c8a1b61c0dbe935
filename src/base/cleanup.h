/* Scope-bound ownership: what a function acquires it lets go on every way out.
 *
 *     _cleanup_(fd_closep) int fd = -1;
 *     ...
 *     *ret = steal_fd(&fd);      // success: the caller owns it now
 *
 * Every destructor accepts the empty value (NULL, -1) and leaves it behind, so it may run twice. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)        __attribute__((cleanup(f)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_            __attribute__((unused))
#define _pure_              __attribute__((pure))

#define ELEMENTS_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Closes *fd unless it is negative; sets it to -1. errno stays as it was. */
void fd_closep(int *fd);

/* Closes fd unless it is negative; returns -1. */
int fd_close(int fd);

static inline int steal_fd(int *fd) {
        int r = *fd;
        *fd = -1;
        return r;
}

#define steal_ptr(p)                                                                                                   \
        ({                                                                                                             \
                __typeof__(p) *_pp = &(p);                                                                             \
                __typeof__(p) _v = *_pp;                                                                               \
                *_pp = NULL;                                                                                           \
                _v;                                                                                                    \
        })

/* For _cleanup_ on a `T *` from malloc: frees it and sets it to NULL. */
static inline void freep(void *p) {
        free(*(void **) p);
        *(void **) p = NULL;
}

static inline void directory_closep(DIR **d) {
        if (*d)
                (void) closedir(*d);
        *d = NULL;
}

static inline void file_closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
        *f = NULL;
}

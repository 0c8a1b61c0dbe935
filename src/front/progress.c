/* A thread does the waiting, so that whoever works needs not think of it. It exists only between begin and end, and
 * touches nothing but its own struct and standard error. */
#include "front/progress.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum {
        PATIENCE_MS = 1000, /* what is quicker than this needs no words */
        FRAME_MS = 120,
};

struct progress {
        const char *subject;
        bool terminal;
        bool verbose;
        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t changed; /* phrase or over; on the monotonic clock */
        char phrase[160];
        bool fresh; /* phrase was not printed yet */
        bool over;
};

static struct timespec now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return t;
}

static struct timespec later(struct timespec t, long ms) {
        t.tv_sec += ms / 1000;
        t.tv_nsec += (ms % 1000) * 1000000L;
        if (t.tv_nsec >= 1000000000L) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000L;
        }
        return t;
}

static void print_line(struct progress *p) {
        (void) fprintf(stderr, "%s: %s: %s\n", program_name(), p->subject, p->phrase);
        p->fresh = false;
}

static void *work(void *userdata) {
        static const char wheel[] = "|/-\\";
        struct progress *p = userdata;
        struct timespec began = now(), next = later(began, PATIENCE_MS);
        unsigned frame = 0;

        (void) pthread_mutex_lock(&p->mutex);
        while (!p->over) {
                struct timespec t = now();

                if (t.tv_sec < next.tv_sec || (t.tv_sec == next.tv_sec && t.tv_nsec < next.tv_nsec)) {
                        (void) pthread_cond_timedwait(&p->changed, &p->mutex, &next);
                        continue;
                }
                if (p->terminal && p->phrase[0]) {
                        (void) fprintf(stderr, "\r\033[K%c %s: %s (%ld s)", wheel[frame++ % 4], p->subject, p->phrase,
                                       (long) (t.tv_sec - began.tv_sec));
                        next = later(t, FRAME_MS);
                } else if (p->terminal)
                        next = later(t, FRAME_MS);
                else if (p->fresh)
                        print_line(p);
                else
                        (void) pthread_cond_wait(&p->changed, &p->mutex);
        }
        if (p->terminal && frame > 0)
                (void) fputs("\r\033[K", stderr);
        (void) pthread_mutex_unlock(&p->mutex);
        return NULL;
}

struct progress *progress_begin(const struct output *o, const char *subject) {
        _cleanup_(freep) struct progress *p = calloc(1, sizeof(*p));
        pthread_condattr_t attributes;
        sigset_t all, before;
        int r;

        if (!p || pthread_condattr_init(&attributes) != 0)
                return NULL;
        (void) pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        p->subject = subject;
        p->verbose = o->verbose;
        p->terminal = isatty(STDERR_FILENO) && !o->verbose;
        (void) pthread_mutex_init(&p->mutex, NULL);
        (void) pthread_cond_init(&p->changed, &attributes);
        (void) pthread_condattr_destroy(&attributes);

        /* Signals are for the thread that works. */
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&p->thread, NULL, work, p);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return NULL;
        return steal_ptr(p);
}

void progress_phrase(const char *what, void *userdata) {
        struct progress *p = userdata;

        if (!p)
                return;
        (void) pthread_mutex_lock(&p->mutex);
        if (strncmp(p->phrase, what, sizeof(p->phrase) - 1) != 0) {
                (void) snprintf(p->phrase, sizeof(p->phrase), "%s", what);
                p->fresh = true;
                if (p->verbose)
                        print_line(p);
                (void) pthread_cond_signal(&p->changed);
        }
        (void) pthread_mutex_unlock(&p->mutex);
}

struct progress *progress_end(struct progress *p) {
        if (!p)
                return NULL;
        (void) pthread_mutex_lock(&p->mutex);
        p->over = true;
        (void) pthread_cond_signal(&p->changed);
        (void) pthread_mutex_unlock(&p->mutex);
        (void) pthread_join(p->thread, NULL);
        (void) pthread_cond_destroy(&p->changed);
        (void) pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
}

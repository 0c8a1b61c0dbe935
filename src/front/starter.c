/* The start waits in a thread of its own, for signals to reach this one. */
#include "front/starter.h"

#include "front/sequence.h"

#include "runtime/runtime.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

struct starter {
        const char *name;
        struct progress *progress;
        struct error *error;
        sem_t done;
        int result;
};

static void *work(void *userdata) {
        struct starter *s = userdata;

        s->result = runtime_start(s->name, progress_phrase, s->progress, s->error);
        (void) sem_post(&s->done);
        return NULL;
}

/* Until the start ended; whoever interrupts has the container stopped, which ends it early. */
static void wait_for(struct starter *s) {
        bool given_up = false;

        while (sem_wait(&s->done) < 0 && errno == EINTR)
                if (sequence_interrupted() && !given_up) {
                        given_up = true;
                        progress_phrase("giving the start up", s->progress);
                        (void) runtime_stop(s->name, 0, NULL, NULL, NULL);
                }
}

int starter_run(const char *name, struct progress *p, struct error *e) {
        struct starter s = {.name = name, .progress = p, .error = e};
        sigset_t all, before;
        pthread_t thread;
        int r;

        if (sem_init(&s.done, 0, 0) < 0)
                return runtime_start(name, progress_phrase, p, e);
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&thread, NULL, work, &s);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                s.result = runtime_start(name, progress_phrase, p, e);
        else {
                wait_for(&s);
                (void) pthread_join(thread, NULL);
        }
        (void) sem_destroy(&s.done);
        return s.result;
}

/* Says on standard error what a command is at, when it takes longer than a second: on a terminal in one line that
 * moves and vanishes at the end, elsewhere as plain lines. Verbose: every phrase at once, as a line. */
#pragma once

#include "front/output.h"

struct progress;

/* Begins; subject (borrowed): what it is about, a container's name. NULL when there is no memory or no thread, which
 * all the functions below take for "say nothing". */
struct progress *progress_begin(const struct output *o, const char *subject);

/* A short present-tense phrase ("starting"). A runtime_progress_t (runtime/runtime.h); userdata is the progress. */
void progress_phrase(const char *what, void *userdata);

/* Ends it, and clears its line. Returns NULL. */
struct progress *progress_end(struct progress *p);

static inline void progress_endp(struct progress **p) {
        *p = progress_end(*p);
}

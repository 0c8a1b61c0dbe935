/* What a guest wrote, made fit for somebody's terminal. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>

/* Lets text, tabs, line ends and colours through; drops carriage returns, other control characters and all other
 * escape sequences. Its state lives across chunks; zeroed to begin. */
struct clean {
        bool plain; /* no colours either */
        enum clean_state { CLEAN_TEXT, CLEAN_ESCAPE, CLEAN_SEQUENCE, CLEAN_STRING } state;
        char sequence[32];
        size_t size;
};

void clean_push(struct clean *c, const char *data, size_t size, struct buffer *out);

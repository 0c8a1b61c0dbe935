/* Grows by doubling, so that appending byte by byte stays linear. */
#include "buffer.h"

#include <errno.h>
#include <string.h>

void buffer_clear(struct buffer *b) {
        free(b->data);
        *b = BUFFER_INIT;
}

/* Room for extra bytes and the NUL. */
static bool buffer_reserve(struct buffer *b, size_t extra) {
        size_t needed, capacity;
        char *data;

        if (b->error)
                return false;
        if (__builtin_add_overflow(b->size, extra, &needed) || __builtin_add_overflow(needed, (size_t) 1, &needed))
                goto fail;
        if (needed <= b->capacity)
                return true;
        capacity = b->capacity < 64 ? 64 : b->capacity;
        while (capacity < needed)
                if (__builtin_mul_overflow(capacity, (size_t) 2, &capacity))
                        goto fail;
        data = realloc(b->data, capacity);
        if (!data)
                goto fail;
        b->data = data;
        b->capacity = capacity;
        return true;
fail:
        b->error = -ENOMEM;
        return false;
}

void buffer_append(struct buffer *b, const void *data, size_t size) {
        if (!buffer_reserve(b, size))
                return;
        if (size > 0)
                memcpy(b->data + b->size, data, size);
        b->size += size;
        b->data[b->size] = '\0';
}

void buffer_append_string(struct buffer *b, const char *s) {
        buffer_append(b, s, strlen(s));
}

void buffer_append_format(struct buffer *b, const char *fmt, ...) {
        va_list arguments;
        int n;

        va_start(arguments, fmt);
        n = vsnprintf(NULL, 0, fmt, arguments);
        va_end(arguments);
        if (n < 0) {
                b->error = -ENOMEM;
                return;
        }
        if (!buffer_reserve(b, (size_t) n))
                return;
        va_start(arguments, fmt);
        (void) vsnprintf(b->data + b->size, (size_t) n + 1, fmt, arguments);
        va_end(arguments);
        b->size += (size_t) n;
}

void buffer_append_byte(struct buffer *b, uint8_t byte) {
        buffer_append(b, &byte, 1);
}

void buffer_consume(struct buffer *b, size_t n) {
        if (n == 0)
                return;
        if (n > b->size)
                n = b->size;
        memmove(b->data, b->data + n, b->size - n + 1);
        b->size -= n;
}

int buffer_error(const struct buffer *b) {
        return b->error;
}

const char *buffer_text(const struct buffer *b) {
        return b->data ? b->data : "";
}

char *buffer_steal(struct buffer *b) {
        char *data = NULL;

        if (buffer_reserve(b, 0)) {
                b->data[b->size] = '\0';
                data = steal_ptr(b->data);
        }
        buffer_clear(b);
        return data;
}

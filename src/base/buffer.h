/* A growing run of bytes, always followed by a NUL that is not counted, so it serves for text and packets.
 *
 * Allocation failure is sticky: appends become no-ops and buffer_error() says -ENOMEM, so that a writer checks
 * once, at the end. */
#pragma once

#include "cleanup.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
        char *data; /* owned; NULL only while size is 0 and nothing was allocated */
        size_t size;
        size_t capacity;
        int error; /* 0 or -ENOMEM */
};

#define BUFFER_INIT ((struct buffer){0})

void buffer_clear(struct buffer *b);
void buffer_append(struct buffer *b, const void *data, size_t size);
void buffer_append_string(struct buffer *b, const char *s);
void buffer_append_format(struct buffer *b, const char *fmt, ...) _printf_(2, 3);
void buffer_append_byte(struct buffer *b, uint8_t byte);
/* Drops the first n bytes (n <= size). */
void buffer_consume(struct buffer *b, size_t n);
int buffer_error(const struct buffer *b);
/* The text, never NULL. Borrowed. */
const char *buffer_text(const struct buffer *b);
/* Hands the bytes over (malloc'd, NUL-terminated) or NULL when an append had failed; b is empty afterwards. */
char *buffer_steal(struct buffer *b);

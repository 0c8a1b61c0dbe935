/* A small part of ECMA-48: enough to know where an escape sequence ends. */
#include "clean.h"

static void sequence_push(struct clean *c, char byte, struct buffer *out) {
        if (c->size < sizeof c->sequence)
                c->sequence[c->size++] = byte;
        if (byte < '@' || byte > '~')
                return;
        if (byte == 'm' && c->size < sizeof c->sequence && !c->plain) {
                buffer_append_string(out, "\033[");
                buffer_append(out, c->sequence, c->size);
        }
        c->state = CLEAN_TEXT;
}

void clean_push(struct clean *c, const char *data, size_t size, struct buffer *out) {
        for (size_t i = 0; i < size; i++) {
                char byte = data[i];

                switch (c->state) {
                case CLEAN_TEXT:
                        if (byte == '\033')
                                c->state = CLEAN_ESCAPE;
                        else if ((unsigned char) byte >= ' ' ? byte != 0x7f : byte == '\n' || byte == '\t')
                                buffer_append_byte(out, (uint8_t) byte);
                        break;
                case CLEAN_ESCAPE:
                        c->size = 0;
                        c->state = byte == '['                                                ? CLEAN_SEQUENCE
                                   : byte == ']' || byte == 'P' || byte == '_' || byte == '^' ? CLEAN_STRING
                                                                                              : CLEAN_TEXT;
                        break;
                case CLEAN_SEQUENCE:
                        sequence_push(c, byte, out);
                        break;
                case CLEAN_STRING: /* a title and the like: to BEL, ST or the end of the line */
                        if (byte == '\a' || byte == '\n')
                                c->state = CLEAN_TEXT;
                        else if (byte == '\033')
                                c->state = CLEAN_ESCAPE;
                        break;
                }
        }
}

/* Lists of names: NULL-terminated, the list and each word malloc'd. */
#pragma once

#include <stddef.h>

void strings_free(char **list);
static inline void strings_freep(char ***list) {
        strings_free(*list);
        *list = NULL;
}

/* Adds a copy of s behind the *n that *list (which may be NULL) has. -ENOMEM: the list stays as it was. */
int strings_append(char ***list, size_t *n, const char *s);

/* Sorts n words and frees those that are there already. */
void strings_sort_unique(char **list, size_t n);

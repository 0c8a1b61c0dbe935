#include "string-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void strings_free(char **list) {
        for (char **s = list; s && *s; s++)
                free(*s);
        free(list);
}

int strings_append(char ***list, size_t *n, const char *s) {
        char **grown = reallocarray(*list, *n + 2, sizeof *grown);

        if (!grown)
                return -ENOMEM;
        *list = grown;
        grown[*n] = strdup(s);
        grown[*n + 1] = NULL;
        if (!grown[*n])
                return -ENOMEM;
        ++*n;
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

void strings_sort_unique(char **list, size_t n) {
        size_t kept = 0;

        qsort(list, n, sizeof *list, compare);
        for (size_t i = 0; i < n; i++) {
                if (kept > 0 && strcmp(list[kept - 1], list[i]) == 0)
                        free(list[i]);
                else
                        list[kept++] = list[i];
        }
        list[kept] = NULL;
}

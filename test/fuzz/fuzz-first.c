/* The file that the first process reads, and the requests that it makes of it: all of them inside the buffer. */
#include "runtime/first/first.h"

#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct first_network *n) {
        static struct batch b;
        unsigned count = 0;

        batch_fill(&b, n, 7, 1, true);
        if (b.overflow || b.size > BATCH_SIZE)
                abort();
        size_t left = b.size;
        for (struct nlmsghdr *m = (struct nlmsghdr *) b.data; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
                if (!b.what[m->nlmsg_seq] || ++count != m->nlmsg_seq)
                        abort();
        if (left != 0 || count != b.n)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct first_file f;
        const char *problem;
        unsigned line;
        char text[FIRST_FILE_MAX + 1];

        if (size > FIRST_FILE_MAX)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        if (first_parse(text, &f, &line, &problem) < 0) {
                if (!problem)
                        abort();
                return 0;
        }
        for (size_t i = 0; i < f.n; i++)
                check(&f.links[i]);
        return 0;
}

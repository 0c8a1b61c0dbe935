/* The file that the first process reads, and the requests that it makes of it: all of them inside the buffer. */
#include "runtime/first/first.h"

#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct batch b;
        struct first_network n;
        const char *problem;
        unsigned line, count = 0;
        char text[FIRST_FILE_MAX + 1];

        if (size > FIRST_FILE_MAX)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        if (first_parse(text, &n, &line, &problem) < 0) {
                if (!problem)
                        abort();
                return 0;
        }
        batch_fill(&b, &n, 7, 1);
        if (b.overflow || b.size > BATCH_SIZE)
                abort();
        size_t left = b.size;
        for (struct nlmsghdr *m = (struct nlmsghdr *) b.data; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
                if (!b.what[m->nlmsg_seq] || ++count != m->nlmsg_seq)
                        abort();
        if (left != 0 || count != b.n)
                abort();
        return 0;
}

/* One write(2) a message, so that lines of several processes do not mix. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>

static struct {
        const char *identifier;
        int max_priority;
        bool journal;
} settings = {.max_priority = LOG_INFO};

/* $JOURNAL_STREAM is "DEVICE:INODE" of the stream that the service manager connected; stderr may have been
 * redirected since. */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
               st.st_dev == device && st.st_ino == inode;
}

void log_open(const char *identifier, int max_priority) {
        settings.identifier = identifier;
        settings.max_priority = max_priority;
        settings.journal = stderr_is_journal();
}

void log_message(int priority, const char *fmt, ...) {
        char line[2048];
        size_t used = 0;
        va_list arguments;
        int n;

        if (priority > settings.max_priority)
                return;
        n = settings.journal      ? snprintf(line, sizeof line, "<%d>", priority)
            : settings.identifier ? snprintf(line, sizeof line, "%s: ", settings.identifier)
                                  : 0;
        if (n > 0 && (size_t) n < sizeof line)
                used = (size_t) n;
        va_start(arguments, fmt);
        n = vsnprintf(line + used, sizeof line - used, fmt, arguments);
        va_end(arguments);
        if (n < 0)
                return;
        used += (size_t) n < sizeof line - used ? (size_t) n : sizeof line - used - 1;
        /* One message is one line, whatever names from outside it contains. */
        for (size_t i = 0; i < used; i++)
                if (line[i] == '\n' || line[i] == '\r')
                        line[i] = ' ';
        line[used++] = '\n'; /* over the NUL */
        while (write(STDERR_FILENO, line, used) < 0 && errno == EINTR)
                ;
}

/* One write(2) a message, so that lines of several processes do not mix. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

static struct {
        const char *identifier;
        int max_priority;
        bool journal; /* takes the priority from the line, and knows the time and the name */
        bool file;    /* knows nothing */
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

static bool stderr_is_file(void) {
        struct stat st;

        return fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

void log_open(const char *identifier, int max_priority) {
        settings.identifier = identifier;
        settings.max_priority = max_priority;
        settings.journal = stderr_is_journal();
        settings.file = stderr_is_file();
}

/* What stands before the message: "<4>" or "2026-11-22T01:42:15Z nspawn-netd: ". */
static size_t write_prefix(int priority, char *line, size_t size) {
        struct tm t;
        time_t now = time(NULL);
        size_t used = 0;
        int n;

        if (settings.journal)
                n = snprintf(line, size, "<%d>", priority);
        else {
                if (settings.file && gmtime_r(&now, &t))
                        used = strftime(line, size, "%Y-%m-%dT%H:%M:%SZ ", &t);
                n = settings.identifier ? snprintf(line + used, size - used, "%s: ", settings.identifier) : 0;
        }
        return n > 0 && (size_t) n < size - used ? used + (size_t) n : used;
}

void log_message(int priority, const char *fmt, ...) {
        char line[2048];
        size_t used;
        va_list arguments;
        int n;

        if (priority > settings.max_priority)
                return;
        used = write_prefix(priority, line, sizeof line);
        va_start(arguments, fmt);
        n = vsnprintf(line + used, sizeof line - used, fmt, arguments);
        va_end(arguments);
        if (n < 0)
                return;
        used += (size_t) n < sizeof line - used ? (size_t) n : sizeof line - used - 1;
        /* One message is one line, and does nothing to a terminal, whatever names from outside it contains. */
        for (size_t i = 0; i < used; i++)
                if ((unsigned char) line[i] < 0x20 || line[i] == 0x7f)
                        line[i] = ' ';
        line[used++] = '\n'; /* over the NUL */
        while (write(STDERR_FILENO, line, used) < 0 && errno == EINTR)
                ;
}

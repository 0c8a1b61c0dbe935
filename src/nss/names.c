/* One open, fstat, read, close on a small file in /run. It runs inside every program that resolves a name, so: no
 * memory but the stack's, no locks, no signals, nothing that waits, and a file that is not what it should be is no
 * answer rather than trouble. */
#include "names.h"

#include "base/paths.h"
#include "state/publish.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

size_t found_address_size(int family) {
        return family == AF_INET ? 4 : 16;
}

bool found_is_link_local(const struct found_address *a) {
        return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static bool is_name_character(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A container's name, in lower case, and so no path: no '/', no dot. */
static bool label_is_valid(const char *s, size_t length) {
        if (length == 0 || length > LABEL_MAX)
                return false;
        for (size_t i = 0; i < length; i++)
                if (!is_name_character(s[i]))
                        return false;
        return true;
}

/* What the administrator chose, else "internal"; ret has room for NAME_SUFFIX_MAX bytes and is not ended by a NUL. */
static size_t read_suffix(char ret[NAME_SUFFIX_MAX]) {
        ssize_t n = readlink(PATH_NAMES_SUFFIX, ret, NAME_SUFFIX_MAX);

        if (n > 0)
                return (size_t) n;
        memcpy(ret, NAME_SUFFIX_DEFAULT, sizeof NAME_SUFFIX_DEFAULT - 1);
        return sizeof NAME_SUFFIX_DEFAULT - 1;
}

/* Where the label before ".suffix" ends in a name of that length; 0: it has not that suffix. */
static size_t label_before(const char *name, size_t length, const char *suffix, size_t suffix_length) {
        size_t at;

        if (length < suffix_length + 2)
                return 0;
        at = length - suffix_length;
        return name[at - 1] == '.' && memcmp(name + at, suffix, suffix_length) == 0 ? at - 1 : 0;
}

/* The administrator's domain, and what the hosts files of NixOS have; only names with a dot pay for looking. */
static size_t label_length(const char *name, size_t length) {
        char suffix[NAME_SUFFIX_MAX];
        size_t n;

        if (!memchr(name, '.', length))
                return length;
        n = label_before(name, length, suffix, read_suffix(suffix));
        if (n == 0)
                n = label_before(name, length, "containers", strlen("containers"));
        return n > 0 ? n : length;
}

/* Fills ret->name; *ret_length: of the container's name in it, without the suffix. */
static int read_question(const char *name, struct found *ret, size_t *ret_length) {
        size_t length = strnlen(name, NAME_TEXT_MAX + 1);

        if (length > 0 && name[length - 1] == '.')
                length--;
        if (length == 0 || length >= NAME_TEXT_MAX)
                return -ENOENT;
        for (size_t i = 0; i < length; i++)
                ret->name[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char) (name[i] - 'A' + 'a') : name[i];
        ret->name[length] = '\0';
        length = label_length(ret->name, length);
        if (!label_is_valid(ret->name, length))
                return -ENOENT;
        *ret_length = length;
        return 0;
}

/* "10.233.0.2", "fd00::2" or "fe80::1%12". */
static bool read_address(char *line, struct found_address *ret) {
        char *scope = strchr(line, '%');
        struct found_address a = {0};

        if (scope) {
                *scope++ = '\0';
                if (!*scope)
                        return false;
                for (; *scope; scope++) {
                        if (*scope < '0' || *scope > '9' || a.scope > (UINT32_MAX - 9) / 10)
                                return false;
                        a.scope = a.scope * 10 + (uint32_t) (*scope - '0');
                }
        }
        if (inet_pton(AF_INET, line, a.bytes) == 1)
                a.family = AF_INET;
        else if (inet_pton(AF_INET6, line, a.bytes) == 1)
                a.family = AF_INET6;
        else
                return false;
        *ret = a;
        return true;
}

static void read_addresses(char *text, struct found *ret) {
        ret->n = 0;
        for (char *line = text, *next; line && ret->n < ADDRESSES_MAX; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                if (read_address(line, &ret->addresses[ret->n]))
                        ret->n++;
        }
}

/* Up to size bytes into text, which gets a NUL; a larger file is none of ours. */
static int read_text(int fd, char *text, size_t size) {
        size_t n = 0;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size > (off_t) size)
                return -ENOENT;
        while (n < size) {
                ssize_t k = read(fd, text + n, size - n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
        }
        text[n] = '\0';
        return 0;
}

static int read_file(const char *label, size_t length, struct found *ret) {
        char path[sizeof PATH_NAMES + 1 + LABEL_MAX], text[NAMES_FILE_MAX + 1];
        int fd, r;

        memcpy(path, PATH_NAMES "/", sizeof PATH_NAMES);
        memcpy(path + sizeof PATH_NAMES, label, length);
        path[sizeof PATH_NAMES + length] = '\0';
        /* Whatever was put there instead of a file must neither be followed nor make us wait. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
        if (fd < 0)
                return errno == ENOTDIR || errno == ELOOP || errno == EACCES || errno == ENXIO ? -ENOENT : -errno;
        r = read_text(fd, text, NAMES_FILE_MAX);
        (void) close(fd);
        if (r < 0)
                return r;
        read_addresses(text, ret);
        return 0;
}

int names_find(const char *name, struct found *ret) {
        size_t length;
        int r;

        r = read_question(name, ret, &length);
        return r < 0 ? r : read_file(ret->name, length, ret);
}

int names_find_by_address(int family, const void *address, struct found *ret) {
        char path[sizeof PATH_NAMES_BY_ADDRESS + 1 + INET6_ADDRSTRLEN];
        size_t size = found_address_size(family);
        ssize_t n;
        int r;

        memcpy(path, PATH_NAMES_BY_ADDRESS "/", sizeof PATH_NAMES_BY_ADDRESS);
        if (!inet_ntop(family, address, path + sizeof PATH_NAMES_BY_ADDRESS, INET6_ADDRSTRLEN))
                return -ENOENT;
        n = readlink(path, ret->name, sizeof ret->name - 1);
        if (n < 0)
                return errno == EINVAL || errno == ENOTDIR || errno == EACCES ? -ENOENT : -errno;
        ret->name[n] = '\0';
        if (!label_is_valid(ret->name, (size_t) n))
                return -ENOENT;
        /* Only a name that leads back is an answer. */
        r = read_file(ret->name, (size_t) n, ret);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ret->n; i++)
                if (ret->addresses[i].family == family && memcmp(ret->addresses[i].bytes, address, size) == 0) {
                        ret->addresses[0] = ret->addresses[i];
                        ret->n = 1;
                        return 0;
                }
        return -ENOENT;
}

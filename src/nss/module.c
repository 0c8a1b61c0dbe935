/* libnss_nspawn.so.2: the host resolves the names of containers, NAME and NAME.SUFFIX, and their addresses.
 *
 * Answers are laid out in the caller's buffer. When it is too small the caller is told (TRYAGAIN with ERANGE) and comes
 * again with a larger one. An interface that has no place for a scope gets no link-local address while there is any
 * other one: without its scope it would only make the client fail. */
#include "module.h"

#include "names.h"

#include <errno.h>
#include <string.h>

/* The caller's buffer, taken from the front. */
struct room {
        char *next;
        size_t left;
};

static void *room_take(struct room *room, size_t size, size_t alignment) {
        size_t gap = (alignment - (uintptr_t) room->next % alignment) % alignment;
        char *start;

        if (room->left < gap || room->left - gap < size)
                return NULL;
        start = room->next + gap;
        room->next = start + size;
        room->left -= gap + size;
        return start;
}

static char *room_string(struct room *room, const char *s) {
        size_t size = strlen(s) + 1;
        char *copy = room_take(room, size, 1);

        return copy ? memcpy(copy, s, size) : NULL;
}

static enum nss_status not_found(int why, int *errnop, int *h_errnop) {
        *errnop = ENOENT;
        *h_errnop = why;
        return NSS_STATUS_NOTFOUND;
}

static enum nss_status too_small(int *errnop, int *h_errnop) {
        *errnop = ERANGE;
        *h_errnop = NETDB_INTERNAL;
        return NSS_STATUS_TRYAGAIN;
}

static enum nss_status failed(int r, int *errnop, int *h_errnop) {
        if (r == -ENOENT)
                return not_found(HOST_NOT_FOUND, errnop, h_errnop);
        *errnop = -r;
        /* No descriptor, no memory: another time it may work. */
        if (r == -EMFILE || r == -ENFILE || r == -ENOMEM) {
                *h_errnop = TRY_AGAIN;
                return NSS_STATUS_TRYAGAIN;
        }
        *h_errnop = NO_RECOVERY;
        return NSS_STATUS_UNAVAIL;
}

static enum nss_status succeeded(int saved_errno, int *h_errnop, int32_t *ttlp) {
        errno = saved_errno;
        *h_errnop = NETDB_SUCCESS;
        if (ttlp)
                *ttlp = 0;
        return NSS_STATUS_SUCCESS;
}

/* Drops link-local addresses, unless there is nothing else. */
static void drop_link_local(struct found *f) {
        size_t kept = 0;

        for (size_t i = 0; i < f->n; i++)
                if (!found_is_link_local(&f->addresses[i]))
                        f->addresses[kept++] = f->addresses[i];
        if (kept > 0)
                f->n = kept;
}

static void keep_family(struct found *f, int family) {
        size_t kept = 0;

        for (size_t i = 0; i < f->n; i++)
                if (f->addresses[i].family == family)
                        f->addresses[kept++] = f->addresses[i];
        f->n = kept;
}

static int fill_hostent(const struct found *f, int family, struct room *room, struct hostent *ret) {
        size_t size = found_address_size(family);
        char **aliases = room_take(room, sizeof(char *), _Alignof(char *));
        char **list = room_take(room, (f->n + 1) * sizeof(char *), _Alignof(char *));
        char *name;

        if (!aliases || !list)
                return -ERANGE;
        aliases[0] = NULL;
        for (size_t i = 0; i < f->n; i++) {
                list[i] = room_take(room, size, 4);
                if (!list[i])
                        return -ERANGE;
                memcpy(list[i], f->addresses[i].bytes, size);
        }
        list[f->n] = NULL;
        name = room_string(room, f->name);
        if (!name)
                return -ERANGE;
        *ret = (struct hostent){
                .h_name = name,
                .h_aliases = aliases,
                .h_addrtype = family,
                .h_length = (int) size,
                .h_addr_list = list,
        };
        return 0;
}

enum nss_status _nss_nspawn_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat, char *buffer, size_t size,
                                             int *errnop, int *h_errnop, int32_t *ttlp) {
        struct room room = {buffer, size};
        struct gaih_addrtuple *tuples;
        int saved = errno, r;
        struct found f;
        char *copy;

        r = names_find(name, &f);
        if (r < 0)
                return failed(r, errnop, h_errnop);
        if (f.n == 0)
                return not_found(NO_DATA, errnop, h_errnop);
        tuples = room_take(&room, f.n * sizeof(*tuples), _Alignof(struct gaih_addrtuple));
        copy = room_string(&room, f.name);
        if (!tuples || !copy)
                return too_small(errnop, h_errnop);
        for (size_t i = 0; i < f.n; i++) {
                tuples[i] = (struct gaih_addrtuple){
                        .next = i + 1 < f.n ? &tuples[i + 1] : NULL,
                        .name = copy,
                        .family = f.addresses[i].family,
                        .scopeid = f.addresses[i].scope,
                };
                memcpy(tuples[i].addr, f.addresses[i].bytes, sizeof(f.addresses[i].bytes));
        }
        /* The caller may have the first one already. */
        if (*pat)
                **pat = tuples[0];
        else
                *pat = tuples;
        return succeeded(saved, h_errnop, ttlp);
}

enum nss_status _nss_nspawn_gethostbyname3_r(const char *name, int family, struct hostent *result, char *buffer,
                                             size_t size, int *errnop, int *h_errnop, int32_t *ttlp, char **canonp) {
        struct room room = {buffer, size};
        int saved = errno, r;
        struct found f;

        if (family == AF_UNSPEC)
                family = AF_INET;
        if (family != AF_INET && family != AF_INET6) {
                *errnop = EAFNOSUPPORT;
                *h_errnop = NO_DATA;
                return NSS_STATUS_UNAVAIL;
        }
        r = names_find(name, &f);
        if (r < 0)
                return failed(r, errnop, h_errnop);
        drop_link_local(&f);
        keep_family(&f, family);
        if (f.n == 0)
                return not_found(NO_DATA, errnop, h_errnop);
        if (fill_hostent(&f, family, &room, result) < 0)
                return too_small(errnop, h_errnop);
        if (canonp)
                *canonp = result->h_name;
        return succeeded(saved, h_errnop, ttlp);
}

enum nss_status _nss_nspawn_gethostbyname2_r(const char *name, int family, struct hostent *result, char *buffer,
                                             size_t size, int *errnop, int *h_errnop) {
        return _nss_nspawn_gethostbyname3_r(name, family, result, buffer, size, errnop, h_errnop, NULL, NULL);
}

enum nss_status _nss_nspawn_gethostbyname_r(const char *name, struct hostent *result, char *buffer, size_t size,
                                            int *errnop, int *h_errnop) {
        return _nss_nspawn_gethostbyname3_r(name, AF_INET, result, buffer, size, errnop, h_errnop, NULL, NULL);
}

enum nss_status _nss_nspawn_gethostbyaddr2_r(const void *address, socklen_t length, int family, struct hostent *result,
                                             char *buffer, size_t size, int *errnop, int *h_errnop, int32_t *ttlp) {
        struct room room = {buffer, size};
        int saved = errno, r;
        struct found f;

        if ((family != AF_INET && family != AF_INET6) || length != found_address_size(family)) {
                *errnop = EAFNOSUPPORT;
                *h_errnop = NO_DATA;
                return NSS_STATUS_UNAVAIL;
        }
        r = names_find_by_address(family, address, &f);
        if (r < 0)
                return failed(r, errnop, h_errnop);
        if (fill_hostent(&f, family, &room, result) < 0)
                return too_small(errnop, h_errnop);
        return succeeded(saved, h_errnop, ttlp);
}

enum nss_status _nss_nspawn_gethostbyaddr_r(const void *address, socklen_t length, int family, struct hostent *result,
                                            char *buffer, size_t size, int *errnop, int *h_errnop) {
        return _nss_nspawn_gethostbyaddr2_r(address, length, family, result, buffer, size, errnop, h_errnop, NULL);
}

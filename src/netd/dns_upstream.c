/* Reads resolv.conf and the folder of domains. A file that cannot be read counts as empty, a line that makes no sense
 * is passed over, as libc does. */
#include "netd/dns_upstream.h"

#include "base/address.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

#define CHECK_EVERY 1000000ULL /* microseconds */
#define PREFER_FOR  60000000ULL
#define FILE_MAX    (64 * 1024)
#define DOMAINS_MAX 256
#define DNS_PORT    53

socklen_t dns_address_size(const union dns_address *a) {
        return a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

bool dns_address_equal(const union dns_address *a, const union dns_address *b) {
        if (a->any.sa_family != b->any.sa_family)
                return false;
        if (a->any.sa_family == AF_INET)
                return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr && a->v4.sin_port == b->v4.sin_port;
        return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr) && a->v6.sin6_port == b->v6.sin6_port &&
               a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

static int server_parse(const char *word, union dns_address *ret) {
        char text[ADDRESS_TEXT_MAX + 1 + IFNAMSIZ];
        struct address a;
        char *scope;
        int r;

        if (strlen(word) >= sizeof(text))
                return -EINVAL;
        (void) strcpy(text, word);
        scope = strchr(text, '%');
        if (scope)
                *scope++ = '\0';
        r = address_parse(text, &a);
        if (r < 0)
                return r;

        *ret = (union dns_address){0};
        if (a.family == AF_INET) {
                ret->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(DNS_PORT), .sin_addr = a.v4};
        } else {
                ret->v6 = (struct sockaddr_in6){
                        .sin6_family = AF_INET6,
                        .sin6_port = htons(DNS_PORT),
                        .sin6_addr = a.v6,
                        .sin6_scope_id = scope ? if_nametoindex(scope) : 0,
                };
        }
        return 0;
}

void dns_servers_parse(const char *text, bool local_default, struct dns_servers *ret) {
        *ret = (struct dns_servers){0};
        for (const char *line = text; *line != '\0' && ret->n < DNS_SERVERS_MAX;) {
                size_t length = strcspn(line, "\n");
                char copy[256], *rest, *word;

                if (length < sizeof(copy)) {
                        memcpy(copy, line, length);
                        copy[length] = '\0';
                        word = strtok_r(copy, " \t\r", &rest);
                        if (word && strcmp(word, "nameserver") == 0) {
                                word = strtok_r(NULL, " \t\r", &rest);
                                if (word && server_parse(word, &ret->list[ret->n]) >= 0)
                                        ret->n++;
                        }
                }
                line += length + (line[length] == '\n');
        }
        if (ret->n == 0 && local_default && server_parse("127.0.0.1", &ret->list[0]) >= 0)
                ret->n = 1;
}

static uint64_t stamp_add(uint64_t stamp, const void *data, size_t size) {
        for (size_t i = 0; i < size; i++)
                stamp = (stamp ^ ((const uint8_t *) data)[i]) * 0x100000001b3ULL; /* FNV-1a */
        return stamp;
}

static uint64_t stamp_add_file(uint64_t stamp, int folder_fd, const char *name) {
        struct stat st;

        stamp = stamp_add(stamp, name, strlen(name) + 1);
        if (fstatat(folder_fd, name, &st, 0) < 0)
                return stamp;
        stamp = stamp_add(stamp, &st.st_dev, sizeof(st.st_dev));
        stamp = stamp_add(stamp, &st.st_ino, sizeof(st.st_ino));
        stamp = stamp_add(stamp, &st.st_size, sizeof(st.st_size));
        return stamp_add(stamp, &st.st_mtim, sizeof(st.st_mtim));
}

static void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

/* Calls for each file of the folder in an order that only a change of the folder changes. */
static void folder_each(const char *path, void (*call)(void *userdata, int folder_fd, const char *name),
                        void *userdata) {
        _cleanup_(closedirp) DIR *d = opendir(path);
        struct dirent *entry;
        unsigned n = 0;

        if (!d)
                return;
        while ((entry = readdir(d)) && n++ < DOMAINS_MAX)
                if (entry->d_name[0] != '.')
                        call(userdata, dirfd(d), entry->d_name);
}

static void stamp_one(void *userdata, int folder_fd, const char *name) {
        uint64_t *stamp = userdata;

        *stamp = stamp_add_file(*stamp, folder_fd, name);
}

static void read_one(void *userdata, int folder_fd, const char *name) {
        struct dns_upstream *u = userdata;
        _cleanup_(freep) char *path = format("%s/%s", u->folder, name), *text = NULL;
        struct dns_domain domain, *grown;

        if (!path || dns_name_parse(name, &domain.name) < 0 || file_read(path, FILE_MAX, &text, NULL) < 0)
                return;
        dns_servers_parse(text, false, &domain.servers);
        if (domain.servers.n == 0)
                return;
        grown = reallocarray(u->domains, u->n_domains + 1, sizeof(*grown));
        if (!grown)
                return;
        u->domains = grown;
        u->domains[u->n_domains++] = domain;
}

static void upstream_refresh(struct dns_upstream *u, uint64_t now) {
        uint64_t stamp = 0xcbf29ce484222325ULL;
        _cleanup_(freep) char *text = NULL;

        if (u->checked_at > 0 && now - u->checked_at < CHECK_EVERY)
                return;
        stamp = stamp_add_file(stamp, AT_FDCWD, u->resolv_conf);
        folder_each(u->folder, stamp_one, &stamp);
        if (u->checked_at == 0 || stamp != u->stamp) {
                (void) file_read(u->resolv_conf, FILE_MAX, &text, NULL);
                dns_servers_parse(text ? text : "", true, &u->servers);
                u->preferred = 0;
                freep(&u->domains);
                u->n_domains = 0;
                folder_each(u->folder, read_one, u);
                u->stamp = stamp;
        }
        u->checked_at = now;
}

int dns_upstream_init(struct dns_upstream *u, const char *resolv_conf, const char *folder) {
        *u = (struct dns_upstream){
                .resolv_conf = strdup(resolv_conf ? resolv_conf : "/etc/resolv.conf"),
                .folder = strdup(folder ? folder : "/etc/nixos-nspawn/resolvers"),
        };
        if (!u->resolv_conf || !u->folder) {
                dns_upstream_clear(u);
                return -ENOMEM;
        }
        return 0;
}

void dns_upstream_clear(struct dns_upstream *u) {
        freep(&u->resolv_conf);
        freep(&u->folder);
        freep(&u->domains);
        u->n_domains = 0;
}

void dns_upstream_find(struct dns_upstream *u, uint64_t now, const struct dns_name *name, struct dns_servers *ret) {
        const struct dns_domain *best = NULL;

        upstream_refresh(u, now);
        for (size_t i = 0; i < u->n_domains; i++)
                if (dns_name_within(name, &u->domains[i].name) &&
                    (!best || best->name.labels < u->domains[i].name.labels))
                        best = &u->domains[i];
        if (best) {
                *ret = best->servers;
                return;
        }
        if (u->preferred > 0 && now - u->preferred_at > PREFER_FOR)
                u->preferred = 0;
        ret->n = u->servers.n;
        for (unsigned i = 0; i < ret->n; i++)
                ret->list[i] = u->servers.list[(u->preferred + i) % ret->n];
}

void dns_upstream_prefer(struct dns_upstream *u, uint64_t now, const union dns_address *server) {
        for (unsigned i = 0; i < u->servers.n; i++)
                if (dns_address_equal(&u->servers.list[i], server)) {
                        u->preferred = i;
                        u->preferred_at = now;
                        return;
                }
}

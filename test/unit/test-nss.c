/* The module's functions, called as glibc calls them: with buffers of every size, and with files of every kind. */
#include "test.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/paths.h"
#include "nss/module.h"
#include "private-root.h"
#include "state/publish.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NAME_TOO_LONG                                                                                                  \
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"       \
        "aaa"

static void publish(const char *name, const char *v4, const char *v6) {
        struct network n = {0};

        (void) snprintf(n.name, sizeof(n.name), "%s", name);
        if (v4)
                assert_int_equal(prefix_parse(v4, true, &n.container_v4), 0);
        if (v6)
                assert_int_equal(prefix_parse(v6, true, &n.container_v6), 0);
        assert_int_equal(address_parse("fe80::2", &n.container_link_local), 0);
        assert_int_equal(names_publish(&n, 12), 0);
}

static int set_up(void **state) {
        return tree_remove(PATH_RUN);
}

struct result {
        enum nss_status status;
        int error, h_error;
};

#define CANARY 0x5a

/* Aligned and not, with bytes behind that nobody may touch. */
static struct result by_name(const char *name, int family, struct hostent *h, char *buffer, size_t size) {
        struct result r = {.error = -1, .h_error = -1};
        char *canonical = NULL;

        memset(buffer, CANARY, size + 64);
        r.status = _nss_nspawn_gethostbyname3_r(name, family, h, buffer, size, &r.error, &r.h_error, NULL, &canonical);
        for (size_t i = size; i < size + 64; i++)
                assert_int_equal(buffer[i], CANARY);
        if (r.status == NSS_STATUS_SUCCESS)
                assert_ptr_equal(canonical, h->h_name);
        return r;
}

static struct result by_name4(const char *name, struct gaih_addrtuple **t, char *buffer, size_t size) {
        struct result r = {.error = -1, .h_error = -1};
        int32_t ttl = -1;

        memset(buffer, CANARY, size + 64);
        r.status = _nss_nspawn_gethostbyname4_r(name, t, buffer, size, &r.error, &r.h_error, &ttl);
        for (size_t i = size; i < size + 64; i++)
                assert_int_equal(buffer[i], CANARY);
        return r;
}

static struct result by_address(int family, const char *text, struct hostent *h, char *buffer, size_t size) {
        struct result r = {.error = -1, .h_error = -1};
        uint8_t address[16];

        assert_int_equal(inet_pton(family, text, address), 1);
        memset(buffer, CANARY, size + 64);
        r.status = _nss_nspawn_gethostbyaddr_r(address, family == AF_INET ? 4 : 16, family, h, buffer, size, &r.error,
                                               &r.h_error);
        for (size_t i = size; i < size + 64; i++)
                assert_int_equal(buffer[i], CANARY);
        return r;
}

static void assert_bytes(int family, const void *bytes, const char *text) {
        char found[INET6_ADDRSTRLEN];

        assert_non_null(inet_ntop(family, bytes, found, sizeof(found)));
        assert_text(found, text);
}

static void assert_too_small(struct result r) {
        assert_int_equal(r.status, NSS_STATUS_TRYAGAIN);
        assert_int_equal(r.error, ERANGE);
        assert_int_equal(r.h_error, NETDB_INTERNAL);
}

static void assert_not_found(struct result r, int h_error) {
        assert_int_equal(r.status, NSS_STATUS_NOTFOUND);
        assert_int_equal(r.error, ENOENT);
        assert_int_equal(r.h_error, h_error);
}

/* Too small up to some size, then right for ever, wherever the buffer begins. */
static void test_every_buffer_size(void **state) {
        char buffer[600] __attribute__((aligned(16)));

        publish("example", "10.233.0.2", "fd00::2");
        for (size_t offset = 0; offset < 8; offset++)
                for (int what = 0; what < 4; what++) {
                        bool enough = false;

                        for (size_t size = 0; size < 400; size++) {
                                struct gaih_addrtuple *t = NULL;
                                struct hostent h = {0};
                                char *b = buffer + offset;
                                struct result r = what == 0   ? by_name("example", AF_INET, &h, b, size)
                                                  : what == 1 ? by_name("example", AF_INET6, &h, b, size)
                                                  : what == 2 ? by_name4("example", &t, b, size)
                                                              : by_address(AF_INET6, "fd00::2", &h, b, size);

                                if (r.status != NSS_STATUS_SUCCESS) {
                                        assert_false(enough);
                                        assert_too_small(r);
                                        continue;
                                }
                                enough = true;
                                assert_int_equal(r.h_error, NETDB_SUCCESS);
                                if (what == 2) {
                                        assert_text(t->name, "example");
                                        assert_int_equal(t->family, AF_INET);
                                        assert_bytes(AF_INET, t->addr, "10.233.0.2");
                                        assert_int_equal(t->next->family, AF_INET6);
                                        assert_bytes(AF_INET6, t->next->addr, "fd00::2");
                                        assert_null(t->next->next);
                                        continue;
                                }
                                assert_text(h.h_name, "example");
                                assert_null(h.h_aliases[0]);
                                assert_int_equal(h.h_addrtype, what == 0 ? AF_INET : AF_INET6);
                                assert_int_equal(h.h_length, what == 0 ? 4 : 16);
                                assert_bytes(h.h_addrtype, h.h_addr_list[0], what == 0 ? "10.233.0.2" : "fd00::2");
                                assert_null(h.h_addr_list[1]);
                        }
                        assert_true(enough);
                }
}

static void test_forms_of_a_name(void **state) {
        static const char *const good[] = {"example", "EXAMPLE", "example.", "example.internal", "Example.Internal."};
        static const char *const bad[] = {
                "",
                ".",
                "..",
                "example..",
                "examplex",
                "example.interna",
                "/example",
                "../names/example",
                ".by-address",
                ".hidden",
                "example.internal.internal",
                "internal",
                ".internal",
                "exa mple",
                "example\n",
                "x.example.internal",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                NAME_TOO_LONG,
        };
        char buffer[512];
        struct hostent h;

        publish("Example", "10.233.0.2", NULL);
        private_root_write(PATH_NAMES "/.hidden", "10.0.0.1\n");
        for (size_t i = 0; i < ELEMENTS_OF(good); i++)
                assert_int_equal(by_name(good[i], AF_INET, &h, buffer, 400).status, NSS_STATUS_SUCCESS);
        assert_text(h.h_name, "example.internal");
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                assert_not_found(by_name(bad[i], AF_INET, &h, buffer, 400), HOST_NOT_FOUND);
}

/* What the administrator chose is what counts from then on, and nothing that only looks like it. */
static void test_suffix(void **state) {
        static const char *const good[] = {"example", "example.lan.example.org", "Example.LAN.example.org.",
                                           "example.containers"};
        static const char *const bad[] = {"example.internal",       "lan.example.org",      ".lan.example.org",
                                          "examplelan.example.org", "x.example.containers", "example.lan.example"};
        char buffer[512];
        struct hostent h;

        publish("example", "10.233.0.2", NULL);
        assert_int_equal(names_publish_suffix("lan.example.org"), 0);
        for (size_t i = 0; i < ELEMENTS_OF(good); i++)
                assert_int_equal(by_name(good[i], AF_INET, &h, buffer, 400).status, NSS_STATUS_SUCCESS);
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                assert_not_found(by_name(bad[i], AF_INET, &h, buffer, 400), HOST_NOT_FOUND);
        assert_int_equal(names_publish_suffix("internal"), 0);
        assert_int_equal(by_name("example.internal", AF_INET, &h, buffer, 400).status, NSS_STATUS_SUCCESS);
        assert_not_found(by_name("example.lan.example.org", AF_INET, &h, buffer, 400), HOST_NOT_FOUND);
}

static void test_families(void **state) {
        struct result r = {.error = -1, .h_error = -1};
        struct gaih_addrtuple *t = NULL, own = {0};
        char buffer[512];
        struct hostent h;

        publish("four", "10.233.0.2", NULL);
        publish("six", NULL, "fd00::2");
        publish("local", NULL, NULL);
        assert_not_found(by_name("six", AF_INET, &h, buffer, 400), NO_DATA);
        assert_int_equal(by_name("six", AF_INET6, &h, buffer, 400).status, NSS_STATUS_SUCCESS);
        /* The link-local address has no place for its scope here, and there is another address. */
        assert_not_found(by_name("four", AF_INET6, &h, buffer, 400), NO_DATA);
        /* Nothing else is there: better than nothing. */
        assert_int_equal(by_name("local", AF_INET6, &h, buffer, 400).status, NSS_STATUS_SUCCESS);
        assert_bytes(AF_INET6, h.h_addr_list[0], "fe80::2");
        /* With its scope it is always an answer. */
        assert_int_equal(by_name4("local", &t, buffer, 400).status, NSS_STATUS_SUCCESS);
        assert_int_equal(t->scopeid, 12);
        assert_null(t->next);
        t = NULL;
        assert_int_equal(by_name4("four", &t, buffer, 400).status, NSS_STATUS_SUCCESS);
        assert_int_equal(t->scopeid, 0);
        assert_int_equal(t->next->scopeid, 12);
        /* glibc may bring the first tuple along. */
        t = &own;
        assert_int_equal(by_name4("six", &t, buffer, 400).status, NSS_STATUS_SUCCESS);
        assert_ptr_equal(t, &own);
        assert_bytes(AF_INET6, own.addr, "fd00::2");

        r.status = _nss_nspawn_gethostbyname_r("four", &h, buffer, 400, &r.error, &r.h_error);
        assert_int_equal(r.status, NSS_STATUS_SUCCESS);
        r.status = _nss_nspawn_gethostbyname2_r("four", AF_UNIX, &h, buffer, 400, &r.error, &r.h_error);
        assert_int_equal(r.status, NSS_STATUS_UNAVAIL);
        assert_int_equal(r.error, EAFNOSUPPORT);
        r.status = _nss_nspawn_gethostbyaddr_r("1234", 4, AF_INET6, &h, buffer, 400, &r.error, &r.h_error);
        assert_int_equal(r.status, NSS_STATUS_UNAVAIL);
}

static void test_by_address(void **state) {
        char buffer[512];
        struct hostent h;

        publish("example", "10.233.0.2", "fd00::2");
        assert_int_equal(by_address(AF_INET, "10.233.0.2", &h, buffer, 400).status, NSS_STATUS_SUCCESS);
        assert_text(h.h_name, "example");
        assert_not_found(by_address(AF_INET, "10.233.0.3", &h, buffer, 400), HOST_NOT_FOUND);
        assert_not_found(by_address(AF_INET6, "fe80::2", &h, buffer, 400), HOST_NOT_FOUND);
        /* A link that leads nowhere, to somebody who does not have the address, or out of the folder. */
        assert_int_equal(symlink_atomic("absent", PATH_NAMES_BY_ADDRESS "/10.233.0.4"), 0);
        assert_int_equal(symlink_atomic("example", PATH_NAMES_BY_ADDRESS "/10.233.0.5"), 0);
        assert_int_equal(symlink_atomic("../example", PATH_NAMES_BY_ADDRESS "/10.233.0.6"), 0);
        private_root_write(PATH_NAMES_BY_ADDRESS "/10.233.0.7", "example");
        assert_not_found(by_address(AF_INET, "10.233.0.4", &h, buffer, 400), HOST_NOT_FOUND);
        assert_not_found(by_address(AF_INET, "10.233.0.5", &h, buffer, 400), HOST_NOT_FOUND);
        assert_not_found(by_address(AF_INET, "10.233.0.6", &h, buffer, 400), HOST_NOT_FOUND);
        assert_not_found(by_address(AF_INET, "10.233.0.7", &h, buffer, 400), HOST_NOT_FOUND);
}

static void test_strange_files(void **state) {
        static char large[NAMES_FILE_MAX + 2];
        char buffer[1024];
        struct hostent h;

        /* Nothing was ever published. */
        assert_not_found(by_name("example", AF_INET, &h, buffer, 400), HOST_NOT_FOUND);
        publish("example", "10.233.0.2", NULL);
        assert_int_equal(mkfifo(PATH_NAMES "/fifo", 0600), 0);
        assert_int_equal(mkdir(PATH_NAMES "/folder", 0700), 0);
        assert_int_equal(symlink("example", PATH_NAMES "/link"), 0);
        assert_not_found(by_name("fifo", AF_INET, &h, buffer, 400), HOST_NOT_FOUND);
        assert_not_found(by_name("folder", AF_INET, &h, buffer, 400), HOST_NOT_FOUND);
        assert_not_found(by_name("link", AF_INET, &h, buffer, 400), HOST_NOT_FOUND);
        memset(large, '\n', sizeof(large) - 1);
        private_root_write(PATH_NAMES "/large", large);
        assert_not_found(by_name("large", AF_INET, &h, buffer, 400), HOST_NOT_FOUND);
        private_root_write(PATH_NAMES "/empty", "");
        assert_not_found(by_name("empty", AF_INET, &h, buffer, 400), NO_DATA);
        private_root_write(PATH_NAMES "/odd",
                           "10.0.0\nfe80::1%\nfe80::1%x\nfe80::1%99999999999\n\n10.0.0.1 \n10.0.0.9");
        assert_int_equal(by_name("odd", AF_INET, &h, buffer, 400).status, NSS_STATUS_SUCCESS);
        assert_bytes(AF_INET, h.h_addr_list[0], "10.0.0.9");
        assert_null(h.h_addr_list[1]);
        /* More addresses than anybody has: the first sixteen. */
        large[0] = '\0';
        for (int i = 0; i < 100; i++)
                (void) sprintf(large + strlen(large), "10.0.0.%d\n", i);
        private_root_write(PATH_NAMES "/many", large);
        assert_int_equal(by_name("many", AF_INET, &h, buffer, 900).status, NSS_STATUS_SUCCESS);
        assert_bytes(AF_INET, h.h_addr_list[15], "10.0.0.15");
        assert_null(h.h_addr_list[16]);
}

static void test_no_descriptor_left(void **state) {
        char buffer[512];
        int fds[512];
        size_t n = 0;
        struct hostent h;
        struct result r;

        publish("example", "10.233.0.2", NULL);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){256, 256}), 0);
        while (n < ELEMENTS_OF(fds) && (fds[n] = dup(0)) >= 0)
                n++;
        r = by_name("example", AF_INET, &h, buffer, 400);
        while (n > 0)
                close(fds[--n]);
        assert_int_equal(r.status, NSS_STATUS_TRYAGAIN);
        assert_int_equal(r.error, EMFILE);
        assert_int_equal(r.h_error, TRY_AGAIN);
}

/* Readers see the old addresses or the new ones while they change. */
static void test_while_it_changes(void **state) {
        pid_t writer;
        int status;

        publish("example", "10.233.0.2", "fd00::2");
        writer = fork();
        assert_true(writer >= 0);
        if (writer == 0)
                for (unsigned i = 0;; i++)
                        publish("example", i % 2 ? "10.233.0.2" : "10.233.0.18", i % 2 ? "fd00::2" : "fd00::12");
        for (int i = 0; i < 20000; i++) {
                struct gaih_addrtuple *t = NULL;
                char buffer[512];

                assert_int_equal(by_name4("example", &t, buffer, 400).status, NSS_STATUS_SUCCESS);
                assert_int_equal(((uint8_t *) t->addr)[3], t->next->addr[3] == htonl(0x2) ? 2 : 18);
                assert_null(t->next->next);
        }
        assert_int_equal(kill(writer, SIGKILL), 0);
        assert_int_equal(waitpid(writer, &status, 0), writer);
        assert_true(WIFSIGNALED(status));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_every_buffer_size, set_up),
                cmocka_unit_test_setup(test_forms_of_a_name, set_up),
                cmocka_unit_test_setup(test_suffix, set_up),
                cmocka_unit_test_setup(test_families, set_up),
                cmocka_unit_test_setup(test_by_address, set_up),
                cmocka_unit_test_setup(test_strange_files, set_up),
                cmocka_unit_test_setup(test_no_descriptor_left, set_up),
                cmocka_unit_test_setup(test_while_it_changes, set_up),
        };

        private_root_enter();
        return cmocka_run_group_tests(tests, NULL, NULL);
}

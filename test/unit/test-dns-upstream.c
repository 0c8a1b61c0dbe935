/* Which resolvers a name is asked of: resolv.conf, the folder of domains, and both when they change. */
#include "test.h"

#include "base/file.h"
#include "netd/dns_upstream.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECOND 1000000ULL

static char *folder;

static int make_folder(void **state) {
        folder = strdup("/tmp/test-dns-upstream.XXXXXX");
        return folder && mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
        (void) tree_remove(folder);
        free(folder);
        return 0;
}

/* "10.0.0.1 fd00::1%2", without the ports, which must be 53. */
static const char *text(const struct dns_servers *s) {
        static char all[256];

        all[0] = '\0';
        for (unsigned i = 0; i < s->n; i++) {
                const union dns_address *a = &s->list[i];
                char one[INET6_ADDRSTRLEN], scope[16] = "";

                assert_int_equal(ntohs(a->v4.sin_port), 53);
                if (a->any.sa_family == AF_INET)
                        (void) inet_ntop(AF_INET, &a->v4.sin_addr, one, sizeof(one));
                else
                        (void) inet_ntop(AF_INET6, &a->v6.sin6_addr, one, sizeof(one));
                if (a->any.sa_family == AF_INET6 && a->v6.sin6_scope_id > 0)
                        (void) snprintf(scope, sizeof(scope), "%%%u", a->v6.sin6_scope_id);
                (void) snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s%s", i > 0 ? " " : "", one, scope);
        }
        return all;
}

static const char *parse(const char *file) {
        struct dns_servers s;

        dns_servers_parse(file, true, &s);
        return text(&s);
}

static void test_parse(void **state) {
        struct dns_servers s;

        assert_text(parse("nameserver 10.0.0.1\n"), "10.0.0.1");
        assert_text(parse("# comment\nsearch a b\nnameserver\t10.0.0.1  # why\n\n nameserver fd00::1\r\noptions edns0"),
                    "10.0.0.1 fd00::1");
        assert_text(parse("nameserver fe80::1%lo\n"), "fe80::1%1");
        assert_text(parse("nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4\n"),
                    "1.1.1.1 2.2.2.2 3.3.3.3");
        assert_text(
                parse("nameserver\nnameserver x\nnameserver 10.0.0.256\nnameservers 10.0.0.1\n;nameserver 10.0.0.1"),
                "127.0.0.1");
        assert_text(parse(""), "127.0.0.1");
        dns_servers_parse("", false, &s);
        assert_int_equal(s.n, 0);
}

static void write_file(const char *name, const char *content) {
        _cleanup_(freep) char *path = format("%s/%s", folder, name);

        assert_int_equal(file_write_atomic(path, content, strlen(content), 0644, false), 0);
}

static const char *find(struct dns_upstream *u, uint64_t now, const char *name) {
        struct dns_servers s;
        struct dns_name n;

        assert_int_equal(dns_name_parse(name, &n), 0);
        dns_upstream_find(u, now, &n, &s);
        return text(&s);
}

static void test_find(void **state) {
        _cleanup_(freep) char *conf = format("%s/resolv.conf", folder), *domains = format("%s/domains", folder);
        _cleanup_(dns_upstream_clear) struct dns_upstream u;

        write_file("resolv.conf", "nameserver 10.0.0.1\n");
        assert_int_equal(mkdir(domains, 0755), 0);
        write_file("domains/Corp.test", "nameserver 10.0.0.2\n");
        write_file("domains/lab.corp.test", "nameserver 10.0.0.3\n");
        write_file("domains/empty.test", "\n");
        write_file("domains/.hidden", "nameserver 10.0.0.9\n");
        assert_int_equal(dns_upstream_init(&u, conf, domains), 0);

        assert_text(find(&u, SECOND, "example.org"), "10.0.0.1");
        assert_text(find(&u, SECOND, "www.corp.test"), "10.0.0.2");
        assert_text(find(&u, SECOND, "CORP.test"), "10.0.0.2");
        assert_text(find(&u, SECOND, "a.b.lab.corp.test"), "10.0.0.3");
        assert_text(find(&u, SECOND, "xcorp.test"), "10.0.0.1");
        assert_text(find(&u, SECOND, "a.empty.test"), "10.0.0.1");

        /* looked at once a second, no more */
        write_file("resolv.conf", "nameserver 10.0.1.1\n");
        write_file("domains/lab.corp.test", "nameserver 10.0.1.3\n");
        write_file("domains/new.test", "nameserver 10.0.1.4\n");
        assert_text(find(&u, 2 * SECOND - 1, "example.org"), "10.0.0.1");
        assert_text(find(&u, 2 * SECOND, "example.org"), "10.0.1.1");
        assert_text(find(&u, 2 * SECOND, "lab.corp.test"), "10.0.1.3");
        assert_text(find(&u, 2 * SECOND, "new.test"), "10.0.1.4");

        assert_int_equal(file_remove(conf), 0);
        assert_int_equal(tree_remove(domains), 0);
        assert_text(find(&u, 4 * SECOND, "corp.test"), "127.0.0.1");
}

/* However the folder lists them. */
static void test_nested(void **state) {
        static const char *const names[] = {"test", "c.test", "b.c.test", "a.b.c.test", "z.a.b.c.test"};
        _cleanup_(freep) char *conf = format("%s/resolv.conf", folder);
        _cleanup_(dns_upstream_clear) struct dns_upstream u;

        for (int i = 0; i < 5; i++) {
                _cleanup_(freep) char *text_of_file = format("nameserver 10.0.0.%d", i);

                write_file(names[i], text_of_file);
        }
        assert_int_equal(dns_upstream_init(&u, conf, folder), 0);
        for (int i = 0; i < 5; i++) {
                _cleanup_(freep) char *expected = format("10.0.0.%d", i);

                assert_text(find(&u, SECOND, names[i]), expected);
        }
}

static void test_prefer(void **state) {
        _cleanup_(freep) char *conf = format("%s/resolv.conf", folder);
        _cleanup_(dns_upstream_clear) struct dns_upstream u;
        struct dns_servers s;

        write_file("resolv.conf", "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n");
        assert_int_equal(dns_upstream_init(&u, conf, "/nonexistent"), 0);
        assert_text(find(&u, SECOND, "example.org"), "10.0.0.1 10.0.0.2 10.0.0.3");
        dns_servers_parse("nameserver 10.0.0.2", false, &s);
        dns_upstream_prefer(&u, SECOND, &s.list[0]);
        assert_text(find(&u, SECOND, "example.org"), "10.0.0.2 10.0.0.3 10.0.0.1");
        /* for a minute */
        assert_text(find(&u, 62 * SECOND, "example.org"), "10.0.0.1 10.0.0.2 10.0.0.3");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test_setup_teardown(test_find, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_nested, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_prefer, make_folder, remove_folder),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

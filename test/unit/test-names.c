/* The vectors of systemd's own names and hardware addresses, and which names are refused. */
#include "test.h"

#include "base/cleanup.h"
#include "model/names.h"

#include <string.h>

static void test_link_names(void **state) {
        static const struct {
                enum link_prefix prefix;
                const char *name, *link;
                bool shortened;
        } vectors[] = {
                {LINK_VE, "really-long-name", "ve-really-l3QgY", true},
                {LINK_VE, "really-long-long-name-2", "ve-really-lFYWO", true},
                {LINK_VB, "really-long-name", "vb-really-lE9s9", true},
                {LINK_VE, "exactly12345", "ve-exactly12345", false},
                {LINK_VE, "exactly123456", "ve-exactly1DFkr", true},
                {LINK_VE, "a", "ve-a", false},
                {LINK_VZ, "foozone", "vz-foozone", false},
        };
        char link[IFNAMSIZ];

        for (size_t i = 0; i < ELEMENTS_OF(vectors); i++) {
                assert_int_equal(link_name(vectors[i].prefix, vectors[i].name, link), vectors[i].shortened);
                assert_text(link, vectors[i].link);
        }
}

static void test_macs(void **state) {
        static const uint8_t machine_id[16] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
                                               0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
        static const struct {
                const char *name, *host, *container, *macvlan;
        } vectors[] = {
                {"example", "1e:77:f3:61:81:6b", "be:25:f0:79:b1:5d", "66:39:b3:f2:fb:92"},
                {"b", "fe:bd:c6:f7:9e:bb", "42:de:6b:67:b1:35", "72:13:cd:ce:5e:dd"},
                {"c", "6a:55:7e:b2:33:0a", "5a:3c:f3:2f:11:c9", "6e:07:0a:1f:ee:a9"},
                {"foo", "8e:be:39:d5:5d:65", "0e:c7:73:3d:bf:30", "7a:8f:c5:f3:32:a3"},
                {"really-long-name", "46:93:6e:6e:5c:eb", "5e:96:58:66:39:a3", "92:bb:a9:b5:71:17"},
        };
        char text[MAC_TEXT_MAX];
        struct mac first, second;

        for (size_t i = 0; i < ELEMENTS_OF(vectors); i++) {
                struct mac m = link_mac(MAC_HOST, machine_id, vectors[i].name, 0);

                assert_text(mac_format(&m, text), vectors[i].host);
                m = link_mac(MAC_CONTAINER, machine_id, vectors[i].name, 0);
                assert_text(mac_format(&m, text), vectors[i].container);
                m = link_mac(MAC_MACVLAN, machine_id, vectors[i].name, 0);
                assert_text(mac_format(&m, text), vectors[i].macvlan);
        }
        first = link_mac(MAC_MACVLAN, machine_id, "b", 0);
        second = link_mac(MAC_MACVLAN, machine_id, "b", 1);
        assert_false(mac_equal(&first, &second));
}

static void test_container_names(void **state) {
        static const char *const good[] = {
                "a",   "example", "web-1", "web_1",
                "Web", "3com",    "1a",    "a23456789012345678901234567890123456789012345678901234567890123", /* 63 */
        };
        static const char *const bad[] = {
                "",
                ".",
                "..",
                ".hidden",
                "-a",
                "a-",
                "_a",
                "a_",
                "a.b",
                "a/b",
                "../a",
                "a b",
                "a\n",
                "gr\xc3\xbc",
                "a:b",
                "a%b",
                "a@b",
                "10",
                "0x7f",
                "0",
                "localhost",
                "Host",
                "a234567890123456789012345678901234567890123456789012345678901234",
        };

        for (size_t i = 0; i < ELEMENTS_OF(good); i++)
                assert_null(container_name_problem(good[i]));
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                assert_non_null(container_name_problem(bad[i]));
        assert_non_null(container_name_problem(NULL));
}

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static void test_name_suffixes(void **state) {
        static const char *const good[] = {
                "internal",
                "Internal",
                "home.arpa",
                "x.home.arpa",
                "lan",
                "containers.example.org",
                "locale",
                "notlocal",
                "arpa.example",
                "4.lan",
                "xn--bcher-kva.example",
                LABEL_63 "." LABEL_63 "."
                         "a234567890123456789012345678901234567890123456789012345678901", /* 189 */
        };
        static const char *const bad[] = {
                "",
                ".",
                ".internal",
                "internal.",
                "a..b",
                "-a",
                "a-",
                "a_b",
                "a b",
                "a\n",
                "gr\xc3\xbc",
                "a/b",
                "example.42",
                "7",
                "local",
                "x.LOCAL",
                "localhost",
                "x.localhost",
                "arpa",
                "233.10.in-addr.arpa",
                "a234567890123456789012345678901234567890123456789012345678901234",
                LABEL_63 "." LABEL_63 "." LABEL_63,
        };

        for (size_t i = 0; i < ELEMENTS_OF(good); i++)
                assert_null(name_suffix_problem(good[i]));
        for (size_t i = 0; i < ELEMENTS_OF(bad); i++)
                assert_non_null(name_suffix_problem(bad[i]));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_link_names),
                cmocka_unit_test(test_macs),
                cmocka_unit_test(test_container_names),
                cmocka_unit_test(test_name_suffixes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

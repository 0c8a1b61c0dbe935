/* Allocations on disk: kept over restarts, and never lost to a file that somebody damaged. */
#include "test.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/paths.h"
#include "private-root.h"
#include "state/allocations.h"

#include <errno.h>
#include <string.h>

static struct prefix prefix(const char *s) {
        struct prefix p;

        assert_int_equal(prefix_parse(s, false, &p), 0);
        return p;
}

static bool same(const struct prefix *a, const struct prefix *b) {
        return a->length == b->length && address_equal(&a->address, &b->address);
}

static struct allocations *load(void) {
        struct allocations *a = NULL;
        struct error e = ERROR_INIT;

        if (allocations_load(&a, &e) < 0)
                fail_msg("%s", error_message(&e));
        return a;
}

static int set_up(void **state) {
        return tree_remove(PATH_LIB);
}

/* A member keeps its number, whatever happens to the others and wherever else it goes. */
static void test_zones(void **state) {
        struct allocations *a = load();
        struct zone lan = ZONE_INIT, wide = ZONE_INIT;
        struct zone_network n = {.host_v4 = prefix("10.233.7.1/24")}, o = n;
        struct allocation ranges, again, veth;
        uint32_t number;

        (void) strcpy(lan.name, "lan");
        (void) strcpy(wide.name, "wide");
        (void) strcpy(n.name, "lan");
        (void) strcpy(o.name, "wide");
        wide.link.reset = true; /* IPv4 alone */
        wide.link.automatic_v4 = 22;
        assert_int_equal(allocations_get_zone(a, &lan, NULL, 0, &ranges, NULL), 1);
        assert_int_equal(ranges.v4.length, 24);
        assert_int_equal(ranges.v6.length, 64);
        assert_int_equal(allocations_get_zone(a, &wide, NULL, 0, &again, NULL), 1);
        assert_int_equal(again.v4.length, 22);
        assert_int_equal(again.v6.address.family, AF_UNSPEC);
        assert_false(prefix_overlaps(&ranges.v4, &again.v4));
        assert_int_equal(allocations_get(a, "single", NULL, 0, &veth, NULL), 1);
        assert_false(prefix_overlaps(&ranges.v4, &veth.v4) || prefix_overlaps(&ranges.v6, &veth.v6));

        assert_int_equal(allocations_find_member(a, "lan", "web", &number), -ENOENT);
        assert_int_equal(allocations_get_member(a, &n, "web", &number, NULL), 1);
        assert_int_equal(number, 2);
        assert_int_equal(allocations_get_member(a, &n, "db", &number, NULL), 1);
        assert_int_equal(number, 3);
        assert_int_equal(allocations_get_member(a, &o, "db", &number, NULL), 1);
        assert_int_equal(number, 2);
        assert_int_equal(allocations_release(a, "web"), 1);
        assert_int_equal(allocations_get_member(a, &n, "db", &number, NULL), 0);
        assert_int_equal(number, 3);
        assert_int_equal(allocations_save(a, NULL), 0);
        allocations_free(a);

        a = load();
        assert_int_equal(allocations_get_zone(a, &lan, NULL, 0, &again, NULL), 0);
        assert_true(same(&ranges.v4, &again.v4) && same(&ranges.v6, &again.v6));
        assert_int_equal(allocations_find_member(a, "lan", "db", &number), 0);
        assert_int_equal(number, 3);
        assert_int_equal(allocations_get_member(a, &n, "web", &number, NULL), 1);
        assert_int_equal(number, 2);
        lan.size = 25; /* another range, the same numbers */
        assert_int_equal(allocations_get_zone(a, &lan, NULL, 0, &again, NULL), 1);
        assert_int_equal(again.v4.length, 25);
        assert_true(same(&ranges.v6, &again.v6));
        assert_int_equal(allocations_find_member(a, "lan", "db", &number), 0);
        assert_int_equal(allocations_release_zone(a, "lan"), 1);
        assert_int_equal(allocations_release_zone(a, "lan"), 0);
        assert_int_equal(allocations_find_member(a, "lan", "db", &number), -ENOENT);
        assert_int_equal(allocations_find_member(a, "wide", "db", &number), 0);
        assert_int_equal(allocations_save(a, NULL), 0);
        allocations_free(a);
        a = load();
        assert_int_equal(allocations_find_zone(a, "wide", &again), 0);
        allocations_free(a);
}

static void test_full_zone(void **state) {
        struct allocations *a = load();
        struct zone_network n = {.name = "tiny", .host_v4 = prefix("10.233.7.1/29")};
        struct error e = ERROR_INIT;
        uint32_t number;

        for (unsigned i = 0; i < 5; i++) {
                char name[8];

                (void) snprintf(name, sizeof name, "c%u", i);
                assert_int_equal(allocations_get_member(a, &n, name, &number, NULL), 1);
        }
        assert_int_equal(allocations_get_member(a, &n, "late", &number, &e), -ENOSPC);
        assert_non_null(strstr(error_message(&e), "zone 'tiny' is full"));
        error_clear(&e);
        allocations_free(a);
}

static void test_kept(void **state) {
        struct allocations *a = load();
        struct allocation first, second, again;
        struct prefix ula;
        char *text;

        assert_int_equal(allocations_ula(a, &ula), -ENOENT);
        assert_int_equal(allocations_get(a, "web", NULL, 0, &first, NULL), 1);
        assert_int_equal(allocations_get(a, "db", NULL, 0, &second, NULL), 1);
        assert_int_equal(allocations_get(a, "web", NULL, 0, &again, NULL), 0);
        assert_true(same(&first.v4, &again.v4) && same(&first.v6, &again.v6));
        assert_false(prefix_overlaps(&first.v4, &second.v4) || prefix_overlaps(&first.v6, &second.v6));
        assert_int_equal(first.v4.length, 28);
        assert_int_equal(first.v6.length, 64);
        assert_int_equal(allocations_ula(a, &ula), 0);
        assert_int_equal(ula.address.bytes[0], 0xfd);
        assert_true(prefix_contains(&ula, &first.v6.address));
        assert_int_equal(allocations_save(a, NULL), 0);
        allocations_free(a);

        a = load();
        assert_int_equal(allocations_find(a, "web", &again), 0);
        assert_true(same(&first.v4, &again.v4) && same(&first.v6, &again.v6));
        assert_int_equal(allocations_release(a, "web"), 1);
        assert_int_equal(allocations_release(a, "web"), 0);
        assert_int_equal(allocations_find(a, "web", &again), -ENOENT);
        assert_int_equal(allocations_find(a, "db", &again), 0);
        assert_int_equal(allocations_save(a, NULL), 0);
        allocations_free(a);
        assert_int_equal(file_read(PATH_ALLOCATIONS, 4096, &text, NULL), 0);
        assert_null(strstr(text, "\"web\""));
        assert_non_null(strstr(text, "\"db\": { \"ipv4\": \"10.233."));
        free(text);
        /* The same ranges for the same name, also when all was forgotten (but for the random /48). */
        a = load();
        assert_int_equal(allocations_get(a, "web", NULL, 0, &again, NULL), 1);
        assert_true(same(&first.v4, &again.v4) && same(&first.v6, &again.v6));
        allocations_free(a);
}

static void test_refresh(void **state) {
        struct allocations *mine = NULL, *other = load(), *before;
        struct allocation ranges;

        assert_int_equal(allocations_refresh(&mine, NULL), 0);
        assert_int_equal(allocations_find(mine, "web", &ranges), -ENOENT);
        assert_int_equal(allocations_get(other, "web", NULL, 0, &ranges, NULL), 1);
        assert_int_equal(allocations_save(other, NULL), 0);
        assert_int_equal(allocations_refresh(&mine, NULL), 0);
        assert_int_equal(allocations_find(mine, "web", &ranges), 0);
        before = mine;
        assert_int_equal(allocations_refresh(&mine, NULL), 0);
        assert_ptr_equal(before, mine);
        private_root_write(PATH_ALLOCATIONS, "{");
        assert_int_equal(allocations_refresh(&mine, NULL), -EUCLEAN);
        assert_int_equal(allocations_find(mine, "web", &ranges), 0);
        allocations_free(mine);
        allocations_free(other);
}

static void test_avoids_the_host(void **state) {
        struct allocations *a = load();
        struct allocation free_choice, ranges;
        struct prefix avoid[4] = {prefix("0.0.0.0/0"), prefix("10.0.0.0/8"), prefix("::/0")};

        assert_int_equal(allocations_get(a, "web", NULL, 0, &free_choice, NULL), 1);
        allocations_release(a, "web");
        /* A route as wide as the internet covers the pool, but does not use it; an address inside does. */
        avoid[3] = free_choice.v4;
        avoid[3].address = prefix_nth(&free_choice.v4, 9);
        assert_int_equal(allocations_get(a, "web", avoid, 4, &ranges, NULL), 1);
        assert_false(prefix_overlaps(&ranges.v4, &free_choice.v4));
        assert_true(same(&ranges.v6, &free_choice.v6));
        allocations_free(a);
}

static void test_no_room(void **state) {
        struct allocations *a = load();
        struct prefix pool = prefix(ALLOCATION_POOL);
        struct error e = ERROR_INIT;
        struct allocation ranges;

        assert_int_equal(allocations_get(a, "web", &pool, 1, &ranges, &e), -ENOSPC);
        assert_int_equal(e.exit_status, EXIT_CONTAINER);
        assert_non_null(strstr(error_message(&e), "no /28 is free in 10.233.0.0/16 for container 'web'"));
        error_clear(&e);
        /* Nothing is half given. */
        assert_int_equal(allocations_find(a, "web", &ranges), -ENOENT);
        allocations_free(a);
}

static void test_damaged_files(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                {"", PATH_ALLOCATIONS ":1: not valid JSON"},
                {"{\n\"version\": 1,\n\"containers\": {\n", PATH_ALLOCATIONS ":4: not valid JSON"},
                {"[]", "expected an object"},
                {"{\n\"version\": 2}", PATH_ALLOCATIONS ":2: 'version' is not 1"},
                {"{\"version\": 1, \"ula\": \"2001:db8::/48\"}", "'ula' is not a unique local prefix"},
                {"{\"version\": 1, \"ula\": \"fd00::/64\"}", "'ula' is not a unique local prefix"},
                {"{\"version\": 1, \"containers\": []}", "'containers' is not an object"},
                {"{\"version\": 1, \"containers\": {\n\n\"../x\": {}}}", PATH_ALLOCATIONS ":3: not the name"},
                {"{\"version\": 1, \"containers\": {\"web\": 3}}", "expected {"},
                {"{\"version\": 1, \"containers\": {\"web\": {\"ipv6\": \"fd00::/64\"}}}", "'ipv4' of this container"},
                {"{\"version\": 1, \"containers\": {\"web\": {\"ipv4\": \"10.233.0.1/28\"}}}",
                 "'ipv4' of this container"},
                {"{\"version\": 1, \"containers\": {\"web\": {\"ipv4\": \"10.233.0.0/28\", \"ipv6\": \"10.0.0.0/8\"}}}",
                 "'ipv6' of this container"},
                {"{\"version\": 1, \"containers\": {\n"
                 "\"a\": {\"ipv4\": \"10.233.0.0/24\", \"ipv6\": \"fd00:0:0:1::/64\"},\n"
                 "\"b\": {\"ipv4\": \"10.233.0.16/28\", \"ipv6\": \"fd00:0:0:2::/64\"}}}",
                 PATH_ALLOCATIONS ":3: 10.233.0.16/28 of container 'b' overlaps with a range of container 'a'"},
                {"{\"version\": 1, \"containers\": {\"a\": {}, \"a\": {}}}", "not valid JSON"},
        };

        assert_int_equal(directory_make(PATH_LIB, 0755), 0);
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct allocations *a = NULL;
                struct error e = ERROR_INIT;
                char *text = NULL;

                private_root_write(PATH_ALLOCATIONS, cases[i].text);
                assert_int_equal(allocations_load(&a, &e), -EUCLEAN);
                if (!strstr(error_message(&e), cases[i].message))
                        fail_msg("'%s' does not contain '%s'", error_message(&e), cases[i].message);
                error_clear(&e);
                assert_null(a);
                assert_int_equal(file_read(PATH_ALLOCATIONS, 4096, &text, NULL), 0);
                assert_text(text, cases[i].text);
                free(text);
        }
}

static void test_thousands(void **state) {
        struct allocations *a = load(), *b;
        struct allocation ranges, again;
        char name[16];

        for (int i = 0; i < 4000; i++) {
                (void) snprintf(name, sizeof name, "c%d", i);
                assert_int_equal(allocations_get(a, name, NULL, 0, &ranges, NULL), 1);
        }
        assert_int_equal(allocations_save(a, NULL), 0);
        b = load();
        for (int i = 0; i < 4000; i++) {
                (void) snprintf(name, sizeof name, "c%d", i);
                assert_int_equal(allocations_find(a, name, &ranges), 0);
                assert_int_equal(allocations_find(b, name, &again), 0);
                assert_true(same(&ranges.v4, &again.v4) && same(&ranges.v6, &again.v6));
        }
        allocations_free(a);
        allocations_free(b);
}

/* Of a nixos-container: numbered, without IPv6, kept, let go, and avoiding what the others have. */
static void test_numbered(void **state) {
        struct prefix taken[] = {prefix("10.233.1.2/32")};
        struct allocations *a = load();
        struct allocation foo, bar, again;
        struct error e = ERROR_INIT;

        assert_int_equal(allocations_get_numbered(a, "foo", taken, 1, &foo, &e), 1);
        assert_true(same(&foo.v4, &(struct prefix){prefix("10.233.2.0/30").address, 30}));
        assert_int_equal(foo.v6.address.family, AF_UNSPEC);
        assert_int_equal(allocations_get_numbered(a, "bar", taken, 1, &bar, &e), 1);
        assert_true(same(&bar.v4, &(struct prefix){prefix("10.233.3.0/30").address, 30}));
        assert_int_equal(allocations_save(a, &e), 0);
        allocations_free(a);

        a = load();
        assert_int_equal(allocations_get_numbered(a, "foo", NULL, 0, &again, &e), 0);
        assert_true(same(&foo.v4, &again.v4));
        assert_int_equal(again.v6.address.family, AF_UNSPEC);
        assert_int_equal(allocations_release(a, "foo"), 1);
        assert_int_equal(allocations_get_numbered(a, "new", taken, 1, &again, &e), 1);
        assert_true(same(&foo.v4, &again.v4));
        allocations_free(a);
}

static void test_owner(void **state) {
        struct allocations *a = load();
        struct allocation ours;
        struct error e = ERROR_INIT;
        struct address v4, v6;
        struct prefix range;
        bool zone;

        assert_int_equal(allocations_get(a, "owner", NULL, 0, &ours, &e), 1);
        v4 = prefix_nth(&ours.v4, 9);
        v6 = prefix_nth(&ours.v6, 99);
        assert_string_equal(allocations_owner(a, &v4, "other", &zone, &range), "owner");
        assert_false(zone);
        assert_true(same(&range, &ours.v4));
        assert_string_equal(allocations_owner(a, &v6, "other", &zone, &range), "owner");
        assert_true(same(&range, &ours.v6));
        assert_null(allocations_owner(a, &v4, "owner", &zone, &range));
        v4 = prefix("10.1.2.3/32").address;
        assert_null(allocations_owner(a, &v4, "other", &zone, &range));
        allocations_free(a);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_kept, set_up),
                cmocka_unit_test_setup(test_zones, set_up),
                cmocka_unit_test_setup(test_full_zone, set_up),
                cmocka_unit_test_setup(test_numbered, set_up),
                cmocka_unit_test_setup(test_owner, set_up),
                cmocka_unit_test_setup(test_refresh, set_up),
                cmocka_unit_test_setup(test_avoids_the_host, set_up),
                cmocka_unit_test_setup(test_no_room, set_up),
                cmocka_unit_test_setup(test_damaged_files, set_up),
                cmocka_unit_test_setup(test_thousands, set_up),
        };

        private_root_enter();
        return cmocka_run_group_tests(tests, NULL, NULL);
}

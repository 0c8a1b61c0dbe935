/* Definitions: generations come and go whole, links of others stay, forwards of others are seen. */
#include "test.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/paths.h"
#include "private-root.h"
#include "state/allocations.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const struct store_file files[] = {
        {"web.nspawn", "[Exec]\nBoot=false\n"},
        {"20-host0.network", "[Match]\nName=host0\n"},
};

static json_t *spec(const char *name, const char *forwards) {
        json_t *list = json_loads(forwards, 0, NULL);
        json_t *s = json_pack("{s:i, s:s, s:s, s:{s:{s:o, s:s, s:n}}}", "version", 1, "name", name, "source", "/x.json",
                              "config", "nixosContainer", "forwardPorts", list, "timeoutStartSec", "90s", "zone");

        assert_non_null(s);
        return s;
}

static struct store_generation save(const char *name, const char *forwards) {
        struct store_generation g = {0};
        struct error e = ERROR_INIT;
        json_t *s = spec(name, forwards);

        if (store_save_generation(name, s, files, ELEMENTS_OF(files), &g, &e) < 0)
                fail_msg("%s", error_message(&e));
        json_decref(s);
        return g;
}

static bool exists(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0;
}

static void assert_file(const char *path, const char *text) {
        char *found = NULL;

        assert_int_equal(file_read(path, 1 << 20, &found, NULL), 0);
        assert_text(found, text);
        free(found);
}

static int set_up(void **state) {
        return tree_remove(PATH_LIB) || tree_remove(PATH_RUN) || tree_remove("/etc/systemd") ||
               file_remove("/etc/machine-id");
}

#define WEB PATH_PROFILES "/web"

static void test_generations(void **state) {
        struct store_generation first, second;
        unsigned *numbers = NULL, number = 0;
        char *path;
        size_t n;

        assert_false(store_exists("web"));
        assert_int_equal(store_generations("web", &numbers, &n), -ENOENT);
        first = save("web", "[]");
        assert_int_equal(first.number, 1);
        assert_int_equal(first.previous, 0);
        assert_true(store_exists("web"));
        path = store_generation_path("web", 0);
        assert_text(path, WEB "/system/nixos-nspawn");
        free(path);
        assert_file(WEB "/system/nixos-nspawn/web.nspawn", files[0].content);
        assert_file(WEB "/system/nixos-nspawn/20-host0.network", files[1].content);
        /* Keys sorted, no timeoutStartSec, on one line. */
        assert_file(WEB "/system/nixos-nspawn/data.json", "{\"forwardPorts\": [], \"zone\": null}\n");
        assert_int_equal(store_previous_generation("web", &number), -ENOENT);

        second = save("web", "[]");
        assert_int_equal(second.number, 2);
        assert_int_equal(second.previous, 1);
        assert_int_equal(store_current_generation("web", &number), 0);
        assert_int_equal(number, 2);
        assert_int_equal(store_previous_generation("web", &number), 0);
        assert_int_equal(number, 1);
        assert_int_equal(store_generations("web", &numbers, &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(numbers[0], 1);
        assert_int_equal(numbers[1], 2);
        free(numbers);

        assert_int_equal(store_switch_generation("web", 1, NULL), 0);
        assert_int_equal(store_current_generation("web", &number), 0);
        assert_int_equal(number, 1);
        assert_int_equal(store_switch_generation("web", 3, NULL), -ENOENT);
        /* Numbers are never used twice. */
        assert_int_equal(save("web", "[]").number, 3);
}

static void test_undo(void **state) {
        struct store_generation first = save("web", "[]"), second = save("web", "[]");
        unsigned number = 0;

        assert_int_equal(store_drop_generation("web", &second, NULL), 0);
        assert_int_equal(store_drop_generation("web", &second, NULL), 0);
        assert_int_equal(store_current_generation("web", &number), 0);
        assert_int_equal(number, 1);
        assert_false(exists(WEB "/system-2"));
        assert_int_equal(store_drop_generation("web", &first, NULL), 0);
        assert_int_equal(store_drop_generation("web", &first, NULL), 0);
        assert_false(exists(WEB));
        assert_false(store_exists("web"));
        assert_int_equal(rmdir(PATH_PROFILES), 0); /* nothing hidden stays */
}

static void test_failed_save_leaves_nothing(void **state) {
        static const struct store_file escape[] = {{"../x", "x"}};
        struct store_generation g = {0};
        struct error e = ERROR_INIT;
        json_t *s = spec("web", "[]");

        assert_true(store_save_generation("web", s, escape, 1, &g, &e) < 0);
        assert_non_null(strstr(error_message(&e), "cannot write the definition of container 'web'"));
        error_clear(&e);
        assert_false(exists(WEB));
        save("web", "[]");
        assert_true(store_save_generation("web", s, escape, 1, &g, NULL) < 0);
        assert_true(exists(WEB "/system-1"));
        assert_false(exists(WEB "/system-2"));
        assert_false(exists(WEB "/.new"));
        assert_true(store_save_generation("../web", s, NULL, 0, &g, &e) < 0);
        assert_int_equal(e.exit_status, EXIT_CONTAINER);
        error_clear(&e);
        assert_true(store_save_generation("WEB", s, NULL, 0, &g, &e) < 0);
        assert_non_null(strstr(error_message(&e), "only by case"));
        error_clear(&e);
        json_decref(s);
}

/* What a crash leaves in the middle of a save or a removal. */
static void test_leftovers(void **state) {
        char **names = NULL;

        save("web", "[]");
        assert_int_equal(directory_make(WEB "/.new/nixos-nspawn", 0755), 0);
        assert_int_equal(directory_make(PATH_PROFILES "/.removed-db/system-1", 0755), 0);
        assert_int_equal(directory_make(PATH_PROFILES "/half", 0755), 0);
        assert_int_equal(store_list(&names), 0);
        assert_text(names[0], "web");
        assert_null(names[1]);
        strings_free(names);
        save("db", "[]");
        save("web", "[]");
        assert_false(exists(WEB "/.new"));
        assert_false(exists(PATH_PROFILES "/.removed-db"));
        save("half", "[]");
        assert_int_equal(store_list(&names), 0);
        assert_text(names[0], "db");
        assert_text(names[1], "half");
        assert_text(names[2], "web");
        assert_null(names[3]);
        strings_free(names);
        assert_int_equal(store_remove("half", NULL), 0);
        assert_int_equal(store_remove("half", NULL), 0);
        assert_false(store_exists("half"));
}

static void test_links(void **state) {
        struct error e = ERROR_INIT;

        assert_int_equal(store_unlink("web", NULL), 0);
        assert_int_equal(store_link("web", NULL), 0);
        assert_int_equal(store_link("web", NULL), 0);
        save("web", "[]");
        assert_file(PATH_UNITS "/web.nspawn", files[0].content);
        assert_int_equal(store_unlink("web", NULL), 0);
        assert_false(exists(PATH_UNITS "/web.nspawn"));

        private_root_write(PATH_UNITS "/web.nspawn", "mine");
        assert_int_equal(store_link("web", &e), -EEXIST);
        assert_non_null(
                strstr(error_message(&e), "'/etc/systemd/nspawn/web.nspawn' exists and is not of this program"));
        error_clear(&e);
        assert_int_equal(store_unlink("web", NULL), 0);
        assert_file(PATH_UNITS "/web.nspawn", "mine");
        assert_int_equal(unlink(PATH_UNITS "/web.nspawn"), 0);
        assert_int_equal(symlink("/somewhere/else", PATH_UNITS "/web.nspawn"), 0);
        assert_int_equal(store_link("web", NULL), -EEXIST);
        assert_int_equal(store_unlink("web", NULL), 0);
        assert_true(exists(PATH_UNITS "/web.nspawn"));
}

static void test_load_network(void **state) {
        struct container c = CONTAINER_INIT;
        struct allocations *a = NULL;
        struct allocation ranges;
        struct error e = ERROR_INIT;
        struct network n;

        assert_int_equal(store_load_network("web", &c, &n, &e), -ENOENT);
        assert_text(error_message(&e), "Container web does not exist!");
        assert_int_equal(e.exit_status, EXIT_USAGE);
        save("web", "[{\"hostPort\": 8181, \"containerPort\": 80, \"protocol\": \"tcp\"}]");
        assert_true(store_load_network("web", &c, &n, &e) < 0);
        assert_non_null(strstr(error_message(&e), "systemd-machine-id-setup"));
        private_root_write("/etc/machine-id", "fedcba9876543210fedcba9876543210\n");
        assert_int_equal(store_load_network("web", &c, &n, &e), -ENOENT);
        assert_non_null(strstr(error_message(&e), "container 'web' has no addresses"));
        error_clear(&e);
        assert_null(c.name);

        assert_int_equal(allocations_load(&a, NULL), 0);
        assert_int_equal(allocations_get(a, "web", NULL, 0, &ranges, NULL), 1);
        assert_int_equal(allocations_save(a, NULL), 0);
        allocations_free(a);
        assert_int_equal(store_load_network("web", &c, &n, &e), 0);
        assert_text(n.link, "ve-web");
        assert_int_equal(n.n_forwards, 1);
        assert_int_equal(n.forwards[0].host_port, 8181);
        assert_int_equal(n.container_v4.length, 28);
        container_clear(&c);

        private_root_write(WEB "/system/nixos-nspawn/spec.json", "{\n\n!");
        assert_int_equal(store_load("web", &c, &e), -EUCLEAN);
        assert_non_null(strstr(error_message(&e), "/spec.json:3: not valid JSON"));
        error_clear(&e);
}

static void test_machine_id(void **state) {
        static const char *const bad[] = {"",
                                          "uninitialized\n",
                                          "00000000000000000000000000000000\n",
                                          "fedcba9876543210fedcba987654321\n",
                                          "fedcba9876543210fedcba98765432100\n",
                                          "fedcba9876543210fedcba987654321g\n"};
        uint8_t id[16];

        for (size_t i = 0; i < ELEMENTS_OF(bad); i++) {
                private_root_write("/etc/machine-id", bad[i]);
                assert_int_equal(machine_id_get(id, NULL), -EUCLEAN);
        }
        private_root_write("/etc/machine-id", "fedcba9876543210fedcba9876543210");
        assert_int_equal(machine_id_get(id, NULL), 0);
        assert_int_equal(id[0], 0xfe);
        assert_int_equal(id[15], 0x10);
}

static int conflict(const char *name, uint16_t port, uint16_t count, enum protocol protocol, const char *owner) {
        struct forward f = {.protocol = protocol, .host_port = port, .container_port = 80, .count = count};
        struct store_conflict found = {0};
        struct error e = ERROR_INIT;
        int r = store_forward_conflict(name, &f, 1, &found, &e);

        if (r > 0) {
                assert_text(found.name, owner);
                assert_non_null(strstr(error_message(&e), owner));
                assert_int_equal(e.code, -EADDRINUSE);
                assert_int_equal(e.exit_status, EXIT_CONTAINER);
        }
        error_clear(&e);
        return r;
}

/* A file that a person wrote is nobody's but his, and its ports are his, too. */
static void test_foreign_ports(void **state) {
        static const char text[] = "[Network]\nPort=tcp:7070:70\nPort=udp:7071\n",
                          other[] = "[Network]\nPort=tcp:7072\n";

        assert_int_equal(directory_make(PATH_UNITS, 0755), 0);
        assert_int_equal(directory_make(PATH_RUNTIME_UNITS, 0755), 0);
        assert_int_equal(file_write_atomic(PATH_UNITS "/mine.nspawn", text, strlen(text), 0644, false), 0);
        assert_int_equal(file_write_atomic(PATH_RUNTIME_UNITS "/mine.nspawn", other, strlen(other), 0644, false), 0);
        assert_int_equal(file_write_atomic(PATH_RUNTIME_UNITS "/brief.nspawn", other, strlen(other), 0644, false), 0);
        assert_int_equal(conflict("new", 7070, 1, PROTOCOL_TCP, "mine"), 1);
        assert_int_equal(conflict("new", 7071, 1, PROTOCOL_UDP, "mine"), 1);
        assert_int_equal(conflict("new", 7071, 1, PROTOCOL_TCP, ""), 0);
        assert_int_equal(conflict("new", 7072, 1, PROTOCOL_TCP, "brief"), 1); /* of mine the one in /etc counts */
        assert_int_equal(file_remove(PATH_UNITS "/mine.nspawn"), 0);
        assert_int_equal(file_remove(PATH_RUNTIME_UNITS "/mine.nspawn"), 0);
        assert_int_equal(file_remove(PATH_RUNTIME_UNITS "/brief.nspawn"), 0);
        assert_int_equal(conflict("new", 7070, 1, PROTOCOL_TCP, ""), 0);
}

static void test_forward_conflicts(void **state) {
        struct store_generation g;

        assert_int_equal(conflict("new", 8181, 1, PROTOCOL_TCP, ""), 0);
        save("web", "[{\"hostPort\": 8181, \"containerPort\": 80}]");
        save("db", "[{\"hostPort\": 5000, \"containerPort\": 5000, \"protocol\": \"udp\", \"count\": 100}]");
        assert_int_equal(conflict("new", 8181, 1, PROTOCOL_TCP, "web"), 1);
        assert_int_equal(conflict("web", 8181, 1, PROTOCOL_TCP, ""), 0);
        assert_int_equal(conflict("new", 8181, 1, PROTOCOL_UDP, ""), 0);
        assert_int_equal(conflict("new", 5099, 1, PROTOCOL_UDP, "db"), 1);
        assert_int_equal(conflict("new", 5100, 1, PROTOCOL_UDP, ""), 0);
        assert_int_equal(conflict("new", 1, 65535, PROTOCOL_UDP, "db"), 1);
        assert_true(exists(PATH_FORWARDS));

        /* The cache follows every change, and damage to it is harmless. */
        g = save("web", "[{\"hostPort\": 9191, \"containerPort\": 80}]");
        assert_int_equal(conflict("new", 8181, 1, PROTOCOL_TCP, ""), 0);
        assert_int_equal(conflict("new", 9191, 1, PROTOCOL_TCP, "web"), 1);
        assert_int_equal(store_drop_generation("web", &g, NULL), 0);
        assert_int_equal(conflict("new", 9191, 1, PROTOCOL_TCP, ""), 0);
        assert_int_equal(conflict("new", 8181, 1, PROTOCOL_TCP, "web"), 1);
        private_root_write(PATH_FORWARDS, "[1,");
        assert_int_equal(conflict("new", 8181, 1, PROTOCOL_TCP, "web"), 1);
        assert_int_equal(store_remove("web", NULL), 0);
        assert_int_equal(conflict("new", 8181, 1, PROTOCOL_TCP, ""), 0);
        private_root_write(PATH_PROFILES "/db/system/nixos-nspawn/spec.json", "damaged");
        assert_int_equal(conflict("new", 5099, 1, PROTOCOL_UDP, ""), 0);
}

static void test_lock(void **state) {
        int fd = store_lock(0, NULL);
        struct error e = ERROR_INIT;

        assert_true(fd >= 0);
        assert_int_equal(store_lock(0, &e), -EAGAIN);
        assert_non_null(strstr(error_message(&e), PATH_LOCK));
        error_clear(&e);
        close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_generations, set_up),
                cmocka_unit_test_setup(test_undo, set_up),
                cmocka_unit_test_setup(test_failed_save_leaves_nothing, set_up),
                cmocka_unit_test_setup(test_leftovers, set_up),
                cmocka_unit_test_setup(test_links, set_up),
                cmocka_unit_test_setup(test_load_network, set_up),
                cmocka_unit_test_setup(test_machine_id, set_up),
                cmocka_unit_test_setup(test_forward_conflicts, set_up),
                cmocka_unit_test_setup(test_foreign_ports, set_up),
                cmocka_unit_test_setup(test_lock, set_up),
        };

        private_root_enter();
        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What systemd on the host is told of a container, word for word, against the files in test/golden/host. After a change
 * that is meant, run the test with UPDATE_GOLDEN=1 and read the difference. */
#include "../unit/test.h"

#include "base/file.h"
#include "config/host.h"

#include <stdlib.h>
#include <string.h>

static void compare(const char *file, char *text) {
        _cleanup_(freep) char *path = format(GOLDEN "/%s", file);
        _cleanup_(freep) char *expected = NULL;

        assert_non_null(path);
        assert_non_null(text);
        if (getenv("UPDATE_GOLDEN"))
                assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, false), 0);
        assert_int_equal(file_read(path, 1 << 20, &expected, NULL), 0);
        assert_text(text, expected);
        free(text);
}

static struct network network_of(struct container *c) {
        static const uint8_t machine_id[16] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
                                               0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
        struct allocation a;
        struct network n;

        assert_int_equal(prefix_parse("10.233.5.16/28", false, &a.v4), 0);
        assert_int_equal(prefix_parse("fd12:3456:789a:5::/64", false, &a.v6), 0);
        assert_int_equal(network_compute(c, &a, machine_id, &n), 0);
        return n;
}

static void test_default(void **state) {
        static char name[] = "example";
        struct container c = CONTAINER_INIT;
        struct network n;

        c.name = name;
        n = network_of(&c);
        compare("example.conf", host_drop_in(&c, "/usr/libexec/nixos-nspawn/nspawn-unit"));
        compare("example.network", host_network_file(&c, &n));
}

/* A long name, which the link shortens; no time limit, an MTU, and bind mounts of which some are devices. */
static void test_everything(void **state) {
        static char name[] = "really-long-long-name-2", kvm[] = "/dev/kvm",
                    disk[] = "/dev/disk/by-id/a\\x20b%c:/dev/data", data[] = "/srv/data:/data",
                    spaced[] = "/dev/odd name:/dev/odd:norbind";
        char *mounts[] = {kvm, disk, data, spaced, NULL};
        struct container c = CONTAINER_INIT;
        struct network n;

        c.name = name;
        c.bind_mounts = mounts;
        c.timeout_start_usec = UINT64_MAX;
        n = network_of(&c);
        n.mtu = 1400;
        compare("everything.conf", host_drop_in(&c, "/usr/libexec/nixos-nspawn/nspawn-unit"));
        compare("everything.network", host_network_file(&c, &n));
}

/* A nixos-container's: devices beside those that are bound into it. */
static void test_nixos_container(void **state) {
        static char name[] = "nixos", kvm[] = "/dev/kvm", fuse[] = "/dev/fuse:rwm", data[] = "/dev/odd%:r";
        char *mounts[] = {kvm, NULL}, *devices[] = {fuse, data, NULL};
        struct container c = CONTAINER_INIT;

        c.name = name;
        c.kind = CONTAINER_NIXOS;
        c.bind_mounts = mounts;
        c.allowed_devices = devices;
        compare("nixos-container.conf", host_drop_in(&c, "/usr/libexec/nixos-nspawn/nspawn-unit"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_default),
                cmocka_unit_test(test_everything),
                cmocka_unit_test(test_nixos_container),
        };

        return cmocka_run_group_tests_name("host files", tests, NULL, NULL);
}

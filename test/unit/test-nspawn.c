/* The command line of systemd-nspawn for nixos-containers. */
#include "test.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "runtime/nspawn.h"
#include "state/store.h"

#include <string.h>

static void assert_line(const struct container *c, const struct guest_system *s, bool supervised,
                        const char *expected) {
        _cleanup_(strings_freep) char **words = NULL;
        _cleanup_(buffer_clear) struct buffer line = BUFFER_INIT;

        assert_int_equal(nspawn_arguments(c, s, supervised, &words), 0);
        for (char **p = words; *p; p++)
                buffer_append_format(&line, "%s\n", *p);
        assert_text(buffer_text(&line), expected);
}

#define COMMON                                                                                                         \
        "systemd-nspawn\n--quiet\n--keep-unit\n--settings=no\n--machine=foo\n"                                         \
        "--directory=/var/lib/nixos-containers/foo\n"

static char foo[] = "foo", root[] = "/var/lib/nixos-containers/foo", usr[] = "/tree/usr", init[] = "/usr/sbin/init";

static void test_imperative(void **state) {
        struct container c = {.name = foo, .root = root, .kind = CONTAINER_NIXOS, .mode = NETWORK_VETH};
        struct guest_system s = {.usr = usr, .init = init};

        assert_line(&c, &s, true,
                    COMMON "--register=no\n--console=read-only\n--notify-ready=yes\n--kill-signal=SIGRTMIN+3\n"
                           "--resolv-conf=off\n--timezone=off\n--link-journal=no\n--private-users=no\n"
                           "--private-network\n--network-veth\n--bind-ro=/tree/usr:/usr:norbind\n"
                           "--bind-ro=/run/nixos-nspawn/containers/foo/guest:/run/host/nixos-nspawn\n--\n"
                           "/run/host/nixos-nspawn/first\n/usr/sbin/init\n");
        assert_line(&c, &s, false,
                    COMMON "--notify-ready=yes\n--kill-signal=SIGRTMIN+3\n--resolv-conf=off\n--timezone=off\n"
                           "--link-journal=try-guest\n--private-users=no\n--private-network\n--network-veth\n"
                           "--bind-ro=/tree/usr:/usr:norbind\n"
                           "--bind-ro=/run/nixos-nspawn/containers/foo/guest:/run/host/nixos-nspawn\n--\n"
                           "/run/host/nixos-nspawn/first\n/usr/sbin/init\n");
}

static void test_declarative(void **state) {
        static char br0[] = "br0", eth1[] = "eth1", eth2[] = "eth2:lan", flag[] = "--bind=/a b:/b", pick[] = "pick",
                    veth1[] = "veth1", nixos[] = "/nix/store/x/init";
        char *interfaces[] = {eth1, NULL}, *macvlans[] = {eth2, NULL}, *flags[] = {flag, NULL};
        struct extra_veth extra = {.name = veth1};
        struct container c = {
                .name = foo,
                .root = root,
                .kind = CONTAINER_NIXOS,
                .mode = NETWORK_BRIDGE,
                .attached_to = br0,
                .interfaces = interfaces,
                .macvlans = macvlans,
                .extra_flags = flags,
                .extra_veths = &extra,
                .n_extra_veths = 1,
                .private_users = pick,
                .user_namespacing = true,
        };
        char store[] = "--bind-ro=/nix/store", *nix[] = {store, NULL};
        struct guest_system s = {.nix = nix, .init = nixos};

        assert_line(&c, &s, true,
                    COMMON "--register=no\n--console=read-only\n--notify-ready=yes\n--kill-signal=SIGRTMIN+3\n"
                           "--resolv-conf=off\n--timezone=off\n--link-journal=no\n--private-users=pick\n"
                           "--private-users-ownership=auto\n--private-network\n--network-veth\n--network-bridge=br0\n"
                           "--network-interface=eth1\n--network-macvlan=eth2:lan\n--network-veth-extra=veth1\n"
                           "--bind-ro=/nix/store\n"
                           "--bind-ro=/run/nixos-nspawn/containers/foo/guest:/run/host/nixos-nspawn\n"
                           "--bind=/a b:/b\n--\n/run/host/nixos-nspawn/first\n/nix/store/x/init\n");
}

/* The host's network, or somebody else's: no first process, which could not change it. */
static void test_no_link(void **state) {
        static char path[] = "/run/netns/a";
        struct container c = {
                .name = foo, .root = root, .kind = CONTAINER_NIXOS, .mode = NETWORK_HOST, .network_namespace = path};
        struct guest_system s = {.init = init};

        assert_line(&c, &s, true,
                    COMMON "--register=no\n--console=read-only\n--notify-ready=yes\n--kill-signal=SIGRTMIN+3\n"
                           "--resolv-conf=off\n--timezone=off\n--link-journal=no\n--private-users=no\n"
                           "--network-namespace-path=/run/netns/a\n--\n/usr/sbin/init\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_imperative),
                cmocka_unit_test(test_declarative),
                cmocka_unit_test(test_no_link),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

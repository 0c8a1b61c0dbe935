/* NAME.conf of nixos-container: what is read, what is refused with its line, and that a change loses nothing. */
#include "test.h"

#include "config/conf.h"

#include <errno.h>
#include <string.h>

static void read_text(const char *text, struct conf *ret) {
        struct error e = ERROR_INIT;

        if (conf_parse(text, "foo.conf", ret, &e) < 0)
                fail_msg("%s", error_message(&e));
}

static void assert_value(const char *text, const char *expected) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;

        read_text(text, &c);
        assert_text(conf_get(&c, "A"), expected);
}

static void test_syntax(void **state) {
        assert_value("A=b\n", "b");
        assert_value("A=b", "b");
        assert_value("  A = b c  \n", "b c");
        assert_value("A=\n", "");
        assert_value("A='b c'\n", "b c");
        assert_value("A=\" --bind=/a:/b\"\n", " --bind=/a:/b");
        assert_value("A=\"q\\\"\\\\ \\n\"\n", "q\"\\ \\n");
        assert_value("A=b\\\nc\n", "bc");
        assert_value("A=b\\ \n", "b ");
        assert_value("A='b'\"c\" d\n", "bcd");
        assert_value("# A=1\n; A=2\n\nA=3\n", "3");
        assert_value("A=1\nA=2\n", "2");
        assert_value("A=$(reboot)`reboot`\n", "$(reboot)`reboot`");
}

static void assert_refused(const char *text, const char *message) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        _cleanup_(container_clear) struct container container = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        if (conf_parse(text, "foo.conf", &c, &e) >= 0)
                (void) conf_to_container(&c, "foo", "foo.conf", &container, &e);
        assert_int_equal(e.code, -EINVAL);
        assert_non_null(strstr(error_message(&e), message));
}

static void test_refused(void **state) {
        assert_refused("A=1\nwhat\n", "foo.conf:2: expected KEY=VALUE");
        assert_refused("1A=1\n", "foo.conf:1: what stands before '='");
        assert_refused("A=1\n\nB='x\ny", "foo.conf:3: a quote that begins here does not end");
        assert_refused("A=1\nB=\x1b[0m\n", "foo.conf:2: a control character (0x1b)");
        assert_refused("PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1\n", "foo.conf:2: HOST_ADDRESS: expected an IPv4");
        assert_refused("HOST_ADDRESS=fd00::1\n", "HOST_ADDRESS: expected an IPv4");
        assert_refused("LOCAL_ADDRESS6=10.0.0.1\n", "LOCAL_ADDRESS6: expected an IPv6");
        assert_refused("LOCAL_ADDRESS=10.0.0.1\nHOST_ADDRESS=10.0.0.1\n", "same address");
        assert_refused("PRIVATE_NETWORK=yes\n", "PRIVATE_NETWORK: expected 1, 0 or nothing");
        assert_refused("LOCAL_ADDRESS=10.0.0.1\nHOST_PORT=tcp:80:80,udp:x\n", "HOST_PORT: expected forwards");
        assert_refused("LOCAL_ADDRESS=10.0.0.1\nHOST_PORT=80:80,tcp:80:81\n", "forwarded twice");
        assert_refused("HOST_PORT=tcp:80:80\n", "HOST_PORT: needs a network");
        assert_refused("HOST_BRIDGE=br0\nHOST_PORT=tcp:80:80\n", "HOST_PORT: needs LOCAL_ADDRESS");
        assert_refused("HOST_BRIDGE=a/b\n", "HOST_BRIDGE: expected");
        assert_refused("NETWORK_NAMESPACE_PATH=/run/netns/a\nINTERFACES=eth1\n", "NETWORK_NAMESPACE_PATH: goes with");
        assert_refused("NETWORK_NAMESPACE_PATH=a\n", "an absolute path");
        assert_refused("LOCAL_MAC_ADDRESS=01:00:00:00:00:01\n", "LOCAL_MAC_ADDRESS: expected");
        assert_refused("HOST_BRIDGE=vz-lan\n", "HOST_BRIDGE: is the bridge of a zone");
        assert_refused("EXTRA_VETHS=\"a,hostBridge=vz-lan\"\n", "EXTRA_VETHS: is the bridge of a zone");
        assert_refused("EXTRA_VETHS=\"eth0,hostBridge=br0\"\n", "EXTRA_VETHS: one of the names");
        assert_refused("EXTRA_VETHS=\"a,hostBridge=b,what=1\"\n", "EXTRA_VETHS: expected NAME");
        assert_refused("EXTRA_VETHS=\"a,localAddress=1.2.3.4 a\"\n", "two links of one name");
        assert_refused("LOCAL_ADDRESS=1.2.3.4\nEXTRA_VETHS=\"a,hostAddress=1.2.3.4,localAddress=1.2.3.5\"\n",
                       "that of another of its links");
        assert_refused("EXTRA_VETHS=\"a,localAddress=1.2.3.4 b,localAddress=1.2.3.4\"\n",
                       "that of another of its links");
        assert_refused("EXTRA_NSPAWN_FLAGS=\"what\"\n", "begin with '-'");
        assert_refused("ALLOWED_DEVICES=dev/fuse:rw\n", "ALLOWED_DEVICES: expected devices");
        assert_refused("ALLOWED_DEVICES=/dev/fuse\n", "ALLOWED_DEVICES: expected devices");
        assert_refused("ALLOWED_DEVICES=\"/dev/a:r /dev/b:x\"\n", "ALLOWED_DEVICES: expected devices");
        assert_refused("TIMEOUT_START_SEC=soon\n", "a time span");
}

/* systemd-nspawn would fail, in words that name neither. */
static void test_one_name_inside(void **state) {
        static const char *const texts[][2] = {
                {"PRIVATE_NETWORK=1\nMACVLANS=\"eth0 eth0\"\n",
                 "foo.conf: macvlan eth0 and macvlan eth0 would both be called mv-eth0 inside; give one of them"},
                {"LOCAL_ADDRESS=1.2.3.4\nINTERFACES=\"a:eth0\"\n",
                 "its main link and interface a:eth0 would both be called"},
                {"PRIVATE_NETWORK=1\nINTERFACES=b\nEXTRA_VETHS=b,localAddress=1.2.3.4\n",
                 "interface b and extra veth b"},
        };

        for (size_t i = 0; i < ELEMENTS_OF(texts); i++) {
                _cleanup_(conf_clear) struct conf c = CONF_INIT;
                _cleanup_(container_clear) struct container container = CONTAINER_INIT;
                _cleanup_(error_clear) struct error e = ERROR_INIT;

                read_text(texts[i][0], &c);
                assert_int_equal(conf_to_container(&c, "foo", "foo.conf", &container, &e), -EEXIST);
                assert_non_null(strstr(error_message(&e), texts[i][1]));
        }
}

static void test_everything_wrong_is_told(void **state) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        _cleanup_(container_clear) struct container container = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        read_text("AUTO_START=2\nMACVLANS=a/b\n", &c);
        assert_int_equal(conf_to_container(&c, "foo", "foo.conf", &container, &e), -EINVAL);
        assert_text(error_message(&e), "foo.conf:1: AUTO_START: expected 1, 0 or nothing");
        assert_non_null(e.next);
        assert_non_null(strstr(e.next->message, "foo.conf:2: MACVLANS"));
}

static void assert_prefix(const struct prefix *p, const char *text) {
        char buf[PREFIX_TEXT_MAX];

        assert_text(prefix_format(p, buf), text);
}

/* What nixos-container create writes. */
static void test_imperative(void **state) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        _cleanup_(container_clear) struct container k = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        read_text("PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2\nHOST_BRIDGE=\n"
                  "HOST_PORT=tcp:10080:80,udp:53\nAUTO_START=1\n",
                  &c);
        assert_int_equal(conf_to_container(&c, "foo", "foo.conf", &k, &e), 0);
        assert_int_equal(k.kind, CONTAINER_NIXOS);
        assert_int_equal(k.mode, NETWORK_VETH);
        assert_true(k.private_network);
        assert_true(k.auto_start);
        assert_false(k.user_namespacing);
        assert_prefix(&k.end.host_v4, "10.233.1.1/32");
        assert_prefix(&k.end.local_v4, "10.233.1.2/32");
        assert_int_equal(k.n_forwards, 2);
        assert_int_equal(k.forwards[0].host_port, 10080);
        assert_int_equal(k.forwards[0].container_port, 80);
        assert_int_equal(k.forwards[1].protocol, PROTOCOL_UDP);
        assert_int_equal(k.forwards[1].container_port, 53);
}

static void test_declarative(void **state) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        _cleanup_(container_clear) struct container k = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        read_text("SYSTEM_PATH=/nix/store/x\nCOPY_RESOLV_CONF=1\nPRIVATE_NETWORK=1\nHOST_BRIDGE=br0\n"
                  "LOCAL_ADDRESS=192.168.0.100/24\nLOCAL_ADDRESS6=fd00::2/7\nLOCAL_MAC_ADDRESS=02:00:00:00:00:01\n"
                  "INTERFACES=\"eth1 eth2:lan\"\nMACVLANS=eth3\nPRIVATE_USERS=pick\nEPHEMERAL=1\n"
                  "EXTRA_NSPAWN_FLAGS=\" --bind=/a:/b  --capability=CAP_X\"\nTIMEOUT_START_SEC=2min\n"
                  "ALLOWED_DEVICES=\"/dev/fuse:rwm /dev/b:r\"\n"
                  "EXTRA_VETHS=\"veth1,hostBridge=br1,localAddress=192.168.1.100/24 "
                  "veth2,hostAddress=192.168.2.1,localAddress=192.168.2.100,hostAddress6=fd01::1,localAddress6=fd01::"
                  "2\"\n",
                  &c);
        assert_int_equal(conf_to_container(&c, "foo", "foo.conf", &k, &e), 0);
        assert_int_equal(k.mode, NETWORK_BRIDGE);
        assert_text(k.attached_to, "br0");
        assert_prefix(&k.end.local_v4, "192.168.0.100/24");
        assert_true(k.end.has_mac);
        assert_true(k.copy_resolver);
        assert_true(k.ephemeral);
        assert_true(k.user_namespacing);
        assert_text(k.private_users, "pick");
        assert_text(k.interfaces[1], "eth2:lan");
        assert_text(k.macvlans[0], "eth3");
        assert_null(k.macvlans[1]);
        assert_text(k.extra_flags[0], "--bind=/a:/b");
        assert_text(k.extra_flags[1], "--capability=CAP_X");
        assert_null(k.extra_flags[2]);
        assert_text(k.bind_mounts[0], "/a:/b");
        assert_text(k.allowed_devices[0], "/dev/fuse:rwm");
        assert_text(k.allowed_devices[1], "/dev/b:r");
        assert_null(k.allowed_devices[2]);
        assert_int_equal(k.n_extra_veths, 2);
        assert_text(k.extra_veths[0].end.bridge, "br1");
        assert_prefix(&k.extra_veths[1].end.local_v6, "fd01::2/128");
        assert_int_equal(k.timeout_start_usec, 120000000);
}

static enum network_mode mode_of(const char *text) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        _cleanup_(container_clear) struct container k = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        read_text(text, &c);
        assert_int_equal(conf_to_container(&c, "foo", "foo.conf", &k, &e), 0);
        return k.mode;
}

static void test_modes(void **state) {
        assert_int_equal(mode_of(""), NETWORK_HOST);
        assert_int_equal(mode_of("NETWORK_NAMESPACE_PATH=/run/netns/a\n"), NETWORK_HOST);
        assert_int_equal(mode_of("PRIVATE_NETWORK=1\n"), NETWORK_NONE);
        assert_int_equal(mode_of("MACVLANS=eth0\n"), NETWORK_NONE);
        assert_int_equal(mode_of("PRIVATE_NETWORK=1\nHOST_BRIDGE=br0\n"), NETWORK_BRIDGE);
        assert_int_equal(mode_of("LOCAL_MAC_ADDRESS=02:00:00:00:00:01\n"), NETWORK_VETH);
}

static void assert_set(const char *before, const char *key, const char *value, const char *after) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        _cleanup_(freep) char *text = NULL;

        read_text(before, &c);
        assert_int_equal(conf_set(&c, key, value), 0);
        text = conf_text(&c);
        assert_text(text, after);
        conf_clear(&c);
        read_text(text, &c);
        if (value)
                assert_text(conf_get(&c, key), value);
        else
                assert_null(conf_get(&c, key));
}

static void test_change(void **state) {
        assert_set("# mine\nX=\"a  b\"\nA=1\n", "A", "2", "# mine\nX=\"a  b\"\nA=2\n");
        assert_set("A= '1' \n", "A", "1", "A= '1' \n");
        assert_set("A=0\nB=1\nA=1", "A", "2", "B=1\nA=2\n");
        assert_set("B=1", "A", "10.0.0.1", "B=1\nA=10.0.0.1\n");
        assert_set("# b\\", "A", "1", "# b\\\n\nA=1\n");
        assert_set("", "A", " a \"$\\", "A=\" a \\\"\\$\\\\\"\n");
        assert_set("A=1\nB=1\nA=2\n", "A", NULL, "B=1\n");
}

static void test_change_refused(void **state) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;

        assert_int_equal(conf_set(&c, "A", "1\nB=2"), -EINVAL);
        assert_int_equal(conf_set(&c, "A B", "1"), -EINVAL);
        assert_int_equal(c.n, 0);
}

static void test_addresses(void **state) {
        _cleanup_(conf_clear) struct conf c = CONF_INIT;
        _cleanup_(freep) struct prefix *list = NULL;
        size_t n;

        read_text("HOST_ADDRESS=10.233.1.1/24\nLOCAL_ADDRESS=nothing\nLOCAL_ADDRESS6=fd00::2\n"
                  "EXTRA_VETHS=\"v,localAddress=10.233.9.2\"\n",
                  &c);
        assert_int_equal(conf_addresses(&c, &list, &n), 0);
        assert_int_equal(n, 3);
        assert_prefix(&list[0], "10.233.1.1/24");
        assert_prefix(&list[1], "fd00::2/128");
        assert_prefix(&list[2], "10.233.9.2/32");
}

static void test_address_clash(void **state) {
        static const struct {
                const char *mine, *theirs, *key;
        } cases[] = {
                {"HOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2\n", "HOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.3\n",
                 NULL},
                {"HOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2\n",
                 "HOST_ADDRESS=10.0.0.9\nLOCAL_ADDRESS=10.0.0.2/24\n", "LOCAL_ADDRESS"},
                {"HOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2\n", "HOST_ADDRESS=10.0.0.2\nLOCAL_ADDRESS=10.0.0.3\n",
                 "LOCAL_ADDRESS"},
                {"HOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2\n", "HOST_ADDRESS=10.0.0.9\nLOCAL_ADDRESS=10.0.0.1\n",
                 "HOST_ADDRESS"},
                {"HOST_ADDRESS6=fd00::1\nLOCAL_ADDRESS6=fd00::2\n", "LOCAL_ADDRESS6=fd00::1\n", "HOST_ADDRESS6"},
                {"LOCAL_ADDRESS=10.0.0.2\n", "EXTRA_VETHS=\"v,localAddress=10.0.0.2\"\n", "LOCAL_ADDRESS"},
                {"EXTRA_VETHS=\"v,hostAddress=10.0.0.1,localAddress=10.0.0.2\"\n", "LOCAL_ADDRESS=10.0.0.2\n",
                 "EXTRA_VETHS"},
                {"EXTRA_VETHS=\"v,localAddress6=fd00::1\"\n", "HOST_ADDRESS6=fd00::1\n", "EXTRA_VETHS"},
                {"EXTRA_VETHS=\"v,hostBridge=br1,localAddress=10.0.0.2/24\"\n", "LOCAL_ADDRESS=10.0.0.2\n", NULL},
                /* On a bridge a container may be the router. */
                {"HOST_BRIDGE=br0\nHOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2/24\n",
                 "HOST_BRIDGE=br0\nLOCAL_ADDRESS=10.0.0.1/24\n", NULL},
                {"HOST_BRIDGE=br0\nLOCAL_ADDRESS=10.0.0.1/24\n",
                 "HOST_BRIDGE=br0\nHOST_ADDRESS=10.0.0.1\nLOCAL_ADDRESS=10.0.0.2/24\n", NULL},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                _cleanup_(conf_clear) struct conf mine = CONF_INIT, theirs = CONF_INIT;
                _cleanup_(container_clear) struct container c = CONTAINER_INIT;
                const char *key = NULL;

                read_text(cases[i].mine, &mine);
                read_text(cases[i].theirs, &theirs);
                assert_int_equal(conf_to_container(&mine, "c", "conf", &c, NULL), 0);
                assert_int_equal(conf_address_clash(&theirs, &c, &key), cases[i].key ? 1 : 0);
                if (cases[i].key)
                        assert_string_equal(key, cases[i].key);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_syntax),          cmocka_unit_test(test_refused),
                cmocka_unit_test(test_one_name_inside), cmocka_unit_test(test_everything_wrong_is_told),
                cmocka_unit_test(test_imperative),      cmocka_unit_test(test_declarative),
                cmocka_unit_test(test_modes),           cmocka_unit_test(test_change),
                cmocka_unit_test(test_change_refused),  cmocka_unit_test(test_addresses),
                cmocka_unit_test(test_address_clash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

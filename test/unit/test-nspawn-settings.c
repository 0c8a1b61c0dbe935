/* systemd.nspawn.NAME, the options that say the same, and which network they make together. */
#include "test.h"

#include "base/paths.h"
#include "config/guest.h"
#include "config/nspawn_file.h"
#include "config/spec.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int read_config(const char *config, struct container *ret, struct error *e) {
        json_t *object = json_loads(config, 0, NULL), *spec;
        int r;

        assert_non_null(object);
        if (!json_object_get(object, "nixosContainer"))
                json_object_set_new(object, "nixosContainer", json_object());
        spec = json_pack("{s:i, s:o}", "version", SPEC_VERSION, "config", object);
        r = spec_to_container(spec, "web", ret, e);
        json_decref(spec);
        return r;
}

static void assert_refused(const char *config, const char *message) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        int r = read_config(config, &c, &e);

        if (r == 0)
                print_error("%s: accepted\n", config);
        assert_true(r < 0);
        if (!strstr(error_message(&e), message))
                print_error("%s: %s\n", config, error_message(&e));
        assert_non_null(strstr(error_message(&e), message));
        assert_int_equal(e.exit_status, EXIT_CONTAINER);
}

#define NETWORK(keys) "{\"systemd\": {\"nspawn\": {\"web\": {\"networkConfig\": {" keys "}}}}}"
#define WITH_FORWARD(keys)                                                                                             \
        "{\"nixosContainer\": {\"forwardPorts\": [{\"hostPort\": 80}]},"                                               \
        " \"systemd\": {\"nspawn\": {\"web\": {\"networkConfig\": {" keys "}}}}}"
#define EXEC(keys)  "{\"systemd\": {\"nspawn\": {\"web\": {\"execConfig\": {" keys "}}}}}"
#define FILES(keys) "{\"systemd\": {\"nspawn\": {\"web\": {\"filesConfig\": {" keys "}}}}}"

static void accept_config(const char *config, struct container *c) {
        struct error e = ERROR_INIT;

        container_clear(c);
        if (read_config(config, c, &e) < 0)
                print_error("%s: %s\n", config, error_message(&e));
        assert_null(e.message);
}

/* The table of SPEC C.1. */
static void test_modes(void **state) {
        static const struct {
                const char *config;
                enum network_mode mode;
        } cases[] = {
                {"{}", NETWORK_VETH},
                {NETWORK(""), NETWORK_VETH},
                {NETWORK("\"Private\": true, \"VirtualEthernet\": \"yes\""), NETWORK_VETH},
                {NETWORK("\"VirtualEthernet\": \"no\""), NETWORK_HOST},
                {NETWORK("\"Private\": false"), NETWORK_HOST},
                {NETWORK("\"Private\": \"yes\""), NETWORK_NONE},
                {NETWORK("\"Private\": true, \"VirtualEthernet\": false"), NETWORK_NONE},
                {NETWORK("\"MACVLAN\": \"eth0\""), NETWORK_NONE},
                {NETWORK("\"IPVLAN\": \"eth0\""), NETWORK_NONE},
                {NETWORK("\"Interface\": \"eth0:lan eth1\""), NETWORK_NONE},
                {NETWORK("\"VirtualEthernetExtra\": [\"a\", \"b:c\"]"), NETWORK_NONE},
                {NETWORK("\"MACVLAN\": \"eth0\", \"VirtualEthernet\": 1"), NETWORK_VETH},
                {NETWORK("\"Bridge\": \"br0\""), NETWORK_BRIDGE},
                {"{\"nixosContainer\": {\"bridge\": \"br0\"}}", NETWORK_BRIDGE},
                {"{\"nixosContainer\": {\"extraVeths\": {\"a\": {}}}}", NETWORK_VETH},
        };
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                accept_config(cases[i].config, &c);
                if (c.mode != cases[i].mode)
                        print_error("%s\n", cases[i].config);
                assert_int_equal(c.mode, cases[i].mode);
        }
}

static void test_links(void **state) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;

        accept_config(NETWORK("\"MACVLAN\": [\"eth0\", \"eth1 eth2:lan\"], \"Interface\": [\"a\", \"\", \"b\"]"), &c);
        assert_string_equal(c.macvlans[0], "eth0");
        assert_string_equal(c.macvlans[1], "eth1");
        assert_string_equal(c.macvlans[2], "eth2:lan");
        assert_null(c.macvlans[3]);
        assert_string_equal(c.interfaces[0], "b"); /* the empty one dropped what was before */
        assert_null(c.interfaces[1]);

        accept_config(NETWORK("\"VirtualEthernetExtra\": [\"a\", \"b:c\"]"), &c);
        assert_int_equal(c.n_extra_veths, 2);
        assert_null(c.extra_veths[0].inside);
        assert_string_equal(c.extra_veths[1].name, "b");
        assert_string_equal(c.extra_veths[1].inside, "c");

        accept_config("{\"nixosContainer\": {\"extraVeths\": {\"a\": {\"hostBridge\": \"br1\", \"localAddress\": "
                      "\"192.168.1.2/24\", \"hostAddress\": null}}}}",
                      &c);
        assert_string_equal(c.extra_veths[0].end.bridge, "br1");
        assert_int_equal(c.extra_veths[0].end.local_v4.length, 24);

        /* The same bridge twice is one. */
        accept_config("{\"nixosContainer\": {\"bridge\": \"br0\"},"
                      " \"systemd\": {\"nspawn\": {\"web\": {\"networkConfig\": {\"Bridge\": \"br0\"}}}}}",
                      &c);
        assert_string_equal(c.attached_to, "br0");
}

static void test_passed_on(void **state) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;

        accept_config(EXEC("\"Environment\": [\"A=1\", \"B=2\"], \"LimitNOFILE\": 64, \"NoNewPrivileges\": true"), &c);
        assert_string_equal(c.exec[0], "Environment=A=1");
        assert_string_equal(c.exec[1], "Environment=B=2");
        assert_string_equal(c.exec[2], "LimitNOFILE=64");
        assert_string_equal(c.exec[3], "NoNewPrivileges=true");
        assert_null(c.exec[4]);
        accept_config(FILES("\"BindReadOnly\": \"/srv:/srv\""), &c);
        assert_string_equal(c.files[0], "BindReadOnly=/srv:/srv");

        /* What we write ourselves may be said, if it is the same. */
        accept_config(EXEC("\"Boot\": false, \"Ephemeral\": \"no\", \"PrivateUsers\": \"pick\", \"Timezone\": \"off\""),
                      &c);
        assert_null(c.exec);
        accept_config("{\"nixosContainer\": {\"ephemeral\": true},"
                      " \"systemd\": {\"nspawn\": {\"web\": {\"execConfig\": {\"Ephemeral\": true}}}}}",
                      &c);
        assert_null(c.exec);
}

static void test_refused(void **state) {
        assert_refused(EXEC("\"Boot\": true"), "container 'web': systemd.nspawn.web.execConfig.Boot: nixos-nspawn sets "
                                               "this itself");
        assert_refused(EXEC("\"Ephemeral\": true"), "use nixosContainer.ephemeral");
        assert_refused(EXEC("\"Parameters\": \"/init\""), "execConfig.Parameters: nixos-nspawn sets this itself");
        assert_refused(EXEC("\"Parameters\": \"\""), "execConfig.Parameters: nixos-nspawn sets this itself");
        assert_refused(EXEC("\"PrivateUsers\": \"no\""), "use nixosContainer.userNamespacing");
        assert_refused(EXEC("\"Environment\": \"A=\\nBoot=yes\""), "one line, and no backslash");
        assert_refused(EXEC("\"Environment\": \"A\\\\\""), "one line, and no backslash");
        assert_refused(EXEC("\"Environment\": {}"), "execConfig.Environment: expected a string, a number");
        assert_refused(EXEC("\"Bind\": \"/a\""), "systemd.nspawn(5) has no Bind= in its section [Exec]");
        assert_refused(FILES("\"Private\": true"), "systemd.nspawn(5) has no Private= in its section [Files]");
        assert_refused(NETWORK("\"Port\": 80"), "use nixosContainer.forwardPorts");
        assert_refused(NETWORK("\"NamespacePath\": \"/run/netns/a\""), "somebody else's network namespace");
        assert_refused(NETWORK("\"Private\": \"perhaps\""), "networkConfig.Private: expected yes or no");
        assert_refused(NETWORK("\"Bridge\": \"br/0\""), "networkConfig.Bridge: expected a name of at most 15");
        assert_refused(NETWORK("\"MACVLAN\": \"sixteen-letters-\""), "networkConfig.MACVLAN: expected names of links");
        assert_refused("{\"systemd\": {\"nspawn\": {\"other\": {}}}}",
                       "systemd.nspawn.other: this is the config of container web; write systemd.nspawn.web");
        assert_refused("{\"nixosContainer\": {\"bridge\": \"\"}}", "nixosContainer.bridge: expected the name");
}

static void test_contradictions(void **state) {
        assert_refused(NETWORK("\"Bridge\": \"br0\", \"Zone\": \"lan\""), "use nixosContainer.zone");
        assert_refused("{\"nixosContainer\": {\"zone\": \"lan\", \"bridge\": \"br0\"}}",
                       "Bridge= and Zone= exclude each other");
        assert_refused(NETWORK("\"Bridge\": \"br0\", \"VirtualEthernet\": \"no\""),
                       "VirtualEthernet=no and Bridge= or Zone= exclude each other");
        assert_refused(NETWORK("\"Private\": \"no\", \"MACVLAN\": \"eth0\""), "Private=no shares the host's network");
        assert_refused("{\"nixosContainer\": {\"bridge\": \"br1\"},"
                       " \"systemd\": {\"nspawn\": {\"web\": {\"networkConfig\": {\"Bridge\": \"br0\"}}}}}",
                       "nixosContainer.bridge is br1 and systemd.nspawn.web.networkConfig.Bridge is br0");
        assert_refused("{\"nixosContainer\": {\"extraVeths\": {\"a\": {}}},"
                       " \"systemd\": {\"nspawn\": {\"web\": {\"networkConfig\": {\"VirtualEthernet\": \"no\"}}}}}",
                       "nixosContainer.extraVeths: a container that shares the host's network");

        assert_refused(WITH_FORWARD("\"VirtualEthernet\": \"no\""), "VirtualEthernet=no shares the host's network, so");
        assert_refused(WITH_FORWARD("\"MACVLAN\": \"eth0\""),
                       "the container has no host0, and nixosContainer.forwardPorts has nowhere to lead");
        assert_refused(WITH_FORWARD("\"Bridge\": \"br0\""), "give it one with "
                                                            "nixosContainer.containerNetworkConfig.address");

        assert_refused("{\"nixosContainer\": {\"bridge\": \"vz-lan\"}}",
                       "nixosContainer.bridge: vz-lan is the bridge of a zone, which only its members join; say "
                       "nixosContainer.zone = \"lan\"");
        assert_refused("{\"nixosContainer\": {\"extraVeths\": {\"a\": {\"hostBridge\": \"vz-lan\"}}}}",
                       "nixosContainer.extraVeths.a.hostBridge: is the bridge of a zone");
        assert_refused("{\"nixosContainer\": {\"bridge\": \"br0\", \"hostAccess\": \"all\"}}",
                       "nixosContainer.hostAccess: container 'web' has no link to the host");
        assert_refused("{\"nixosContainer\": {\"outsideAccess\": \"none\"},"
                       " \"systemd\": {\"nspawn\": {\"web\": {\"networkConfig\": {\"MACVLAN\": \"eth0\"}}}}}",
                       "nixosContainer.outsideAccess: container 'web' has no link to the host");
}

static void test_names(void **state) {
        assert_refused(NETWORK("\"MACVLAN\": [\"eth0\", \"eth0\"]"),
                       "MACVLAN=eth0 and MACVLAN=eth0 would both be called mv-eth0 inside");
        assert_refused(NETWORK("\"Interface\": \"eth0:host0\", \"VirtualEthernet\": \"yes\""),
                       "its main link and Interface=eth0:host0 would both be called host0 inside");
        assert_refused(NETWORK("\"Interface\": \"eth0:lo\""), "would both be called lo inside");
        assert_refused(NETWORK("\"Interface\": \"eth0:a\", \"VirtualEthernetExtra\": \"b:a\""),
                       "Interface=eth0:a and VirtualEthernetExtra=b would both be called a inside");
        assert_refused(NETWORK("\"VirtualEthernetExtra\": \"ve-web\""), "the name of the container's main link");
        assert_refused(NETWORK("\"VirtualEthernetExtra\": [\"a\", \"a\"]"), "two links of one name");
        assert_refused("{\"nixosContainer\": {\"extraVeths\": {\"host0\": {}}}}", "would both be called host0 inside");
        assert_refused("{\"nixosContainer\": {\"extraVeths\": {\"a\": {\"localAddress\": \"fd00::1\"}}}}",
                       "nixosContainer.extraVeths.a.localAddress: expected an IPv4 address");
        assert_refused("{\"nixosContainer\": {\"extraVeths\": {\"a\": {\"hostBridge\": \"b\", \"hostAddress\": "
                       "\"192.0.2.1\"}}}}",
                       "hostAddress and hostBridge exclude each other");
        assert_refused("{\"nixosContainer\": {\"extraVeths\": {\"much-too-long-a-name\": {}}}}",
                       "at most 15 characters");
}

/* A file that a person wrote. */
static void test_file(void **state) {
        static const char text[] = "# mine\n"
                                   "[Exec]\n"
                                   "Boot=yes\n"
                                   "Environment=A=1 \\\n"
                                   "# not the end\n"
                                   "  B=2\n"
                                   "[X-Mine]\n"
                                   "Anything=goes\n"
                                   "[Network]\n"
                                   "  Port = udp:53:5353 \n"
                                   "X-Note=\n"
                                   "MACVLAN=eth0 eth1\n"
                                   "VirtualEthernet=yes";
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        assert_int_equal(nspawn_file_to_container(text, "web", "web.nspawn", &c, &e), 0);
        assert_int_equal(c.mode, NETWORK_VETH);
        assert_string_equal(c.macvlans[1], "eth1");
        assert_int_equal(c.n_forwards, 1);
        assert_int_equal(c.forwards[0].protocol, PROTOCOL_UDP);
        assert_int_equal(c.forwards[0].host_port, 53);
        assert_int_equal(c.forwards[0].container_port, 5353);
        assert_string_equal(c.exec[0], "Environment=A=1  B=2");
        assert_null(c.exec[1]);
        assert_int_equal(c.hand->start, START_BOOT);
        assert_int_equal(c.hand->kill_signal, SIGRTMIN + 3);

        container_clear(&c);
        assert_int_equal(nspawn_file_to_container("", "web", "web.nspawn", &c, &e), 0);
        assert_int_equal(c.mode, NETWORK_VETH);
}

/* A carriage return alone ends a line, too, as systemd reads it. */
static void test_file_line_ends(void **state) {
        static const char text[] = "[Exec]\r\nEnvironment=A=1 \\\r\n B=2\r\n"
                                   "[Network]\n\rX-Note=1\rBridge=br0\r# no\rPort=80\r\r\nPort=0\n";
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        assert_true(nspawn_file_to_container(text, "web", "web.nspawn", &c, &e) < 0);
        assert_string_equal(error_message(&e), "web.nspawn:10: Port: expected forwards such as tcp:8080:80, separated "
                                               "by commas");
        assert_null(e.next);
        error_clear(&e);
        assert_int_equal(nspawn_file_to_container("[Exec]\nEnvironment=A=1 \\\n\rB=2\r[Network]\rBridge=br0\r", "web",
                                                  "web.nspawn", &c, &e),
                         0);
        assert_string_equal(c.exec[0], "Environment=A=1  B=2");
        assert_null(c.exec[1]);
        assert_string_equal(c.attached_to, "br0");
}

/* What systemd-nspawn finds in its place. */
static void assert_runs(const char *text, const char *expected, int kill_signal) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        _cleanup_(freep) char *file = NULL;

        assert_int_equal(nspawn_file_to_container(text, "web", "web.nspawn", &c, &e), 0);
        file = guest_hand_file(&c);
        assert_non_null(file);
        assert_string_equal(strchr(file, '\n') + 1, expected);
        assert_int_equal(c.hand->kill_signal, kill_signal);
}

#define BIND "BindReadOnly=/run/nixos-nspawn/containers/web/guest:/run/host/nixos-nspawn\n"
#define VETH "\n[Network]\nPrivate=yes\nVirtualEthernet=yes\n"

static void test_file_runs(void **state) {
        assert_runs("", "[Exec]\nBoot=no\nParameters=" PATH_GUEST_FIRST " --boot\n\n[Files]\n" BIND VETH, SIGRTMIN + 3);
        assert_runs("[Exec]\nParameters=passed over\nUser=root\n[Network]\nPort=udp:53:5353\n",
                    "[Exec]\nBoot=no\nParameters=" PATH_GUEST_FIRST " --boot\nUser=root\n\n[Files]\n" BIND VETH
                    "Port=udp:53:5353\n",
                    SIGRTMIN + 3);
        assert_runs("[Files]\nBind=/srv\n[Exec]\nParameters=gone\nBoot=on\nParameters=\nParameters=--unit \"a b\"\n"
                    "KillSignal=TERM\n[Network]\nZone=z\n",
                    "[Exec]\nBoot=no\nParameters=" PATH_GUEST_FIRST " --boot\nParameters=--unit \"a b\"\n"
                    "KillSignal=TERM\n\n[Files]\nBind=/srv\n" BIND
                    "\n[Network]\nBridge=vz-z\nPrivate=yes\nVirtualEthernet=yes\n",
                    SIGTERM);
        assert_runs("[Exec]\nBoot=no\nParameters=sleep 9\n",
                    "[Exec]\nBoot=no\nParameters=" PATH_GUEST_FIRST
                    " --program\nParameters=sleep 9\n\n[Files]\n" BIND VETH,
                    0);
        assert_runs("[Exec]\nProcessTwo=yes\nParameters=sleep 9\nKillSignal=SIGRTMIN+4\n",
                    "[Exec]\nProcessTwo=yes\nParameters=" PATH_GUEST_FIRST " --program\nParameters=sleep 9\n"
                    "KillSignal=SIGRTMIN+4\n\n[Files]\n" BIND VETH,
                    SIGRTMIN + 4);
}

static void assert_file_refused(const char *text, const char *message) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        assert_true(nspawn_file_to_container(text, "web", "web.nspawn", &c, &e) < 0);
        assert_string_equal(error_message(&e), message);
}

static void test_file_refused(void **state) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT;
        _cleanup_(error_clear) struct error e = ERROR_INIT;

        assert_file_refused("[Network]\nA=\\\n1\nVirtualEthernet=maybe\n",
                            "web.nspawn:2: A: systemd.nspawn(5) has no such key in this section");
        assert_file_refused("[Network]\nBridge=vz-lan\n",
                            "web.nspawn: Bridge: vz-lan is the bridge of a zone, which only its members join; say "
                            "Zone=lan, or name another bridge");
        assert_file_refused("\n[Network]\nMACVLAN=a/b\n",
                            "web.nspawn:3: MACVLAN: expected names of links, IF or IF:NAME");
        assert_file_refused("[Exec]\nBridge=br0\n",
                            "web.nspawn:2: Bridge: systemd.nspawn(5) has no such key in this section");
        assert_file_refused("Boot=yes\n", "web.nspawn:1: Boot: stands before the first [SECTION]");
        assert_file_refused("[Net\n", "web.nspawn:1: [Net: expected [SECTION]");
        assert_file_refused("[]\n", "web.nspawn:1: []: expected [SECTION]");
        assert_file_refused("[Unit]\n", "web.nspawn:1: Unit: systemd.nspawn(5) has no such section; it has [Exec], "
                                        "[Files] and [Network]");
        assert_file_refused("[Exec]\nBoot\n", "web.nspawn:2: Boot: expected KEY=VALUE");
        assert_file_refused("[Exec]\nBoot=1\nBoot=0\n",
                            "web.nspawn:3: Boot: contradicts what is said before of Boot= and ProcessTwo=");
        assert_file_refused("[Exec]\nProcessTwo=1\nBoot=1\n",
                            "web.nspawn:3: Boot: contradicts what is said before of Boot= and ProcessTwo=");
        assert_file_refused("[Exec]\nKillSignal=SIGNOTHING\n",
                            "web.nspawn:2: KillSignal: expected a signal, such as SIGTERM or SIGRTMIN+3");
        assert_file_refused("[Exec]\nParameters=a\\", "web.nspawn:2: Parameters: goes on in a line that is not there");
        assert_file_refused("[Network]\nVirtualEthernet=no\nPort=80\n",
                            "web.nspawn: VirtualEthernet=no shares the host's network, and what listens inside is at "
                            "the host's addresses already; remove Port=, or VirtualEthernet=no");
        assert_file_refused("[Network]\nPort=0\n", "web.nspawn:2: Port: expected forwards such as tcp:8080:80, "
                                                   "separated by commas");
        assert_file_refused("[Network]\nBridge=a\nZone=b\n",
                            "web.nspawn: [Network]: Bridge= and Zone= exclude each other: a zone is a bridge that is "
                            "made for its members");

        /* All of them. */
        assert_true(nspawn_file_to_container("[Network]\nA=1\nB=2\n", "web", "web.nspawn", &c, &e) < 0);
        assert_non_null(e.next);
        assert_string_equal(e.next->message, "web.nspawn:3: B: systemd.nspawn(5) has no such key in this section");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_modes),          cmocka_unit_test(test_links),
                cmocka_unit_test(test_passed_on),      cmocka_unit_test(test_refused),
                cmocka_unit_test(test_contradictions), cmocka_unit_test(test_names),
                cmocka_unit_test(test_file),           cmocka_unit_test(test_file_refused),
                cmocka_unit_test(test_file_runs),      cmocka_unit_test(test_file_line_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

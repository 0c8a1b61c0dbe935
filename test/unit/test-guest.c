/* NAME.nspawn byte for byte, and what guest_files_make() refuses, in which words. What it makes: test/golden/guest. */
#include "test.h"

#include "config/guest.h"

#include <errno.h>
#include <string.h>

static void assert_nspawn(const struct container *c, const char *usr, bool idmap, const char *expected) {
        _cleanup_(freep) char *text = guest_nspawn_file(c, usr, idmap, "/usr/lib/systemd/systemd");

        assert_text(text, expected);
}

static void test_nspawn_default(void **state) {
        struct container c = CONTAINER_INIT;

        c.name = (char *) "example";
        assert_nspawn(&c, "/trees/t/usr", true,
                      "# Made by nixos-nspawn: changes here are lost at the next update.\n"
                      "[Exec]\n"
                      "Boot=no\n"
                      "Ephemeral=no\n"
                      "KillSignal=SIGRTMIN+3\n"
                      "LinkJournal=no\n"
                      "NotifyReady=yes\n"
                      "Parameters=/run/host/nixos-nspawn/first /usr/lib/systemd/systemd\n"
                      "PrivateUsers=pick\n"
                      "ResolvConf=off\n"
                      "Timezone=off\n"
                      "\n"
                      "[Files]\n"
                      "BindReadOnly=/trees/t/usr:/usr:norbind,idmap\n"
                      "BindReadOnly=/run/nixos-nspawn/containers/example/guest:/run/host/nixos-nspawn\n"
                      "PrivateUsersOwnership=auto\n"
                      "\n"
                      "[Network]\n"
                      "Private=yes\n"
                      "VirtualEthernet=yes\n");
}

static void test_nspawn_options(void **state) {
        const char *mounts[] = {"/srv/a:/a",           "/srv/b\\", "/c:/c:norbind", "/d:/d:rootidmap",
                                "/e:/e:rbind,noidmap", NULL};
        struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *with = NULL, *without = NULL, *plain = NULL;

        c.name = (char *) "b";
        c.ephemeral = true;
        c.bind_mounts = (char **) mounts;
        with = guest_nspawn_file(&c, NULL, true, "/sbin/init");
        assert_non_null(with);
        assert_non_null(strstr(with, "Ephemeral=yes\n"));
        assert_non_null(strstr(with, "Parameters=/run/host/nixos-nspawn/first /sbin/init\n"));
        assert_non_null(strstr(with, "[Files]\n"
                                     "Bind=/srv/a:/a:idmap\n"
                                     "Bind=/srv/b\\\\:/srv/b\\\\:idmap\n"
                                     "Bind=/c:/c:norbind,idmap\n"
                                     "Bind=/d:/d:rootidmap\n"
                                     "Bind=/e:/e:rbind,noidmap\n"
                                     "BindReadOnly=/run/"));
        assert_null(strstr(with, ":/usr"));

        /* A filesystem that has no ID-mapped mounts, then no user namespace. */
        without = guest_nspawn_file(&c, "/t/usr", false, "/sbin/init");
        assert_non_null(without);
        assert_non_null(strstr(without, "Bind=/srv/a:/a\n"));
        assert_non_null(strstr(without, "BindReadOnly=/t/usr:/usr:norbind\n"));
        c.user_namespacing = false;
        plain = guest_nspawn_file(&c, "/t/usr", true, "/sbin/init");
        assert_non_null(plain);
        assert_non_null(strstr(plain, "Bind=/srv/b\\\\\n"));
        assert_non_null(strstr(plain, "PrivateUsers=no\n"));
        assert_non_null(strstr(plain, "BindReadOnly=/t/usr:/usr:norbind\n"));
        assert_non_null(strstr(plain, "PrivateUsersOwnership=chown\n"));
}

static void assert_network(enum network_mode mode, const char *expected) {
        struct container c = CONTAINER_INIT;
        _cleanup_(freep) char *text = NULL;

        c.name = (char *) "n";
        c.mode = mode;
        c.attached_to = (char *) "lan";
        text = guest_nspawn_file(&c, NULL, true, "/sbin/init");
        assert_non_null(text);
        assert_text(strstr(text, "[Network]\n"), expected);
}

static void test_nspawn_network(void **state) {
        assert_network(NETWORK_ZONE, "[Network]\nBridge=vz-lan\nPrivate=yes\nVirtualEthernet=yes\n");
        assert_network(NETWORK_BRIDGE, "[Network]\nBridge=lan\nPrivate=yes\nVirtualEthernet=yes\n");
        assert_network(NETWORK_NONE, "[Network]\nPrivate=yes\nVirtualEthernet=no\n");
        assert_network(NETWORK_HOST, "[Network]\nPrivate=no\nVirtualEthernet=no\n");
}

static void assert_refused(const char *config, const char *message) {
        _cleanup_(error_clear) struct error e = ERROR_INIT;
        struct guest_files files;
        json_t *spec = json_pack("{s:i, s:o}", "version", 1, "config", json_loads(config, 0, NULL));

        assert_non_null(spec);
        assert_true(guest_files_make(spec, &files, &e) < 0);
        assert_string_equal(error_message(&e), message);
        assert_int_equal(e.exit_status, EXIT_CONTAINER);
        assert_int_equal(files.n, 0);
        json_decref(spec);
}

static void test_refusals(void **state) {
        assert_refused("{\"networking\": {\"hostName\": \"a b\"}}",
                       "networking.hostName: 'a b' is not a host name: 1 to 63 letters, digits and '-', not at an end");
        assert_refused("{\"networking\": {\"hostName\": 7}}",
                       "networking.hostName: expected a string, found the number 7");
        assert_refused(
                "{\"networking\": {\"firewall\": {\"allowedTCPPorts\": [80, 70000]}}}",
                "networking.firewall.allowedTCPPorts[1]: expected a port from 1 to 65535, found the number 70000");
        assert_refused("{\"networking\": {\"firewall\": {\"allowedUDPPortRanges\": [{\"from\": 9, \"to\": 8}]}}}",
                       "networking.firewall.allowedUDPPortRanges[0]: from 9 is above to 8");
        assert_refused("{\"networking\": {\"firewall\": {\"trustedInterfaces\": [\"a\\\"b\"]}}}",
                       "networking.firewall.trustedInterfaces[0]: not the name of an interface");
        assert_refused(
                "{\"services\": {\"nginx\": {\"enable\": true, \"virtualHosts\": {\"a\": {\"root\": \"/x\\ny\"}}}}}",
                "services.nginx.virtualHosts.\"a\".root: has a line break, or a backslash at its end, which has no "
                "place here");
        assert_refused("{\"services\": {\"nginx\": {\"enable\": true, \"virtualHosts\": {\"a\\\\\": {}}}}}",
                       "services.nginx.virtualHosts.\"a\\\": not the name of a server");
        assert_refused(
                "{\"services\": {\"nginx\": {\"enable\": true, \"virtualHosts\": {\"a\": {\"locations\": {\"/x\\\\\": "
                "{}}}}}}}",
                "services.nginx.virtualHosts.\"a\".locations.\"/x\\\": not the path of a location");
        assert_refused("{\"services\": {\"openssh\": {\"enable\": true, \"settings\": {\"A\": {}}}}}",
                       "services.openssh.settings.A: expected a string, a number, true or false, or a list");
}

static void test_refused_units(void **state) {
        assert_refused("{\"systemd\": {\"services\": {\"../x\": {\"script\": \"true\"}}}}",
                       "systemd.services: has a name that no unit can have: letters, digits and ':-_.\\@'");
        assert_refused("{\"systemd\": {\"services\": {\"x\": {\"wantedBy\": [\"a/b\"]}}}}",
                       "systemd.services.\"x\".wantedBy[0]: not the name of a unit, such as \"multi-user.target\"");
        assert_refused(
                "{\"systemd\": {\"services\": {\"x\": {\"serviceConfig\": {\"User\": \"a\\nExecStart=/b\"}}}}}",
                "systemd.services.\"x\".serviceConfig.User: has a line break, which a unit file cannot hold; write "
                "it on one line");
        assert_refused("{\"systemd\": {\"services\": {\"x\": {\"description\": \"a\\\\\"}}}}",
                       "systemd.services.\"x\".description: has a line break, or a backslash at its end, which has no "
                       "place here");
        assert_refused("{\"systemd\": {\"services\": {\"x\": {\"serviceConfig\": {\"User\": [\"a\", \"b\\\\\"]}}}}}",
                       "systemd.services.\"x\".serviceConfig.User: ends with a backslash, which would take in the line "
                       "behind it");
        assert_refused(
                "{\"systemd\": {\"services\": {\"x\": {\"serviceConfig\": {\"a=b\": 1}}}}}",
                "systemd.services.\"x\".serviceConfig: has a key that is not a setting's name (letters, digits, '-' "
                "and '_')");
        assert_refused(
                "{\"systemd\": {\"network\": {\"networks\": {\"x\": {\"adress\": []}}}}}",
                "systemd.network.networks.\"x\".adress: no such option (names as in NixOS: networkConfig, address, "
                "routes ...)");
}

static void test_refused_etc(void **state) {
        assert_refused(
                "{\"environment\": {\"etc\": {\"../shadow\": {\"text\": \"\"}}}}",
                "environment.etc.\"../shadow\": '../shadow' is not a path below /etc: relative, without '.', '..' "
                "or empty parts");
        assert_refused(
                "{\"environment\": {\"etc\": {\"a\": {\"text\": \"\", \"mode\": \"rw\"}}}}",
                "environment.etc.\"a\".mode: expected octal digits such as \"0600\", or \"symlink\", found \"rw\"");
        assert_refused("{\"environment\": {\"etc\": {\"a\": {}}}}",
                       "environment.etc.\"a\": has neither text nor source; say what the file holds");
        assert_refused("{\"environment\": {\"etc\": {\"a\": {\"text\": \"\"}, \"a-b\": {\"text\": \"\"}, "
                       "\"a/b\": {\"text\": \"\"}}}}",
                       "the config asks for /etc/a as a file and for /etc/a/b below it");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nspawn_default), cmocka_unit_test(test_nspawn_options),
                cmocka_unit_test(test_nspawn_network), cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_refused_units),  cmocka_unit_test(test_refused_etc),
        };

        return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}

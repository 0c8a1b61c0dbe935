/* What the spec reader takes and refuses, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/spec.h"
#include "config/spec_text.h"
#include "config/table.h"

#include <errno.h>
#include <string.h>

static int read_spec(const char *options, const char *name, struct container *ret, struct error *e) {
        json_t *spec = json_pack("{s:i, s:s, s:{s:o}}", "version", SPEC_VERSION, "name", name, "config",
                                 "nixosContainer", json_loads(options, JSON_DECODE_ANY, NULL));
        int r;

        assert_non_null(spec);
        r = spec_to_container(spec, name, ret, e);
        json_decref(spec);
        return r;
}

static void assert_accepted(const char *options, struct container *ret) {
        struct error e = ERROR_INIT;
        int r = read_spec(options, "example", ret, &e);

        if (r < 0)
                print_error("%s: %s\n", options, error_message(&e));
        assert_int_equal(r, 0);
        assert_null(e.message);
}

static void assert_refused(const char *options, const char *message) {
        struct container c = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        assert_true(read_spec(options, "example", &c, &e) < 0);
        assert_string_equal(error_message(&e), message);
        assert_int_equal(e.exit_status, EXIT_CONTAINER);
        assert_true(e.code < 0);
        assert_null(c.name);
        error_clear(&e);
        /* Nobody may be interested in the words. */
        assert_true(read_spec(options, "example", &c, NULL) < 0);
}

/* As a configuration has them that says nothing. */
#define DEFAULTS                                                                                                       \
        "\"activation\": {\"autoStart\": true, \"reloadScript\": null, \"strategy\": \"restart\"},"                    \
        "\"bindMounts\": [], \"bridge\": null, \"containerNetworkConfig\": null, \"credentials\": [],"                 \
        "\"declarative\": false, \"ephemeral\": false, \"hostNetworkConfig\": null, \"mountDaemonSocket\": false,"     \
        "\"outsideAccess\": \"global\","                                                                               \
        "\"sharedNix\": true, \"systemCallFilter\": null, \"timeoutStartSec\": \"90s\", \"userNamespacing\": true,"    \
        "\"zone\": null"

static void defaults_of(const char *options) {
        struct container c = CONTAINER_INIT;

        assert_accepted(options, &c);
        assert_string_equal(c.name, "example");
        assert_int_equal(c.mode, NETWORK_VETH);
        assert_null(c.attached_to);
        assert_int_equal(c.n_forwards, 0);
        assert_true(c.user_namespacing);
        assert_true(c.auto_start);
        assert_false(c.ephemeral);
        assert_int_equal(c.timeout_start_usec, 90000000);
        assert_null(c.bind_mounts && c.bind_mounts[0] ? c.bind_mounts : NULL);
        container_clear(&c);
}

/* Absent or written out, they say the same. */
static void test_defaults(void **state) {
        defaults_of("{}");
        defaults_of("{" DEFAULTS "}");
}

static void test_everything(void **state) {
        struct container c = CONTAINER_INIT;

        assert_accepted(
                "{\"declarative\": false, \"sharedNix\": true, \"mountDaemonSocket\": false, \"ephemeral\": true,"
                " \"userNamespacing\": false, \"systemCallFilter\": null, \"bridge\": null, \"zone\": null,"
                " \"credentials\": [], \"hostNetworkConfig\": null, \"containerNetworkConfig\": null,"
                " \"activation\": {\"strategy\": \"restart\", \"reloadScript\": null, \"autoStart\": false},"
                " \"bindMounts\": [\"/srv:/srv:rbind,idmap\", \"/data\", \"/a..b:/c\"],"
                " \"timeoutStartSec\": \"2min\","
                " \"forwardPorts\": ["
                "  {\"hostPort\": 8181, \"containerPort\": 80, \"protocol\": \"tcp\","
                "   \"bindAddress\": null, \"count\": 1},"
                "  {\"hostPort\": 53, \"protocol\": \"udp\", \"bindAddress\": \"::1\"},"
                "  {\"hostPort\": 65535, \"containerPort\": null},"
                "  {\"hostPort\": 1, \"containerPort\": 60001, \"count\": 5535}]}",
                &c);
        assert_true(c.ephemeral);
        assert_false(c.user_namespacing);
        assert_false(c.auto_start);
        assert_int_equal(c.timeout_start_usec, 120000000);
        assert_string_equal(c.bind_mounts[0], "/srv:/srv:rbind,idmap");
        assert_string_equal(c.bind_mounts[2], "/a..b:/c");
        assert_null(c.bind_mounts[3]);
        assert_int_equal(c.n_forwards, 4);
        assert_int_equal(c.forwards[0].host_port, 8181);
        assert_int_equal(c.forwards[0].container_port, 80);
        assert_int_equal(c.forwards[0].count, 1);
        assert_int_equal(c.forwards[0].bind.family, AF_UNSPEC);
        assert_int_equal(c.forwards[1].protocol, PROTOCOL_UDP);
        assert_int_equal(c.forwards[1].container_port, 53);
        assert_int_equal(c.forwards[1].bind.family, AF_INET6);
        assert_int_equal(c.forwards[2].container_port, 65535);
        assert_int_equal(c.forwards[3].count, 5535);
        container_clear(&c);
}

static void test_timeouts(void **state) {
        struct container c = CONTAINER_INIT;

        assert_accepted("{\"timeoutStartSec\": \"infinity\"}", &c);
        assert_true(c.timeout_start_usec == UINT64_MAX);
        container_clear(&c);
        assert_accepted("{\"timeoutStartSec\": \"0\"}", &c);
        assert_true(c.timeout_start_usec == UINT64_MAX);
        container_clear(&c);
        assert_refused(
                "{\"timeoutStartSec\": \"soon\"}",
                "container 'example': nixosContainer.timeoutStartSec: expected a time span such as \"90s\", \"2min "
                "30s\" or \"infinity\", found the string \"soon\"");
        assert_refused(
                "{\"timeoutStartSec\": 90}",
                "container 'example': nixosContainer.timeoutStartSec: expected a time span such as \"90s\", \"2min "
                "30s\" or \"infinity\", found the number 90");
}

#define FORWARD   "container 'example': nixosContainer.forwardPorts"
#define WANT_PORT "expected a port from 1 to 65535, found "

static void test_ports_refused(void **state) {
        static const struct {
                const char *forwards, *message;
        } cases[] = {
                {"[{\"hostPort\": 0}]", FORWARD "[0].hostPort: " WANT_PORT "the number 0"},
                {"[{\"hostPort\": 70000}]", FORWARD "[0].hostPort: " WANT_PORT "the number 70000"},
                {"[{\"hostPort\": -1}]", FORWARD "[0].hostPort: " WANT_PORT "the number -1"},
                {"[{\"hostPort\": 80.0}]", FORWARD "[0].hostPort: " WANT_PORT "the number 80"},
                {"[{\"hostPort\": \"80\"}]", FORWARD "[0].hostPort: " WANT_PORT "the string \"80\""},
                {"[{\"hostPort\": 80}, {}]", FORWARD "[1].hostPort: " WANT_PORT "nothing"},
                {"[{\"hostPort\": 80, \"containerPort\": 65536}]", FORWARD
                 "[0].containerPort: expected a port from 1 to 65535, or null for the same as hostPort, found the "
                 "number 65536"},
                {"[{\"hostPort\": 80, \"protocol\": \"sctp\"}]",
                 FORWARD "[0].protocol: expected \"tcp\" or \"udp\", found the string \"sctp\""},
                {"[{\"hostPort\": 80, \"bindAddress\": \"10.0.0.0/8\"}]",
                 FORWARD "[0].bindAddress: expected an IPv4 or IPv6 address, or null for all, found the string "
                         "\"10.0.0.0/8\""},
                {"[{\"hostPort\": 80, \"bindAddress\": \"ff02::1\"}]",
                 FORWARD "[0].bindAddress: expected an address that the host can have, not a multicast one, found the "
                         "string \"ff02::1\""},
                {"[{\"hostPort\": 80, \"count\": 0}]",
                 FORWARD "[0].count: expected a number of ports from 1 to 65535, found the number 0"},
                {"[{\"hostPort\": 65000, \"count\": 1000}]",
                 FORWARD "[0]: 1000 ports from hostPort 65000 on end at 65999, past 65535; lower count or the first "
                         "port"},
                {"[{\"hostPort\": 1, \"containerPort\": 65535, \"count\": 2}]",
                 FORWARD "[0]: 2 ports from containerPort 65535 on end at 65536, past 65535; lower count or the first "
                         "port"},
                {"[{\"hostPort\": 80, \"hostport\": 81}]", FORWARD "[0]: no option 'hostport' is known here"},
                {"[80]", FORWARD "[0]: expected an attribute set with hostPort, found the number 80"},
                {"{\"hostPort\": 80}", FORWARD ": expected a list of attribute sets, found an attribute set"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char options[512];

                (void) snprintf(options, sizeof(options), "{\"forwardPorts\": %s}", cases[i].forwards);
                assert_refused(options, cases[i].message);
        }
}

#define TWICE "; give one of them another hostPort or bindAddress"

static void test_doubles(void **state) {
        struct container c = CONTAINER_INIT;

        assert_refused("{\"forwardPorts\": [{\"hostPort\": 8181}, {\"hostPort\": 80}, {\"hostPort\": 8181}]}",
                       FORWARD "[0] and nixosContainer.forwardPorts[2] both forward tcp port 8181 of the host" TWICE);
        assert_refused("{\"forwardPorts\": [{\"hostPort\": 105}, {\"hostPort\": 100, \"count\": 10}]}",
                       FORWARD "[0] and nixosContainer.forwardPorts[1] both forward tcp port 105 of the host" TWICE);
        assert_refused(
                "{\"forwardPorts\": [{\"hostPort\": 1, \"count\": 65535}, {\"hostPort\": 7, \"protocol\": \"udp\"},"
                " {\"hostPort\": 65535}]}",
                FORWARD "[0] and nixosContainer.forwardPorts[2] both forward tcp port 65535 of the host" TWICE);
        assert_refused("{\"forwardPorts\": [{\"hostPort\": 80, \"bindAddress\": \"10.0.0.1\"}, {\"hostPort\": 80}]}",
                       FORWARD "[0] and nixosContainer.forwardPorts[1] both forward tcp port 80 of the host" TWICE);

        assert_accepted("{\"forwardPorts\": [{\"hostPort\": 53}, {\"hostPort\": 53, \"protocol\": \"udp\"},"
                        " {\"hostPort\": 80, \"bindAddress\": \"10.0.0.1\"},"
                        " {\"hostPort\": 80, \"bindAddress\": \"10.0.0.2\"},"
                        " {\"hostPort\": 100, \"count\": 10}, {\"hostPort\": 110}, {\"hostPort\": 99}]}",
                        &c);
        assert_int_equal(c.n_forwards, 7);
        container_clear(&c);
}

#define PENDING(option)                                                                                                \
        "container 'example': nixosContainer." option " is not yet supported by this version; remove it from the "     \
        "config"

static void test_not_yet(void **state) {
        assert_refused("{\"declarative\": true}", PENDING("declarative"));
        assert_refused("{\"sharedNix\": false}", PENDING("sharedNix"));
        assert_refused("{\"mountDaemonSocket\": true}", PENDING("mountDaemonSocket"));
        assert_refused("{\"systemCallFilter\": \"@raw-io\"}", PENDING("systemCallFilter"));
        assert_refused("{\"credentials\": [{\"id\": \"a\", \"path\": \"/a\"}]}", PENDING("credentials"));
        assert_refused("{\"activation\": {\"reloadScript\": \"/bin/true\"}}", PENDING("activation.reloadScript"));
        assert_refused("{\"activation\": {\"strategy\": \"dynamic\"}}",
                       "container 'example': 'dynamic' is currently not supported for imperative containers!");
        assert_refused("{\"activation\": {\"strategy\": \"resart\"}}",
                       "container 'example': nixosContainer.activation.strategy: expected \"restart\", \"reload\" or "
                       "\"none\", "
                       "found the string \"resart\"");
}

/* A value that the option does not have by default. */
static json_t *another_value(const json_t *entry) {
        const json_t *type = json_object_get(entry, "type"), *fallback = json_object_get(entry, "default");

        if (strcmp(json_string_value(json_object_get(type, "kind")), "boolean") == 0)
                return json_boolean(!json_is_true(fallback));
        return json_is_array(fallback) ? json_pack("[{}]") : json_string("x");
}

/* The table and the reader agree on what is not yet supported. */
static void test_not_yet_is_the_tables(void **state) {
        json_t *table = table_load(), *entry;
        const json_t *options =
                json_object_get(json_object_get(json_object_get(table, "options"), "nixosContainer"), "options");
        unsigned pending = 0;
        const char *key;

        json_object_foreach ((json_t *) options, key, entry) {
                _cleanup_(container_clear) struct container c = CONTAINER_INIT;
                _cleanup_(error_clear) struct error e = ERROR_INIT;
                bool is_pending = json_is_true(json_object_get(entry, "pending"));
                json_t *spec;
                int r;

                if (!json_object_get(entry, "type"))
                        continue;
                spec = json_pack("{s:i, s:{s:{s:o}}}", "version", SPEC_VERSION, "config", "nixosContainer", key,
                                 another_value(entry));
                r = spec_to_container(spec, "example", &c, &e);
                json_decref(spec);
                if (is_pending != (r == -EOPNOTSUPP))
                        print_error("%s: %s\n", key, r < 0 ? error_message(&e) : "accepted");
                assert_int_equal(is_pending, r == -EOPNOTSUPP);
                pending += is_pending;
        }
        json_decref(table);
        assert_int_equal(pending, 5);
}

static void test_zone(void **state) {
        _cleanup_(container_clear) struct container c = CONTAINER_INIT, veth = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        assert_int_equal(read_spec("{\"zone\": \"myzone\", \"isolated\": true}", "example", &c, &e), 0);
        assert_int_equal(c.mode, NETWORK_ZONE);
        assert_string_equal(c.attached_to, "myzone");
        assert_true(c.isolated);
        assert_int_equal(read_spec("{\"hostAccess\": [\"tcp/443\", \"53\"]}", "example", &veth, &e), 0);
        assert_int_equal(veth.access.n_ports, 3);

        assert_refused(
                "{\"zone\": \"a-zone-too-long\"}",
                "container 'example': nixosContainer.zone = \"a-zone-too-long\": a name has at most 12 characters, "
                "so that its bridge can be called vz-NAME");
        assert_refused("{\"isolated\": true}",
                       "container 'example': nixosContainer.isolated is for members of a zone (nixosContainer.zone); "
                       "containers without one are closed to each other anyway");
        assert_refused(
                "{\"zone\": \"lan\", \"hostAccess\": \"all\"}",
                "container 'example': nixosContainer.hostAccess: container 'example' is in zone 'lan', whose own "
                "hostAccess counts; set it there");
        assert_refused("{\"hostAccess\": [\"tcp/0\"]}",
                       "container 'example': nixosContainer.hostAccess: expected \"services\", \"all\", \"none\" or a "
                       "list of ports (\"tcp/443\", \"8080\"), found the string \"tcp/0\"");
        assert_true(read_spec("{\"zone\": \"lan\", \"hostNetworkConfig\": {}}", "example", &veth, &e) < 0);
        assert_non_null(strstr(error_message(&e), "hostNetworkConfig and zone are mutually exclusive on container"));
        assert_non_null(strstr(error_message(&e), "nixos-nspawn zone update lan --config FILE"));
        error_clear(&e);
}

#define MOUNT(n)                                                                                                       \
        "container 'example': nixosContainer.bindMounts[" n "]: expected \"HOST:CONTAINER\" or "                       \
        "\"HOST:CONTAINER:OPTIONS\" with absolute paths without \"..\" and options rbind, norbind, idmap, "            \
        "noidmap, rootidmap, found "

static void test_bind_mounts_refused(void **state) {
        assert_refused("{\"bindMounts\": [\"/a:/b\", \"srv:/srv\"]}", MOUNT("1") "the string \"srv:/srv\"");
        assert_refused("{\"bindMounts\": [\"/srv:srv\"]}", MOUNT("0") "the string \"/srv:srv\"");
        assert_refused("{\"bindMounts\": [\"/srv:\"]}", MOUNT("0") "the string \"/srv:\"");
        assert_refused("{\"bindMounts\": [\"/srv:/srv:\"]}", MOUNT("0") "the string \"/srv:/srv:\"");
        assert_refused("{\"bindMounts\": [\"/srv:/srv:ro\"]}", MOUNT("0") "the string \"/srv:/srv:ro\"");
        assert_refused("{\"bindMounts\": [\"/srv:/srv:rbind,\"]}", MOUNT("0") "the string \"/srv:/srv:rbind,\"");
        assert_refused("{\"bindMounts\": [\"/srv/../etc:/srv\"]}", MOUNT("0") "the string \"/srv/../etc:/srv\"");
        assert_refused("{\"bindMounts\": [\"/srv:/..\"]}", MOUNT("0") "the string \"/srv:/..\"");
        assert_refused("{\"bindMounts\": [\"\"]}", MOUNT("0") "the string \"\"");
        assert_refused("{\"bindMounts\": [\"/srv\\n:/x\"]}", MOUNT("0") "a string with control characters");
        assert_refused("{\"bindMounts\": [7]}", MOUNT("0") "the number 7");
        assert_refused("{\"bindMounts\": \"/srv\"}",
                       "container 'example': nixosContainer.bindMounts: expected a list of strings, found the string "
                       "\"/srv\"");
}

static void test_network(void **state) {
        struct container c = CONTAINER_INIT;

        assert_accepted(
                "{\"hostNetworkConfig\": {\"ipv6Prefixes\": [{\"Prefix\": \"2001:1234:abcd:ef01::/64\","
                "\"Assign\": true}]}, \"containerNetworkConfig\": {\"address\": [\"2001:1234:abcd:ef01::2/64\"]},"
                "\"outsideAccess\": \"none\"}",
                &c);
        assert_int_equal(c.host_settings.n_prefixes, 1);
        assert_int_equal(c.container_settings.n_addresses, 1);
        assert_int_equal(c.outside_access, OUTSIDE_NONE);
        container_clear(&c);
        assert_refused("{\"outsideAccess\": \"some\"}",
                       "container 'example': nixosContainer.outsideAccess: expected \"global\", \"all\" or \"none\", "
                       "found the string \"some\"");
        assert_refused("{\"hostNetworkConfig\": {\"address\": [\"10.1.0.1/24\"]},"
                       "\"containerNetworkConfig\": {\"address\": [\"10.1.0.1/24\"]}}",
                       "container 'example': nixosContainer.containerNetworkConfig: the address 10.1.0.1 is the host's "
                       "by nixosContainer.hostNetworkConfig; give the container another one");
        assert_refused("{\"hostNetworkConfig\": {\"linkConfig\": {\"MTUBytes\": 1400}},"
                       "\"containerNetworkConfig\": {\"linkConfig\": {\"MTUBytes\": \"1300\"}}}",
                       "container 'example': nixosContainer.containerNetworkConfig.linkConfig.MTUBytes: is 1300, while "
                       "hostNetworkConfig says 1400; the two ends of a link have the same MTU");
}

static void test_wrong_types(void **state) {
        assert_refused("{\"ephemeral\": \"yes\"}", "container 'example': nixosContainer.ephemeral: expected true or "
                                                   "false, found the string \"yes\"");
        assert_refused("{\"userNamespacing\": null}",
                       "container 'example': nixosContainer.userNamespacing: expected true or false, found null");
        assert_refused("{\"activation\": []}",
                       "container 'example': nixosContainer.activation: expected an attribute set, found a list");
        assert_refused("{\"activation\": {\"autoStart\": 1}}",
                       "container 'example': nixosContainer.activation.autoStart: expected true or false, found the "
                       "number 1");
        assert_refused("[]",
                       "spec: expected an attribute set at \"config.nixosContainer\", found a list; it is damaged, "
                       "remove the container, which keeps its files, and create it again");
}

static void assert_damaged(const char *text, const char *message) {
        json_t *spec = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
        struct container c = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        assert_int_equal(spec_to_container(spec, "example", &c, &e), -EINVAL);
        assert_string_equal(error_message(&e), message);
        error_clear(&e);
        json_decref(spec);
}

static void test_damaged_specs(void **state) {
        static const char *const cases[][2] = {
                {NULL, "nothing"},
                {"[]", "nothing"},
                {"{}", "nothing"},
                {"{\"version\": 2, \"config\": {\"nixosContainer\": {}}}", "the number 2"},
                {"{\"version\": \"1\", \"config\": {\"nixosContainer\": {}}}", "the string \"1\""},
        };
        char message[256];

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                (void) snprintf(message, sizeof(message),
                                "spec: expected \"version\" 1, found %s; it was written by another version or is "
                                "damaged, remove the container, which keeps its files, and create it again",
                                cases[i][1]);
                assert_damaged(cases[i][0], message);
        }
        assert_damaged(
                "{\"version\": 1, \"config\": []}",
                "spec: expected an attribute set at \"config.nixosContainer\", found nothing; it is damaged, remove "
                "the container, which keeps its files, and create it again");
}

static void test_names(void **state) {
        struct container c = CONTAINER_INIT;
        struct error e = ERROR_INIT;

        assert_true(read_spec("{}", "-x", &c, &e) < 0);
        assert_int_equal(e.exit_status, EXIT_CONTAINER);
        assert_non_null(strstr(error_message(&e), "container name '-x': "));
        error_clear(&e);
        assert_true(read_spec("{}", "../etc", &c, NULL) < 0);
        assert_true(read_spec("{}", "", &c, NULL) < 0);
}

/* The short way gives what parsing all of it would, or says that it cannot. */
static void test_text(void **state) {
        static const struct {
                const char *text, *options; /* NULL: not the short way */
        } cases[] = {
                {"{\"version\":1,\"config\":{\"nixosContainer\":{\"a\":[1,{\"b\":\"}\"}]}}}",
                 "{\"a\":[1,{\"b\":\"}\"}]}"},
                {" { \"x\" : \"\\\"{[\" , \"config\" : { \"y\" : [ [ ] , { } ] , \"nixosContainer\" : { } } "
                 ",\n\"version\" : 1 } \n",
                 "{}"},
                {"{\"version\":1,\"config\":{\"z\":{\"nixosContainer\":{\"a\":1}},\"nixosContainer\":{\"a\":2}}}",
                 "{\"a\":2}"},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{\"a\" : [ 1 ,\n { \"b c\" : \" \\\\\" } ] , "
                 "\"zone\":\"z\"}}}",
                 "{\"a\":[1,{\"b c\":\" \\\\\"}],\"zone\":\"z\"}"},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{" DEFAULTS "}}}", "{}"},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{\"zone\":null,\"zone\":\"x\"}}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{\"zone\":\"x\",\"zone\":null}}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{\"a\":1 2}}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{\"a\":tr ue}}}", NULL},
                {"{\"version\":1 0,\"config\":{\"nixosContainer\":{}}}", NULL},
                {"", NULL},
                {"{", NULL},
                {"{}", NULL},
                {"[]", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}}}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}}} x", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}},}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}},\"x\":[1}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}},\"x\":\"1}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}},\"x\":\"1}}\\", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}},\"x\":}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{}},\"config\":{\"nixosContainer\":{}}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{\"a\":1,\"a\":2}}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{\"a\":01}}}", NULL},
                {"{\"version\":1,\"config\":{\"nixosContainer\":{},\"nixos\\u0043ontainer\":{}}}", NULL},
                {"{\"version\":1,\"config\":[]}", NULL},
                {"{\"version\":1,\"config\":{}}", NULL},
                {"{\"config\":{\"nixosContainer\":{}}}", NULL},
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                size_t size = strlen(cases[i].text);
                char *text = malloc(size > 0 ? size : 1); /* without NUL: a sanitizer sees a byte too far */
                json_t *spec = NULL, *wanted;
                int r;

                assert_non_null(text);
                memcpy(text, cases[i].text, size);
                r = spec_text_options(text, size, &spec);
                if ((r == 0) != (cases[i].options != NULL))
                        print_error("%s\n", cases[i].text);
                assert_int_equal(r, cases[i].options ? 0 : -EBADMSG);
                if (cases[i].options) {
                        wanted = json_pack("{s:i, s:{s:o}}", "version", 1, "config", "nixosContainer",
                                           json_loads(cases[i].options, 0, NULL));
                        assert_true(json_equal(spec, wanted));
                        json_decref(wanted);
                }
                json_decref(spec);
                free(text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),          cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_everything),    cmocka_unit_test(test_timeouts),
                cmocka_unit_test(test_ports_refused), cmocka_unit_test(test_doubles),
                cmocka_unit_test(test_not_yet),       cmocka_unit_test(test_not_yet_is_the_tables),
                cmocka_unit_test(test_zone),          cmocka_unit_test(test_network),
                cmocka_unit_test(test_wrong_types),   cmocka_unit_test(test_bind_mounts_refused),
                cmocka_unit_test(test_damaged_specs), cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

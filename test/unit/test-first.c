/* The first process: the file that it is given, byte for byte; what it makes of that and of damaged ones; the guest's
 * .network file that declares the same. */
#include "test.h"

#include "base/cleanup.h"
#include "config/guest.h"
#include "runtime/first/first.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

static struct network example(void) {
        struct network n = {
                .name = "example", .link = "ve-example", .guest_link = "host0", .responders = true, .mtu = 1400};

        assert_int_equal(mac_parse("22:bc:8e:7d:3d:70", &n.host_mac), 0);
        n.router_mac = n.host_mac;
        assert_int_equal(mac_parse("f6:5f:83:ae:3d:21", &n.container_mac), 0);
        assert_int_equal(prefix_parse("10.233.5.17/28", false, &n.host_v4), 0);
        assert_int_equal(prefix_parse("10.233.5.18/28", false, &n.container_v4), 0);
        assert_int_equal(prefix_parse("fd12:3456:789a:1::1/64", false, &n.host_v6), 0);
        assert_int_equal(prefix_parse("fd12:3456:789a:1::2/64", false, &n.container_v6), 0);
        n.host_link_local = address_link_local(&n.host_mac);
        n.container_link_local = address_link_local(&n.container_mac);
        return n;
}

static const char first_golden[] =
        "# The network of example before its PID 1, for nspawn-first. Made anew at each start.\n"
        "link host0\n"
        "mtu 1400\n"
        "deadline 5000\n"
        "address 10.233.5.18/28\n"
        "address fd12:3456:789a:1::2/64\n"
        "address fe80::f45f:83ff:feae:3d21/64\n"
        "gateway 10.233.5.17\n"
        "gateway fd12:3456:789a:1::1\n"
        "neighbour 10.233.5.17 22:bc:8e:7d:3d:70\n"
        "neighbour fd12:3456:789a:1::1 22:bc:8e:7d:3d:70\n"
        "neighbour fe80::20bc:8eff:fe7d:3d70 22:bc:8e:7d:3d:70\n";

static const char network_golden[] =
        "# The network of example, written by nixos-nspawn: the same as what is in place before PID 1.\n"
        "[Match]\n"
        "Name=host0\n"
        "Virtualization=container\n"
        "\n"
        "[Link]\n"
        "MTUBytes=1400\n"
        "\n"
        "[Network]\n"
        "DHCP=no\n"
        "IPv6AcceptRA=no\n"
        "LinkLocalAddressing=no\n"
        "ConfigureWithoutCarrier=yes\n"
        "DNS=10.233.5.17\n"
        "DNS=fd12:3456:789a:1::1\n"
        "Domains=internal\n"
        "\n"
        "[Address]\n"
        "Address=10.233.5.18/28\n"
        "DuplicateAddressDetection=none\n"
        "\n"
        "[Address]\n"
        "Address=fd12:3456:789a:1::2/64\n"
        "DuplicateAddressDetection=none\n"
        "\n"
        "[Address]\n"
        "Address=fe80::f45f:83ff:feae:3d21/64\n"
        "DuplicateAddressDetection=none\n"
        "\n"
        "[Route]\n"
        "Gateway=10.233.5.17\n"
        "\n"
        "[Route]\n"
        "Gateway=fd12:3456:789a:1::1\n"
        "\n"
        "[Neighbor]\n"
        "Address=10.233.5.17\n"
        "LinkLayerAddress=22:bc:8e:7d:3d:70\n"
        "\n"
        "[Neighbor]\n"
        "Address=fd12:3456:789a:1::1\n"
        "LinkLayerAddress=22:bc:8e:7d:3d:70\n"
        "\n"
        "[Neighbor]\n"
        "Address=fe80::20bc:8eff:fe7d:3d70\n"
        "LinkLayerAddress=22:bc:8e:7d:3d:70\n";

static void test_files(void **state) {
        struct network n = example();
        struct container c = {.name = (char *) "example"};
        _cleanup_(freep) char *first = guest_first_file(&n, 5000);
        _cleanup_(freep) char *network = guest_network_file(&c, &n, "internal");

        assert_text(first, first_golden);
        assert_text(network, network_golden);
}

/* What is not there is not written: no IPv6, no MTU. */
static void test_files_v4_only(void **state) {
        struct network n = example();

        n.host_v6.address = n.container_v6.address = ADDRESS_NONE;
        n.mtu = 0;
        _cleanup_(freep) char *first = guest_first_file(&n, 0);

        assert_non_null(first);
        assert_null(strstr(first, "fd12"));
        assert_null(strstr(first, "mtu"));
        assert_non_null(strstr(first, "\ndeadline 0\n"));
        assert_non_null(strstr(first, "\naddress fe80::f45f:83ff:feae:3d21/64\n"));
}

static void test_parse(void **state) {
        char text[sizeof first_golden];
        struct first_file f;
        const char *problem;
        unsigned line;

        memcpy(text, first_golden, sizeof text);
        assert_int_equal(first_parse(text, &f, &line, &problem), 0);
        assert_int_equal(f.n, 1);
        assert_text(f.links[0].link, "host0");
        assert_int_equal(f.links[0].mtu, 1400);
        assert_int_equal(f.links[0].deadline_ms, 5000);
        assert_int_equal(f.links[0].n_addresses, 3);
        assert_int_equal(f.links[0].n_gateways, 2);
        assert_int_equal(f.links[0].n_neighbours, 3);
        assert_int_equal(f.links[0].addresses[1].length, 64);
        assert_int_equal(f.links[0].neighbours[2].mac.bytes[5], 0x70);
}

static void test_parse_damaged(void **state) {
        static const struct {
                const char *text;
                unsigned line;
                const char *problem;
        } cases[] = {
                {"", 0, "it names no link"},
                {"link host0", 1, "the file ends inside a line"},
                {"link host0\nmtu 14", 2, "the file ends inside a line"},
                {"link host0\nlink host0\n", 2, "a second link of that name"},
                {"mtu 1500\nlink host0\n", 1, "no link was named before"},
                {"link host0\nname a/b\n", 2, "not the name of a link"},
                {"link host0\nmac 1\n", 2, "not a hardware address"},
                {"link host0\nroute 10.0.0.1\n", 2, "not an address with a prefix length"},
                {"link ../etc\n", 1, "not the name of a link"},
                {"link sixteen-letters-\n", 1, "not the name of a link"},
                {"# x\n\nlink host0\nmtu 99999\n", 4, "not an MTU (1280 to 65535)"},
                {"link host0\naddress 10.0.0.1\n", 2, "not an address with a prefix length"},
                {"link host0\naddress 10.0.0.1/33\n", 2, "not an address with a prefix length"},
                {"link host0\ngateway nowhere\n", 2, "not an address"},
                {"link host0\nneighbour 10.0.0.1\n", 2, "a neighbour is an address and a hardware address"},
                {"link host0\nneighbour 10.0.0.1 1:2:3:4:5:6\n", 2, "a neighbour is an address and a hardware address"},
                {"link host0\ndeadline 600001\n", 2, "not a deadline in milliseconds (0 to 600000)"},
                {"link host0\nsegment own\n", 2, "not a kind of segment (shared)"},
                {"link host0\nsegment shared\nsegment shared\n", 3, "a second segment"},
                {"link host0\nroutes 10.0.0.0/8\n", 2, "unknown key"},
                {"link\n", 1, "a line is a key, a blank and a value"},
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char text[128];
                struct first_file f;
                const char *problem;
                unsigned line;

                strcpy(text, cases[i].text);
                assert_int_equal(first_parse(text, &f, &line, &problem), -EINVAL);
                assert_int_equal(line, cases[i].line);
                assert_text(problem, cases[i].problem);
        }
}

static void test_parse_too_many(void **state) {
        char text[4096] = "link host0\n";
        struct first_file f;
        const char *problem;
        unsigned line;

        for (size_t i = 0; i <= FIRST_ADDRESSES_MAX; i++)
                strcat(text, "address 10.0.0.1/8\n");
        assert_int_equal(first_parse(text, &f, &line, &problem), -EINVAL);
        assert_int_equal(line, 2 + FIRST_ADDRESSES_MAX);
        assert_text(problem, "too many addresses");
}

/* A nixos-container's: another name and hardware address, a host that no range has, a link beside. */
static void test_nixos(void **state) {
        static struct batch b;
        static struct first_file f;
        struct network n = example();
        struct container c = {.name = (char *) "example"};
        const char *problem;
        unsigned line;

        n.kind = CONTAINER_NIXOS;
        n.guest_mac_set = true;
        n.responders = false;
        n.mtu = 0;
        strcpy(n.guest_link, "eth0");
        n.host_v6 = n.container_v6 = (struct prefix){0};
        n.host_link_local = n.container_link_local = ADDRESS_NONE;
        assert_int_equal(prefix_parse("10.233.1.1/32", false, &n.host_v4), 0);
        assert_int_equal(prefix_parse("10.233.1.2/32", false, &n.container_v4), 0);
        struct network_pair extra = {.link = "veth1", .guest_link = "veth1", .bridge = "br1"};

        n.extra = &extra;
        n.n_extra = 1;
        assert_int_equal(prefix_parse("192.168.1.100/24", false, &extra.container_v4), 0);

        _cleanup_(freep) char *first = guest_first_file(&n, 5000), *network = guest_network_file(&c, &n, "internal");
        assert_text(first, "# The network of example before its PID 1, for nspawn-first. Made anew at each start.\n"
                           "link host0\n"
                           "name eth0\n"
                           "mac f6:5f:83:ae:3d:21\n"
                           "deadline 5000\n"
                           "address 10.233.1.2/32\n"
                           "route 10.233.1.1/32\n"
                           "gateway 10.233.1.1\n"
                           "neighbour 10.233.1.1 22:bc:8e:7d:3d:70\n"
                           "link veth1\n"
                           "deadline 5000\n"
                           "segment shared\n"
                           "address 192.168.1.100/24\n");
        assert_non_null(strstr(network, "[Match]\nName=eth0\n"));
        assert_non_null(strstr(network, "[Route]\nDestination=10.233.1.1/32\n\n[Route]\nGateway=10.233.1.1\n"));
        assert_null(strstr(network, "DNS="));

        assert_int_equal(first_parse(first, &f, &line, &problem), 0);
        assert_int_equal(f.n, 2);
        assert_text(f.links[0].name, "eth0");
        assert_true(f.links[0].has_mac);
        assert_text(f.links[1].link, "veth1");
        assert_false(f.links[0].shared);
        assert_true(f.links[1].shared);
        batch_fill(&b, &f.links[0], 7, 1, true);
        /* Loopback, name, hardware address, settings, up, address, neighbour, two routes. */
        assert_int_equal(b.n, 9);
        assert_false(b.overflow);
        batch_fill(&b, &f.links[1], 8, 0, true);
        assert_int_equal(b.n, 3);
}

/* Every message lies inside the buffer, in an order in which the kernel can carry it out. */
static void test_batch(void **state) {
        static struct batch b;
        char text[sizeof first_golden];
        struct first_file f;
        const char *problem;
        unsigned line, count = 0;
        uint16_t types[BATCH_MAX];

        memcpy(text, first_golden, sizeof text);
        assert_int_equal(first_parse(text, &f, &line, &problem), 0);
        batch_fill(&b, &f.links[0], 7, 1, true);
        assert_false(b.overflow);

        size_t left = b.size;
        for (struct nlmsghdr *m = (struct nlmsghdr *) b.data; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
                assert_int_equal(m->nlmsg_seq, count + 1);
                assert_true(m->nlmsg_flags & NLM_F_ACK);
                assert_non_null(b.what[m->nlmsg_seq]);
                types[count++] = m->nlmsg_type;
                if (m->nlmsg_type == RTM_NEWADDR) {
                        const struct ifaddrmsg *a = NLMSG_DATA(m);

                        assert_int_equal(a->ifa_index, 7);
                        assert_int_equal(!!(a->ifa_flags & IFA_F_NODAD), a->ifa_family == AF_INET6);
                }
        }
        assert_int_equal(left, 0);
        assert_int_equal(count, b.n);
        static const uint16_t order[] = {
                RTM_NEWLINK,  RTM_NEWLINK,  RTM_NEWLINK,  RTM_NEWADDR,  RTM_NEWADDR,  RTM_NEWADDR,
                RTM_NEWNEIGH, RTM_NEWNEIGH, RTM_NEWNEIGH, RTM_NEWROUTE, RTM_NEWROUTE, RTM_NEWLINK,
        };
        assert_int_equal(count, ELEMENTS_OF(order));
        assert_memory_equal(types, order, sizeof order);
}

/* The largest network that parse accepts fits. */
static void test_batch_largest(void **state) {
        static struct batch b;
        struct first_network n = {.link = "host0", .mtu = 1500};

        for (size_t i = 0; i < FIRST_ADDRESSES_MAX; i++)
                assert_int_equal(prefix_parse("fd00::1/64", false, &n.addresses[n.n_addresses++]), 0);
        for (size_t i = 0; i < FIRST_GATEWAYS_MAX; i++)
                assert_int_equal(address_parse("fd00::1", &n.gateways[n.n_gateways++]), 0);
        for (size_t i = 0; i < FIRST_NEIGHBOURS_MAX; i++)
                assert_int_equal(address_parse("fd00::1", &n.neighbours[n.n_neighbours++].address), 0);
        batch_fill(&b, &n, 7, 1, true);
        assert_false(b.overflow);
        assert_int_equal(b.n, 3 + FIRST_ADDRESSES_MAX + FIRST_GATEWAYS_MAX + FIRST_NEIGHBOURS_MAX);
}

/* Without the link there is only the loopback to bring up. */
static void test_batch_no_link(void **state) {
        static struct batch b;
        struct first_network n = {0};

        batch_fill(&b, &n, 0, 1, true);
        assert_false(b.overflow);
        assert_int_equal(b.n, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_files),          cmocka_unit_test(test_files_v4_only),
                cmocka_unit_test(test_parse),          cmocka_unit_test(test_parse_damaged),
                cmocka_unit_test(test_parse_too_many), cmocka_unit_test(test_nixos),
                cmocka_unit_test(test_batch),          cmocka_unit_test(test_batch_largest),
                cmocka_unit_test(test_batch_no_link),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

/* 20-ve-NAME.network: what nspawn-netd has done to the link by the time that networkd looks at it (plan_link()).
 *
 * Everything is static, and nothing is left for networkd to do but to find it there: no address generation (the
 * link-local address is declared like the others), no DHCP server and no advertisements (nspawn-netd's responders
 * serve), no masquerading (its tables do). ActivationPolicy=manual: the daemon raises the link, after everything else.
 * KeepConfiguration= for what a live change adds before networkd has read the file that says so. */
#include "host.h"

#include "network_file.h"

#include <inttypes.h>

char *host_network_file(const struct network *n) {
        const struct prefix link_local = {.address = n->host_link_local, .length = 64};
        struct buffer b = BUFFER_INIT;

        buffer_append_format(&b,
                             HOST_FILE_MARKER "# The host's side of the link of %s: what nspawn-netd makes, for "
                                              "systemd-networkd to leave as it is.\n"
                                              "[Match]\nName=%s\n\n[Link]\nRequiredForOnline=no\n"
                                              "ActivationPolicy=manual\n",
                             n->name, n->link);
        if (n->mtu)
                buffer_append_format(&b, "MTUBytes=%" PRIu32 "\n", n->mtu);
        buffer_append_string(&b, "\n[Network]\nDHCP=no\nDHCPServer=no\nIPv6AcceptRA=no\nIPv6SendRA=no\n"
                                 "LinkLocalAddressing=no\nConfigureWithoutCarrier=yes\nIgnoreCarrierLoss=yes\n"
                                 "KeepConfiguration=static\n");
        network_file_address(&b, &n->host_v4);
        network_file_address(&b, &n->host_v6);
        network_file_address(&b, &link_local);
        network_file_neighbour(&b, &n->container_v4.address, &n->container_mac);
        network_file_neighbour(&b, &n->container_v6.address, &n->container_mac);
        network_file_neighbour(&b, &n->container_link_local, &n->container_mac);
        return buffer_steal(&b);
}

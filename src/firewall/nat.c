#include "firewall/nat.h"

#include "base/buffer.h"
#include "firewall/firewall.h"
#include "firewall/ruleset.h"
#include "plan/nat.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define TABLE NAT_FAMILY " " NAT_TABLE

/* How it looks now; NULL when it is not there. */
static char *look(void) {
        char *text = NULL;
        return ruleset_run("list table " TABLE "\n", &text, "look at the host's NAT", NULL) < 0 ? NULL : text;
}

int firewall_nat_ensure(const char *text, char **seen, struct error *e) {
        _cleanup_(buffer_clear) struct buffer all = BUFFER_INIT;
        _cleanup_(freep) char *now = *seen ? look() : NULL;
        if (now && strcmp(now, *seen) == 0)
                return 0;
        buffer_append_format(&all, "add table " TABLE "\ndelete table " TABLE "\n%s", text);
        if (buffer_error(&all) < 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot write the rules of the host's NAT");
        int r = ruleset_run(buffer_text(&all), NULL, "load the rules of the host's NAT", e);
        if (r < 0)
                return r;
        free(*seen);
        *seen = look();
        return 1;
}

int firewall_nat_remove(struct netlink *n, struct error *e) {
        _cleanup_(netlink_batch_clear) struct netlink_batch b = NETLINK_BATCH_INIT;
        void *header;
        firewall_begin(&b);
        netlink_begin(&b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, 0, sizeof(struct nfgenmsg), &header);
        *(struct nfgenmsg *) header = (struct nfgenmsg){.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
        netlink_put_string(&b, NFTA_TABLE_NAME, NAT_TABLE);
        firewall_end(&b);
        int r = netlink_send(n, &b, NULL, NULL, NULL);
        return r == 0 || r == -ENOENT ? 0
                                      : error_errno(e, r, EXIT_FAILED, "Cannot remove the nftables table '" TABLE "'");
}

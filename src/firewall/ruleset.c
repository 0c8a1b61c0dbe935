#include "firewall/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <nftables/libnftables.h>
#include <string.h>
#include <sys/select.h>

/* libnftables waits with select(), for which a descriptor of 1,024 or more ends the program; a daemon with some hundred
 * containers has that many. Its socket gets the lowest number that is free: when those are used up, standard input's is
 * lent to it. Returns where standard input is meanwhile, or negative: it is in its place. */
static int descriptor_lend(void) {
        _cleanup_(fd_closep) int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (lowest >= 0 && lowest < FD_SETSIZE)
                return -1;
        int lent = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (lent >= 0)
                close(STDIN_FILENO);
        return lent;
}

static void descriptor_return(int lent) {
        if (lent < 0)
                return;
        (void) dup2(lent, STDIN_FILENO);
        close(lent);
}

static int run(struct nft_ctx *nft, const char *text, char **ret_output, const char *what, struct error *e) {
        if (nft_ctx_buffer_error(nft) != 0 || nft_ctx_buffer_output(nft) != 0)
                return error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start libnftables");
        if (nft_run_cmd_from_buffer(nft, text) != 0) {
                const char *why = nft_ctx_get_error_buffer(nft);
                return error_set(e, EIO, EXIT_FAILED,
                                 "Cannot %s; does the kernel have nf_tables with NAT, fib and "
                                 "connection tracking? nftables says: %.*s",
                                 what, (int) strcspn(why, "\n"), why);
        }
        if (!ret_output)
                return 0;
        *ret_output = strdup(nft_ctx_get_output_buffer(nft));
        return *ret_output ? 0 : error_errno(e, ENOMEM, EXIT_FAILED, "Cannot %s", what);
}

int ruleset_run(const char *text, char **ret_output, const char *what, struct error *e) {
        int lent = descriptor_lend();
        struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
        int r;
        if (nft)
                r = run(nft, text, ret_output, what, e);
        else
                r = error_errno(e, ENOMEM, EXIT_FAILED, "Cannot start libnftables");
        nft_ctx_free(nft);
        descriptor_return(lent);
        (void) malloc_trim(0); /* its parser and cache are a megabyte, and the daemon stays */
        return r;
}

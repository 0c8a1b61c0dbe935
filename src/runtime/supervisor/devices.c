/* Which devices a container without a user namespace of its own may use: those that systemd lets its containers use
 * (DevicePolicy=closed of systemd-nspawn@.service), those that are bind mounts of its, and allowed_devices. Its root
 * may make any device node, so without this the host's disks were open to whatever in it looks for disks.
 *
 * A container with a user namespace can make no device nodes, and gets at no device but those nspawn gives it. */
#include "supervisor.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

enum {
        READ_WRITE = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
        ALL = READ_WRITE | BPF_DEVCG_ACC_MKNOD,
        ANY = -1,
        RULES_MAX = 64,
        RULE_INSTRUCTIONS = 8,
};

struct rule {
        int type, major, minor, access;
};

static const struct rule standard[] = {
        {BPF_DEVCG_DEV_CHAR, 1, 3, ALL},            /* null */
        {BPF_DEVCG_DEV_CHAR, 1, 5, ALL},            /* zero */
        {BPF_DEVCG_DEV_CHAR, 1, 7, ALL},            /* full */
        {BPF_DEVCG_DEV_CHAR, 1, 8, ALL},            /* random */
        {BPF_DEVCG_DEV_CHAR, 1, 9, ALL},            /* urandom */
        {BPF_DEVCG_DEV_CHAR, 5, 0, ALL},            /* tty */
        {BPF_DEVCG_DEV_CHAR, 5, 2, ALL},            /* ptmx */
        {BPF_DEVCG_DEV_CHAR, 10, 200, ALL},         /* net/tun */
        {BPF_DEVCG_DEV_CHAR, 10, 229, ALL},         /* fuse */
        {BPF_DEVCG_DEV_CHAR, 136, ANY, READ_WRITE}, /* pts */
};

/* What is no device, or is not there, is passed over. */
static size_t add_rule(struct rule *rules, size_t n, const char *node, int access) {
        _cleanup_(freep) char *path = strndup(node, strcspn(node, ":"));
        struct stat st;

        if (n == RULES_MAX || !path || stat(path, &st) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
                return n;
        rules[n] = (struct rule){S_ISCHR(st.st_mode) ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK,
                                 (int) major(st.st_rdev), (int) minor(st.st_rdev), access};
        return n + 1;
}

static int access_of(const char *letters) {
        return (strchr(letters, 'r') ? BPF_DEVCG_ACC_READ : 0) | (strchr(letters, 'w') ? BPF_DEVCG_ACC_WRITE : 0) |
               (strchr(letters, 'm') ? BPF_DEVCG_ACC_MKNOD : 0);
}

static size_t collect(const struct container *c, struct rule *rules) {
        size_t n = ELEMENTS_OF(standard);

        memcpy(rules, standard, sizeof standard);
        for (char **mount = c->bind_mounts; mount && *mount; mount++)
                n = add_rule(rules, n, *mount, READ_WRITE);
        for (char **device = c->allowed_devices; device && *device; device++)
                n = add_rule(rules, n, *device, access_of(strchr(*device, ':') + 1));
        return n;
}

#define INSTRUCTION(c, d, s, o, i)                                                                                     \
        ((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (short) (o), .imm = (i)})
#define LOAD(d, field)                                                                                                 \
        INSTRUCTION(BPF_LDX | BPF_MEM | BPF_W, d, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, field), 0)
#define AND(d, value)                 INSTRUCTION(BPF_ALU | BPF_AND | BPF_K, d, 0, 0, value)
#define SHIFT_RIGHT(d, bits)          INSTRUCTION(BPF_ALU | BPF_RSH | BPF_K, d, 0, 0, bits)
#define COPY(d, s)                    INSTRUCTION(BPF_ALU | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, value)                 INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, value)
#define SKIP_UNLESS(d, value, offset) INSTRUCTION(BPF_JMP | BPF_JNE | BPF_K, d, 0, offset, value)
#define EXIT                          INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* For each rule: unless type, numbers and access fit, on to the next one; else allowed. */
static size_t compile(const struct rule *rules, size_t n_rules, struct bpf_insn *p) {
        size_t n = 0;

        p[n++] = LOAD(BPF_REG_2, access_type);
        p[n++] = COPY(BPF_REG_3, BPF_REG_2);
        p[n++] = AND(BPF_REG_2, 0xffff);
        p[n++] = SHIFT_RIGHT(BPF_REG_3, 16);
        p[n++] = LOAD(BPF_REG_4, major);
        p[n++] = LOAD(BPF_REG_5, minor);
        for (size_t i = 0; i < n_rules; i++) {
                size_t next = n + RULE_INSTRUCTIONS;

                p[n] = SKIP_UNLESS(BPF_REG_2, rules[i].type, next - n - 1);
                n++;
                p[n] = SKIP_UNLESS(BPF_REG_4, rules[i].major, next - n - 1);
                n++;
                /* Any minor number: the type is asked for once more, so that all rules have one length. */
                p[n] = rules[i].minor == ANY ? SKIP_UNLESS(BPF_REG_2, rules[i].type, next - n - 1)
                                             : SKIP_UNLESS(BPF_REG_5, rules[i].minor, next - n - 1);
                n++;
                p[n++] = COPY(BPF_REG_6, BPF_REG_3);
                p[n++] = AND(BPF_REG_6, ~rules[i].access);
                p[n] = SKIP_UNLESS(BPF_REG_6, 0, next - n - 1);
                n++;
                p[n++] = SET(BPF_REG_0, 1);
                p[n++] = EXIT;
        }
        p[n++] = SET(BPF_REG_0, 0);
        p[n++] = EXIT;
        return n;
}

static int bpf(int command, union bpf_attr *a) {
        int r = (int) syscall(SYS_bpf, command, a, sizeof *a);

        return r < 0 ? -errno : r;
}

static int attach(const char *group, const struct bpf_insn *program, size_t n) {
        _cleanup_(fd_closep) int folder = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC), loaded = -1;
        union bpf_attr a = {
                .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                .insns = (uintptr_t) program,
                .insn_cnt = (unsigned) n,
                .license = (uintptr_t) "GPL",
        };

        if (folder < 0)
                return -errno;
        /* Kernels before 5.11 count programs as locked memory. */
        (void) setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){64 << 20, 64 << 20});
        loaded = bpf(BPF_PROG_LOAD, &a);
        if (loaded < 0)
                return loaded;
        a = (union bpf_attr){
                .target_fd = (unsigned) folder,
                .attach_bpf_fd = (unsigned) loaded,
                .attach_type = BPF_CGROUP_DEVICE,
                .attach_flags = BPF_F_ALLOW_MULTI,
        };
        return bpf(BPF_PROG_ATTACH, &a);
}

int devices_restrict(struct supervisor *s, struct error *e) {
        struct bpf_insn program[8 + RULES_MAX * RULE_INSTRUCTIONS];
        struct rule rules[RULES_MAX];
        int r;

        if (s->container.user_namespacing)
                return 0;
        r = attach(s->record.group, program, compile(rules, collect(&s->container, rules), program));
        if (r < 0)
                log_warning("Cannot keep %s, which has no user namespace, from the host's devices: %s; does the kernel "
                            "have CONFIG_CGROUP_BPF?",
                            s->name, strerror(-r));
        return 0;
}

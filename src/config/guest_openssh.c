/* services.openssh: sshd_config, a unit, and host keys that are made inside, at the first boot. */
#include "base/parse.h"
#include "guest_make.h"
#include "value.h"

#include <errno.h>
#include <string.h>

#define WHERE "services.openssh"

static const char unit[] = "# Made from services.openssh.\n"
                           "[Unit]\n"
                           "Description=SSH Daemon\n"
                           "Wants=sshd-keygen.service\n"
                           "After=network.target sshd-keygen.service\n"
                           "\n"
                           "[Service]\n"
                           "Type=notify\n"
                           "ExecStart=/usr/sbin/sshd -D\n"
                           "ExecReload=/usr/sbin/sshd -t\n"
                           "ExecReload=/bin/kill -HUP $MAINPID\n"
                           "KillMode=process\n"
                           "Restart=on-failure\n"
                           "RestartPreventExitStatus=255\n"
                           "RuntimeDirectory=sshd\n"
                           "RuntimeDirectoryMode=0755\n";

static const char keygen[] = "# Made from services.openssh.\n"
                             "[Unit]\n"
                             "Description=SSH Host Keys\n"
                             "ConditionPathExists=|!/etc/ssh/ssh_host_ed25519_key\n"
                             "ConditionPathExists=|!/etc/ssh/ssh_host_rsa_key\n"
                             "ConditionPathExists=|!/etc/ssh/ssh_host_ecdsa_key\n"
                             "\n"
                             "[Service]\n"
                             "Type=oneshot\n"
                             "RemainAfterExit=yes\n"
                             "ExecStart=/usr/bin/ssh-keygen -A\n";

static bool keyword_is_valid(const char *s) {
        return s[0] && s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

/* Users and groups are separate words, algorithms one word with commas. */
static const char *separator(const char *keyword) {
        bool words = string_starts_with(keyword, "Allow") || string_starts_with(keyword, "Deny") ||
                     string_equal(keyword, "AcceptEnv") || string_starts_with(keyword, "Permit");

        return words ? " " : ",";
}

static void append_setting(struct guest_maker *m, struct buffer *b, const char *keyword, const json_t *v) {
        const char *s = value_string(v);

        if (!keyword_is_valid(keyword) || (s && strpbrk(s, "\n\r")))
                guest_fail(m, EINVAL, WHERE ".settings: has a keyword or a value that sshd_config cannot hold");
        else if (s)
                buffer_append_format(b, "%s %s\n", keyword, s);
        else if (json_is_boolean(v))
                buffer_append_format(b, "%s %s\n", keyword, json_is_true(v) ? "yes" : "no");
        else if (json_is_integer(v))
                buffer_append_format(b, "%s %" JSON_INTEGER_FORMAT "\n", keyword, json_integer_value(v));
        else if (json_is_array(v) && json_array_size(v) > 0) {
                buffer_append_string(b, keyword);
                for (size_t i = 0; i < json_array_size(v); i++) {
                        const char *item = guest_list_line(m, v, WHERE ".settings", i);

                        buffer_append_format(b, "%s%s", i == 0 ? " " : separator(keyword), item ? item : "");
                }
                buffer_append_string(b, "\n");
        } else if (!json_is_null(v) && !json_is_array(v))
                guest_fail(m, EINVAL, WHERE ".settings.%s: expected a string, a number, true or false, or a list",
                           keyword);
}

static void append_ports(struct guest_maker *m, struct buffer *b, const json_t *o) {
        const json_t *ports = guest_list(m, o, WHERE, "ports");
        const json_t *v;
        size_t i;

        json_array_foreach (ports, i, v)
                buffer_append_format(b, "Port %u\n", guest_port(m, v, WHERE ".ports"));
}

static void append_key_files(struct guest_maker *m, struct buffer *b, const json_t *o) {
        const json_t *files = guest_list(m, o, WHERE, "authorizedKeysFiles");

        buffer_append_string(b, "AuthorizedKeysFile");
        if (json_array_size(files) == 0)
                buffer_append_string(b, " %h/.ssh/authorized_keys /etc/ssh/authorized_keys.d/%u");
        for (size_t i = 0; i < json_array_size(files); i++) {
                const char *s = guest_list_line(m, files, WHERE ".authorizedKeysFiles", i);

                buffer_append_format(b, " %s", s ? s : "");
        }
        buffer_append_string(b, "\n");
}

void guest_make_openssh(struct guest_maker *m) {
        const json_t *services = guest_object(m, m->config, "config", "services");
        const json_t *o = guest_object(m, services, "services", "openssh");
        const json_t *settings = guest_object(m, o, WHERE, "settings");
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;
        const char *keyword, *extra;
        json_t *v;

        if (!guest_boolean(m, o, WHERE, "enable", false))
                return;
        buffer_append_string(&b, "# Made from services.openssh: changes here are lost at the next update.\n");
        append_ports(m, &b, o);
        append_key_files(m, &b, o);
        buffer_append_string(&b, "UsePAM yes\n"
                                 "PrintMotd no\n"
                                 "Subsystem sftp /usr/lib/openssh/sftp-server\n");
        json_object_foreach ((json_t *) settings, keyword, v)
                append_setting(m, &b, keyword, v);
        extra = guest_string(m, o, WHERE, "extraConfig");
        if (extra && extra[0])
                buffer_append_format(&b, "%s\n", extra);
        guest_add(m, "/etc/ssh/sshd_config", 0644, &b);
        guest_add_text(m, "/etc/systemd/system/sshd.service", 0644, unit);
        guest_add_text(m, "/etc/systemd/system/sshd-keygen.service", 0644, keygen);
        guest_add_wanted(m, "multi-user.target", "wants", "sshd.service");
}

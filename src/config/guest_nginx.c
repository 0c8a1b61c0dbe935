/* services.nginx: nginx.conf from the virtual hosts, and a unit that listens as early as it can.
 *
 * The network is there before the guest's first process (docs/architecture.md), and so are /etc and /var; nginx waits
 * for the firewall only, not for the rest of the boot. */
#include "base/parse.h"
#include "guest_make.h"
#include "unit_lines.h"

#include <errno.h>
#include <string.h>

#define WHERE "services.nginx"
/* The distribution's welcome page, for a virtual host that says nothing about its files. */
#define WELCOME "/usr/share/nginx/html"

static const char unit[] = "# Made from services.nginx.\n"
                           "[Unit]\n"
                           "Description=Nginx Web Server\n"
                           "DefaultDependencies=no\n"
                           "Wants=network-pre.target\n"
                           "After=firewall.service network-pre.target systemd-journald.socket\n"
                           "Conflicts=shutdown.target\n"
                           "Before=shutdown.target\n"
                           "\n"
                           "[Service]\n"
                           "Type=forking\n"
                           "PIDFile=/run/nginx.pid\n"
                           "ExecStart=/usr/sbin/nginx -c /etc/nginx/nginx.conf\n"
                           "ExecReload=/usr/sbin/nginx -c /etc/nginx/nginx.conf -t\n"
                           "ExecReload=/bin/kill -HUP $MAINPID\n"
                           "KillSignal=SIGQUIT\n"
                           "TimeoutStopSec=5\n"
                           "KillMode=mixed\n"
                           "Restart=on-failure\n"
                           "RestartSec=10s\n"
                           "LogsDirectory=nginx\n"
                           "StateDirectory=nginx\n"
                           "NoNewPrivileges=yes\n";

static const char proxy_settings[] = "        proxy_redirect off;\n"
                                     "        proxy_connect_timeout 60s;\n"
                                     "        proxy_send_timeout 60s;\n"
                                     "        proxy_read_timeout 60s;\n"
                                     "        proxy_http_version 1.1;\n"
                                     "        proxy_set_header \"Connection\" \"\";\n"
                                     "        proxy_set_header Host $host;\n"
                                     "        proxy_set_header X-Real-IP $remote_addr;\n"
                                     "        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
                                     "        proxy_set_header X-Forwarded-Proto $scheme;\n"
                                     "        proxy_set_header X-Forwarded-Host $host;\n"
                                     "        proxy_set_header X-Forwarded-Server $hostname;\n";

/* Text of the person's own, each line indented. */
static void append_extra(struct buffer *b, const char *text, int depth) {
        while (text && *text) {
                size_t n = strcspn(text, "\n");

                if (n > 0)
                        buffer_append_format(b, "%*s%.*s", depth * 8, "", (int) n, text);
                buffer_append_string(b, "\n");
                text += n + (text[n] == '\n');
        }
}

static void append_directive(struct guest_maker *m, struct buffer *b, const json_t *o, const char *where,
                             const char *key, const char *directive, int depth) {
        const json_t *v = json_object_get(o, key);
        const char *s = json_is_integer(v) ? NULL : guest_line(m, o, where, key);

        if (s)
                buffer_append_format(b, "%*s%s %s;\n", depth * 8, "", directive, s);
        else if (json_is_integer(v)) /* return = 404 */
                buffer_append_format(b, "%*s%s %" JSON_INTEGER_FORMAT ";\n", depth * 8, "", directive,
                                     json_integer_value(v));
}

/* Text that is followed by a ';' or '{', which a backslash would take away. */
static bool name_is_valid(const char *s) {
        return s[0] && string_is_clean(s) && !strpbrk(s, "{};") && !unit_line_goes_on(s);
}

static void append_location(struct guest_maker *m, struct buffer *b, const char *host, const char *path,
                            const json_t *o) {
        static const struct {
                const char *key, *directive;
        } directives[] = {
                {"proxyPass", "proxy_pass"}, {"index", "index"},   {"tryFiles", "try_files"}, {"root", "root"},
                {"alias", "alias"},          {"return", "return"},
        };
        char where[GUEST_OPTION_MAX];

        (void) snprintf(where, sizeof(where), "%s.locations.\"%s\"", host, path);
        if (!name_is_valid(path)) {
                guest_fail(m, EINVAL, "%s: not the path of a location", where);
                return;
        }
        buffer_append_format(b, "                location %s {\n", path);
        for (size_t i = 0; i < ELEMENTS_OF(directives); i++)
                append_directive(m, b, o, where, directives[i].key, directives[i].directive, 3);
        append_extra(b, guest_string(m, o, where, "extraConfig"), 3);
        buffer_append_string(b, "                }\n");
}

static void append_listen(struct guest_maker *m, struct buffer *b, const json_t *o, const char *where,
                          bool is_default) {
        const json_t *list = guest_list(m, o, where, "listen");
        const char *suffix = is_default ? " default_server" : "";
        char option[GUEST_OPTION_MAX];
        const json_t *v;
        size_t i;

        if (json_array_size(list) == 0)
                buffer_append_format(b,
                                     "                listen 0.0.0.0:80%s;\n"
                                     "                listen [::]:80%s;\n",
                                     suffix, suffix);
        json_array_foreach (list, i, v) {
                (void) snprintf(option, sizeof(option), "%s.listen[%zu]", where, i);
                const char *address = guest_line(m, v, option, "addr");
                const json_t *port = json_object_get(v, "port");

                if (guest_boolean(m, v, option, "ssl", false)) {
                        guest_fail(m, EOPNOTSUPP, "%s.ssl is not yet supported by this version", option);
                        return;
                }
                (void) snprintf(option, sizeof(option), "%s.listen[%zu].port", where, i);
                buffer_append_format(b, "                listen %s:%u%s;\n", address ? address : "0.0.0.0",
                                     !port || json_is_null(port) ? 80 : guest_port(m, port, option), suffix);
        }
}

static void append_host(struct guest_maker *m, struct buffer *b, const char *name, const json_t *o) {
        char where[GUEST_OPTION_MAX];
        const json_t *aliases, *locations;
        const char *server, *root, *path;
        json_t *location;

        (void) snprintf(where, sizeof(where), WHERE ".virtualHosts.\"%s\"", name);
        server = guest_line(m, o, where, "serverName");
        root = guest_line(m, o, where, "root");
        aliases = guest_list(m, o, where, "serverAliases");
        locations = guest_object(m, o, where, "locations");
        if (!server)
                server = name;
        if (!name_is_valid(server)) {
                guest_fail(m, EINVAL, "%s: not the name of a server", where);
                return;
        }
        buffer_append_string(b, "\n        server {\n");
        append_listen(m, b, o, where, guest_boolean(m, o, where, "default", false));
        buffer_append_format(b, "                server_name %s", server);
        for (size_t i = 0; i < json_array_size(aliases); i++) {
                const char *alias = guest_list_line(m, aliases, where, i);

                buffer_append_format(b, " %s", alias ? alias : "");
        }
        buffer_append_format(b, ";\n                root %s;\n", root ? root : WELCOME);
        json_object_foreach ((json_t *) locations, path, location)
                append_location(m, b, where, path, location);
        append_extra(b, guest_string(m, o, where, "extraConfig"), 2);
        buffer_append_string(b, "        }\n");
}

static void append_http(struct guest_maker *m, struct buffer *b, const json_t *o) {
        const char *body_size = guest_line(m, o, WHERE, "clientMaxBodySize");
        const json_t *hosts = guest_object(m, o, WHERE, "virtualHosts");
        const char *name;
        json_t *host;

        buffer_append_format(b,
                             "http {\n"
                             "        include /etc/nginx/mime.types;\n"
                             "        types_hash_max_size 4096;\n"
                             "        default_type application/octet-stream;\n"
                             "        server_tokens off;\n"
                             "        access_log /var/log/nginx/access.log;\n"
                             "        client_max_body_size %s;\n"
                             "        map $http_upgrade $connection_upgrade {\n"
                             "                default upgrade;\n"
                             "                '' close;\n"
                             "        }\n",
                             body_size ? body_size : "10m");
        if (guest_boolean(m, o, WHERE, "recommendedProxySettings", false))
                buffer_append_string(b, proxy_settings);
        json_object_foreach ((json_t *) hosts, name, host)
                append_host(m, b, name, host);
        append_extra(b, guest_string(m, o, WHERE, "appendHttpConfig"), 1);
        buffer_append_string(b, "}\n");
}

void guest_make_nginx(struct guest_maker *m) {
        const json_t *services = guest_object(m, m->config, "config", "services");
        const json_t *o = guest_object(m, services, "services", "nginx");
        _cleanup_(buffer_clear) struct buffer b = BUFFER_INIT;

        if (!guest_boolean(m, o, WHERE, "enable", false))
                return;
        buffer_append_string(&b, "# Made from services.nginx: changes here are lost at the next update.\n"
                                 "user www-data;\n"
                                 "worker_processes 1;\n"
                                 "pid /run/nginx.pid;\n"
                                 "error_log stderr;\n"
                                 "\n"
                                 "events {\n"
                                 "}\n"
                                 "\n");
        append_http(m, &b, o);
        guest_add(m, "/etc/nginx/nginx.conf", 0644, &b);
        guest_add_text(m, "/etc/systemd/system/nginx.service", 0644, unit);
        guest_add_wanted(m, "multi-user.target", "wants", "nginx.service");
}

# For cases about containers that are units. Sourced after lib.sh.

# What a container leaves behind would be in here.
traces() {
        in_host sh -c '
                find /etc/systemd /run/nixos-nspawn/containers /run/nixos-nspawn/networks /run/nixos-nspawn/names /run/systemd/nspawn \
                        /var/lib/machines /var/lib/nixos-nspawn -path /var/lib/nixos-nspawn/trees -prune -o -print 2>/dev/null |
                        grep -vE "^/run/systemd/nspawn(/(propagate|locks|unix-export))?$|^/run/nixos-nspawn/(containers|networks|names(/.by-address)?)$|/addresses.json$|/profiles$" |
                        sort
                systemctl list-units --plain --no-legend "systemd-nspawn@*"
                systemctl list-units --plain --no-legend --failed
                ip -o link | sed -E "s/^[0-9]+: ([^:@]+).*/\1/"
                nft list ruleset | grep -E "elements|ve-"
                systemctl cat systemd-nspawn@web.service | grep -i nixos
                true'
}
# The same, once the kernel and systemd have let go of what was killed.
settled() {
        local seen last=
        for _ in $(seq 50); do
                seen=$(traces)
                [[ $seen == "$last" ]] && break
                last=$seen
                sleep 0.2
        done
        echo "$seen"
}

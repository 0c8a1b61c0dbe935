#!/usr/bin/env bash
# Containers that the host's configuration declares, as the NixOS manual has them: made, started, changed and removed by
# `nixos-nspawn apply`, all or nothing; and their names in /etc/hosts, for who resolves by files alone.
source "$(dirname "$0")/../lib/tap.sh"
[[ -n ${SANDBOX-} ]] || "$(dirname "$0")/../lib/trees" "$(dirname "$0")/../cli/empty.json" >&2
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"

make_peer
need "setup" nixos-nspawn setup
mkdir -p /etc/nixos-nspawn /srv/data
echo data >/srv/data/file
host=/etc/nixos-nspawn/host.nix
printf '# mine\n127.0.0.1\tlocalhost' >/run/hosts
chmod 664 /run/hosts
chown 12:34 /run/hosts
cp -p /run/hosts /run/hosts.before
ln -sf ../run/hosts /etc/hosts
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >/etc/nsswitch.conf
: >/etc/resolv.conf
declare_() { # declare_ WEB DB [MORE]: options of the two containers
        cat >$host <<C
{
  containers.web = {
    autoStart = true;
    privateNetwork = true;
    hostAddress = "10.231.136.1";
    localAddress = "10.231.136.2";
    hostAddress6 = "fc00:136::1";
    localAddress6 = "fc00:136::2";
    bindMounts."/mnt/data".hostPath = "/srv/data";
    config = {
      services.nginx = { enable = true; virtualHosts.localhost.default = true; };
      networking.firewall.allowedTCPPorts = [ 80 ];
    };
    $1
  };
  containers.db = { privateNetwork = true; config = { }; $2 };
  ${3-}
}
C
}
confs() { cat /etc/nixos-containers/*.conf 2>/dev/null; }
inside() { nixos-container run "$@"; }
leader() { nixos-nspawn status "$1" --json | grep -o '"leader": [0-9]*'; }

# ---- Made ----
declare_ "" ""
prints "dry: says what would be made" '^create: container web, and start it$' nixos-nspawn apply --dry-run
prints "  and written" '^put in force: "10.231.136.2 web.containers" in /etc/hosts$' nixos-nspawn apply --dry-run
refused "  and makes nothing" test -e /etc/nixos-containers
need "apply" nixos-nspawn apply
prints "the one with autoStart runs" '^web +running +declarative' nixos-nspawn list
prints "  the other one does not" '^db +powered off +declarative' nixos-nspawn list
prints "nixos-container lists both" '^db$' nixos-container list
prints "  and knows the address" '^10.231.136.2$' nixos-container show-ip web
within 10 "it serves" curl -sf -m2 http://10.231.136.2
prints "a bind mount is there" '^data$' inside web -- cat /mnt/data/file
refused "  and read-only" inside web -- touch /mnt/data/other
prints "its name is its host name" '^web$' inside web -- hostname
succeeds "web.containers answers, with files alone" getent -s files ahostsv4 web.containers
succeeds "  and to ping" ping -4 -c1 -W2 web.containers
succeeds "  by IPv6" ping -6 -c1 -W2 web.containers
refused "one without an address has no name there" getent -s files hosts db.containers
succeeds "the file is still where the link leads" test -L /etc/hosts
same "  with its mode and owner" "664 12:34" "$(stat -c '%a %u:%g' /run/hosts)"
same "  and what was in it" "$(cat /run/hosts.before)" "$(head -2 /run/hosts)"
before=$(leader web)$(confs)$(cat /run/hosts)$(stat -c %i /run/hosts)
prints "a second apply changes nothing" '^Nothing changes.$' nixos-nspawn apply
same "  indeed" "$before" "$(leader web)$(confs)$(cat /run/hosts)$(stat -c %i /run/hosts)"

# ---- Whose they are ----
fails "destroy is refused" 1 'cannot destroy declarative container' nixos-container destroy web
fails "update, too" 1 'cannot update declarative container web: change its declaration' nixos-container update web --config '{ }'
declared="it is declared by this host's configuration, change it there"
fails "remove, too" 10 "cannot remove web: $declared" nixos-nspawn remove web
echo '{ }' >/run/empty.json
fails "update by the other command, too" 10 "cannot update web: $declared" nixos-nspawn update --config /run/empty.json web
fails "migrate, too" 10 'declar' nixos-nspawn migrate --stop web
succeeds "stop works" nixos-container stop web
prints "apply starts it again" '^start: container web$' nixos-nspawn apply
prints "  indeed" '^web +running' nixos-nspawn list
need "one made by hand" nixos-container create hand --local-address 10.231.136.9 --host-address 10.231.136.8
declare_ "" "" 'containers.hand.config = { };'
fails "its name cannot be declared" 10 'containers.hand: there is a container hand already' nixos-nspawn apply
declare_ "" 'localAddress = "10.231.136.9";'
fails "nor its address" 10 'containers.db.localAddress: container hand has this address already' nixos-nspawn apply
declare_ "" 'localAddress = "10.231.136.8"; hostAddress = "10.231.136.9";'
fails "nor does the host have a container's" 10 'containers.db.localAddress: container hand has this address already' nixos-nspawn apply
declare_ "" 'localAddress = "10.231.136.10"; hostAddress = "10.231.136.9";'
fails "  at the other end" 10 'containers.db.hostAddress: container hand has this address already' nixos-nspawn apply
declare_ "" 'localAddress = "10.231.136.10"; hostAddress = "10.231.136.2";'
fails "  nor one that is declared, too" 10 'hostAddress: container web has this address, too|localAddress: container db has this address, too' nixos-nspawn apply
ip addr add 192.0.2.7/32 dev lo
declare_ "" 'localAddress = "192.0.2.7"; hostAddress = "10.231.136.11";'
fails "nor one of the host's own" 10 'containers.db.localAddress: the host has this address itself, on its link lo' nixos-nspawn apply
declare_ "" 'extraVeths.more = { hostAddress = "10.231.136.11"; localAddress = "192.0.2.7"; };'
fails "  nor on a further link" 10 'containers.db.extraVeths: the host has this address itself, on its link lo' nixos-nspawn apply
ip addr del 192.0.2.7/32 dev lo
declare_ "" "" 'containers.a_b.config = { };'
fails "nor a name that NixOS has not" 10 "containers.a_b: the name of a declared container has no '_'" nixos-nspawn apply
declare_ "" "" 'containers.new.path = "/nonexistent";'
fails "nor a system that is not there" 10 'containers.new.path: /nonexistent is neither a directory with usr/ nor a built NixOS system' nixos-nspawn apply
declare_ "" "" 'containers.new.config.services.nosuch.enable = true;'
fails "an option that there is not is looked for in the right manual" 10 "'containers.new.config.services.nosuch.enable' of what is in a container; nixos-nspawn-options\(7\)" nixos-nspawn apply
same "and nothing has changed" "$before" "$(grep -o '"leader": [0-9]*' <<<"$before")$(cat /etc/nixos-containers/{db,web}.conf)$(cat /run/hosts)$(stat -c %i /run/hosts)"
need "create knows the declared addresses" nixos-container create other
refused "  and gives none of them" grep -q '10.231.136' /etc/nixos-containers/other.conf

# ---- Changed ----
web=$(leader web)
declare_ "" 'localAddress = "10.231.137.2"; hostAddress = "10.231.137.1"; autoStart = true;'
prints "a changed one: which options" '^change: container db \(autoStart, hostAddress, localAddress\), and start it$' nixos-nspawn apply
prints "  it runs" '^db +running' nixos-nspawn list
succeeds "  by its name" ping -c1 -W2 db.containers
same "  and the other one goes on" "$web" "$(leader web)"
declare_ "config.environment.etc.more.text = \"more\";" 'localAddress = "10.231.137.2"; hostAddress = "10.231.137.1"; autoStart = true;'
prints "a changed config" '^change: container web \(its config\), and restart it$' nixos-nspawn apply
prints "  is in force" '^more$' inside web -- cat /etc/more
refused "  by a restart" test "$web" = "$(leader web)"
web=$(leader web)
declare_ "restartIfChanged = false; config.environment.etc.more.text = \"less\";" 'localAddress = "10.231.137.2"; hostAddress = "10.231.137.1"; autoStart = true;'
sed -i 's/136.1"/136.5"/' $host
prints "without restartIfChanged" 'hostAddress, its config\), which takes effect at its next start$' nixos-nspawn apply
same "  it goes on" "$web" "$(leader web)"
need "  its next start" nixos-container restart web
prints "  takes it up" 'via 10.231.136.5' inside web -- ip route
echo 'PRIVATE_USERS=pick' | tee -a /etc/nixos-containers/db.conf >/dev/null
prints "what somebody wrote into the conf is put right" '^change: container db \(privateUsers\)' nixos-nspawn apply

# What the host has now towards one that changes is free, on a link of any name.
ends() { declare_ "" "autoStart = true; hostAddress = \"$1\"; localAddress = \"$2\"; ${3-}"; }
ends 10.231.137.1 10.231.137.2 'extraVeths.more = { hostAddress = "10.231.137.8"; localAddress = "10.231.137.9"; };'
need "a further link" nixos-nspawn apply
ends 10.231.137.1 10.231.137.8 'extraVeths.more = { hostAddress = "10.231.137.2"; localAddress = "10.231.137.9"; };'
need "  which exchanges an address with eth0" nixos-nspawn apply
succeeds "  it is reached" ping -c1 -W2 10.231.137.8
ends 10.231.137.8 10.231.137.1
need "the two ends exchange theirs" nixos-nspawn apply
succeeds "  it is reached" ping -c1 -W2 10.231.137.1
sed -i 's/10.231.136/10.231.138/g; s/10.231.137/10.231.136/g; s/10.231.138/10.231.137/g' $host
need "two containers exchange theirs" nixos-nspawn apply
succeeds "  both are reached" ping -c1 -W2 10.231.136.1
prints "    and are who they are" '^10.231.137.2$' nixos-container show-ip web
succeeds "    both" ping -c1 -W2 10.231.137.2

# ---- All or nothing ----
declare_ "" "" ""
need "as at first" nixos-nspawn apply
need "db is stopped" nixos-container stop db
nixos-nspawn apply >/dev/null
files() { (cd /etc/nixos-containers && head -100 *.conf); cat /run/hosts /var/lib/nixos-nspawn/host.json; ls -l --time-style=+ /var/lib/nixos-nspawn/profiles/*/; ls /var/lib/nixos-nspawn /var/lib/nixos-containers; nixos-nspawn list; }
all=$(files)
declare_ "config.environment.etc.a.text = \"a\";" "config.environment.etc.b.source = \"/nonexistent\";"
fails "an error in one container's config" 10 'containers.db.config: environment.etc.b.source' nixos-nspawn apply
same "  changes nothing" "$all" "$(files)"
declare_ "config.environment.etc.a.text = \"a\";" 'hostBridge = "nobridge"; autoStart = true; localAddress = "10.1.1.1/24";' \
        'networking.nat = { enable = true; internalInterfaces = [ "ve-+" ]; externalInterface = "uplink"; }; containers.new = { config = { }; };'
fails "one that does not start" 10 'container db: There is no bridge nobridge' nixos-nspawn apply
same "  takes everything back" "$all" "$(files)"
refused "    the rules as well" nft list table inet nixos_nspawn_nat
within 10 "    and what ran runs" curl -sf -m2 http://10.231.136.2
refused "    with its old config" inside web -- test -e /etc/a
steps=0
declare_ "config.environment.etc.a.text = \"a\";" 'localAddress = "10.231.137.2"; hostAddress = "10.231.137.1";' 'containers.new = { config = { }; };'
for at in $(seq 60); do
        said=$(NIXOS_NSPAWN_FAIL_AT=$at nixos-nspawn apply 2>&1) && break
        steps=$at
        same "failing at step $at takes everything back" "$all" "$(files)"
done
if [[ $steps -gt 20 && $steps -lt 60 ]]; then ok "$steps steps failed"; else not_ok "$steps steps failed" "$said"; fi
prints "then all of it is done" '^web +running' nixos-nspawn list
succeeds "  the changed config" inside web -- test -e /etc/a
succeeds "  the new one" test -e /etc/nixos-containers/new.conf

# ---- Killed ----
for delay in 0.05 0.15 0.25 0.35 0.5 0.7 1 1.4; do
        declare_ "" ""
        need "as at first" nixos-nspawn apply
        declare_ "config.environment.etc.a.text = \"a\";" 'localAddress = "10.231.137.2"; hostAddress = "10.231.137.1"; autoStart = true;' 'containers.new = { config = { }; };'
        nixos-nspawn apply >/dev/null 2>&1 &
        sleep $delay
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null
        need "killed after $delay s: the next apply" nixos-nspawn apply
        succeeds "  did all of it" inside web -- test -e /etc/a
        succeeds "  names, too" ping -c1 -W2 db.containers
        prints "  and there is nothing left to do" '^Nothing changes.$' nixos-nspawn apply
        refused "  nor to repair" test -e /var/lib/nixos-nspawn/unfinished
done

# ---- Removed ----
inside web -- sh -c 'echo kept >/root/kept'
declare_ "" ""
sed -i '/containers.db/d' $host
prints "what is no longer declared" '^take away: container db; its files stay in /var/lib/nixos-containers/db$' nixos-nspawn apply
refused "  is gone" test -e /etc/nixos-containers/db.conf
succeeds "  but for its files" test -d /var/lib/nixos-containers/db/etc
refused "  and its name" grep -q db.containers /run/hosts
sed -i 's/containers.web/containers.www/' $host
prints "another name with the same addresses and ports" '^create: container www, and start it$' nixos-nspawn apply
within 10 "  is another container" curl -sf -m2 http://10.231.136.2
sed -i 's/containers.www/containers.web/' $host
need "declared again" nixos-nspawn apply
prints "  it finds its files" '^kept$' inside web -- cat /root/kept
rm $host
need "no file any more" nixos-nspawn apply
refused "no declared container is there" grep -l Declared /etc/nixos-containers/*.conf
succeeds "  those made by hand are" test -e /etc/nixos-containers/hand.conf
succeeds "/etc/hosts is as it was, to the byte" cmp /run/hosts /run/hosts.before
same "  and whose it was" "664 12:34" "$(stat -c '%a %u:%g' /run/hosts)"

# ---- /etc/hosts that cannot be written ----
declare_ "" ""
sed -i 's/autoStart = true;//' $host
rm /etc/hosts
cp /run/hosts.before /etc/hosts
mount --bind /etc/hosts /etc/hosts
prints "a hosts file that is mounted is told of" '/etc/hosts cannot be changed here' nixos-nspawn apply
prints "  and the rest is done" '^web ' nixos-nspawn list
succeeds "  and it stays" cmp /etc/hosts /run/hosts.before
umount /etc/hosts
mkdir -p /nix/store/x
cp /run/hosts.before /nix/store/x/hosts
ln -sf /nix/store/x/hosts /etc/hosts
prints "  one of NixOS, too" '/etc/hosts cannot be changed here' nixos-nspawn apply
succeeds "  and stays" cmp /nix/store/x/hosts /run/hosts.before
rm /etc/hosts
need "without one" nixos-nspawn apply
same "  it is made" "644 root" "$(stat -c '%a %U' /etc/hosts)"
rm $host
need "no file any more" nixos-nspawn apply
refused "  and it is empty" test -s /etc/hosts
for c in hand other; do nixos-container destroy $c; done

# ---- Devices ----
need "device nodes on the host" sh -c 'mknod -m 600 /run/given b 7 0; mknod -m 600 /run/other b 7 1'
declare_ "" 'autoStart = true; allowedDevices = [ { node = "/run/given"; modifier = "rm"; } ];'
need "apply" nixos-nspawn apply
succeeds "a device that is allowed can be made and read" inside db -- sh -c 'mknod /root/d b 7 0 && exec 3</root/d'
prints "  not written, which is not" 'Operation not permitted' inside db -- sh -c 'exec 3>>/root/d'
prints "  nor is another one there" 'Operation not permitted' inside db -- mknod /root/o b 7 1
declare_ "" 'autoStart = true;'
prints "taken away" '^change: container db \(allowedDevices\), and restart it$' nixos-nspawn apply
prints "  it is refused" 'Operation not permitted' inside db -- sh -c 'exec 3</root/d'
rm $host
need "no file any more" nixos-nspawn apply

# ---- Ports that change hands ----
ports() { # ports A B [MORE]
        cat >$host <<C
{
  containers.a = { autoStart = true; privateNetwork = true; hostAddress = "10.5.1.1"; localAddress = "10.5.1.2"; forwardPorts = [ { hostPort = $1; } ]; config = { }; };
  containers.b = { privateNetwork = true; hostAddress = "10.5.2.1"; localAddress = "10.5.2.2"; forwardPorts = [ { hostPort = $2; } ]; config = { }; };
  ${3-}
}
C
}
of() { nixos-nspawn ports | awk '/^tcp/ { print $4 ":" $3 }' | sort | tr '\n' ' ' | sed 's/ $//'; }
running() { nixos-container status a; nixos-container status b; }
ports 8080 8081
need "apply" nixos-nspawn apply
need "start" nixos-container start b
ports 8081 8080
prints "two exchange a port" '^change: container a \(forwardPorts\), and restart it$' nixos-nspawn apply
same "  it is the other's now" "a:8081 b:8080" "$(of)"
same "  both run" "up up" "$(running | tr '\n' ' ' | sed 's/ $//')"
ports 8082 8081
need "one takes what another one leaves" nixos-nspawn apply
same "  and has it" "a:8082 b:8081" "$(of)"
ports 8081 8082 'containers.c = { autoStart = true; privateNetwork = true; hostBridge = "nobridge"; config = { }; };'
refused "when another one fails" nixos-nspawn apply
same "  each has its own again" "a:8082 b:8081" "$(of)"
same "  and runs" "up up" "$(running | tr '\n' ' ' | sed 's/ $//')"
ports 8082 8081
prints "  as if nothing had been" '^Nothing changes.$' nixos-nspawn apply
ports 8081 8082
for at in $(seq 60); do
        said=$(NIXOS_NSPAWN_FAIL_AT=$at nixos-nspawn apply 2>&1) && break
        [[ $(of) == "a:8082 b:8081" && $(running | sort -u) == up ]] || not_ok "failing at step $at" "$(of) $(running) $said"
done
same "failing at each step, likewise; then it is done" "a:8081 b:8082" "$(of)"
for delay in 0.05 0.1 0.2 0.3 0.5 0.8 1.2; do
        ports 8081 8082
        need "as before" nixos-nspawn apply
        ports 8082 8081
        nixos-nspawn apply >/dev/null 2>&1 &
        sleep $delay
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null
        need "killed after $delay s: the next command" nixos-nspawn list
        same "  has both run again" "up up" "$(running | tr '\n' ' ' | sed 's/ $//')"
        need "  the next apply" nixos-nspawn apply
        same "  did all of it" "a:8082 b:8081 up" "$(of) $(running | sort -u)"
        refused "  and nothing is left to repair" test -e /var/lib/nixos-nspawn/unfinished
done
rm $host
need "no file any more" nixos-nspawn apply

# ---- setup --undo ----
declare_ "" ""
sed -i 's/autoStart = true;//' $host
need "apply" nixos-nspawn apply
prints "setup --undo leaves what declared containers need" 'as there are containers' nixos-nspawn setup --undo
succeeds "  their names, too" grep -q web.containers /etc/hosts
need "setup" nixos-nspawn setup
# As somebody would who has had enough of it.
rm -r $host /etc/nixos-containers /var/lib/nixos-containers /var/lib/nixos-nspawn/profiles
need "setup --undo, without them" nixos-nspawn setup --undo
refused "  takes their names out of /etc/hosts" grep -q containers /etc/hosts
done_testing

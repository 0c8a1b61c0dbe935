#!/usr/bin/env bash
# A network for a namespace that the caller made: complete on both sides when the call returns, and gone without a trace.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"
source "$(dirname "$0")/../lib/network.sh"
source "$(dirname "$0")/lib-netd.sh"

make_peer
need "the daemon starts" "$netd" ensure
# The first lookup of a neighbour may take a second, which is not what is tested here.
within 5 "the other machine answers the host" ping -6 -c1 -W1 $peer6
ip netns add pod
ip netns add pod2
ip -n pod link set lo up
attach() { # attach NAME NAMESPACE LINK [FORWARDS]
        call AttachNamespace "{\"name\":\"$1\",\"namespacePath\":\"/run/netns/$2\",\"link\":\"$3\",\"forwards\":${4:-null}}"
}
need "a first one, for the tables" attach first pod2 eth0
of DetachNamespace first >/dev/null
within 2 "  gone" bash -c "! ip link show ve-first"
before=$(left)

prints "attach" '"state": "linked"' attach pod pod eth0 '[{"protocol":"tcp","hostPort":8181,"containerPort":80}]'
succeeds "at once, IPv4" ping -4 -c1 -W1 "$(guest4 pod)"
succeeds "  IPv6" ping -6 -c1 -W1 "$(guest6 pod)"
succeeds "  out of it, IPv4" guest pod ping -4 -c1 -W1 $peer4
succeeds "  IPv6" guest pod ping -6 -c1 -W1 $peer6
same "  its name" "$(guest4 pod)" "$(guest pod dig +time=2 +tries=1 +short "@$(host4 pod)" pod A)"
serve pod 80 welcome
same "  the forward" welcome "$(peer curl -sS --max-time 2 "http://$peer_host4:8181")"
same "  the forward, IPv6, localhost" welcome "$(fetch 'http://[::1]:8181')"
was=$(of Describe pod)
silent_about "nobody took anything away" repairing daemon_log
same "again: the same" "$(field network <<<"$was")" "$(attach pod pod eth0 | field network)"
fails "another namespace under the same name is refused" 10 "has a network already" attach pod pod2 eth0
fails "a namespace that is not there" 1 "/run/netns/none" attach other none eth0
fails "what is no namespace" 1 "" call AttachNamespace '{"name":"other","namespacePath":"/etc/passwd","link":"eth0"}'
fails "a port that is taken" 10 "8181 .* container 'pod'" attach other pod2 eth0 '[{"protocol":"tcp","hostPort":8181,"containerPort":1}]'
fails "a port twice" 10 "twice" attach other pod2 eth0 '[{"protocol":"tcp","hostPort":1,"containerPort":1},{"protocol":"tcp","hostPort":1,"containerPort":2}]'
fails "a forward that is none" 10 "forwards" attach other pod2 eth0 '[{"hostPort":0}]'
fails "a link's name that is none" 2 "a/b" attach other pod2 a/b
fails "a name that is none" 10 "no name for a container" attach ../x pod2 eth0
ip -n pod2 link add eth0 type veth peer name x
fails "a link that is there already" 10 "a link of that name is there already" attach other pod2 eth0
ip -n pod2 link delete eth0
of DetachNamespace other >/dev/null
same "nothing came of all that" "$was" "$(of Describe pod)"
same "  no other network" 1 "$(call List | grep -c '"name"')"
refused "  no other link" ip link show ve-other

# A new one avoids what the host uses.
succeeds "Detach is for containers, it leaves this one" of Detach pod
succeeds "  it is still there" of Describe pod
kill -9 "$(daemon_pid)"
need "kill -9 of the daemon, a new one" "$netd" ensure
same "  knows it" "$was" "$(of Describe pod)"
same "  the forward goes on" welcome "$(peer curl -sS --max-time 2 "http://$peer_host4:8181")"
address=$(guest4 pod)
succeeds "DetachNamespace" of DetachNamespace pod
succeeds "  again" of DetachNamespace pod
within 2 "nothing is left" bash -c '[[ "$(left)" == "$1" ]]' - "$before"
same "nothing is left" "$before" "$(left)"
refused "  nor inside" ip -n pod link show eth0
ip netns pids pod | xargs -r kill -9
need "attached again" attach pod pod net0
same "  it has the same address" "$address" "$(guest4 pod)"
ip netns delete pod
within 10 "the namespace is deleted without a word: its network goes, too" bash -c '[[ "$(left)" == "$1" ]]' - "$before"
done_testing

#!/usr/bin/env bash
# The DNS responder, asked by dig: containers' names, what is not forwarded, what is and how, servers that fail or lie.
# slow: left out by check --fast.
cd "$(dirname "$0")/../.."
source test/lib/tap.sh
source test/net/lib-responders.sh
in_namespaces "$@"

# resolver ADDRESS [MOOD]: a resolver of the host; stop_resolver ADDRESS takes it away
declare -A resolvers
resolver() {
        : >"/run/log-$1"
        test/net/fake-resolver.py "$1" "/run/log-$1" "${2-}" 2>/run/error-"$1" &
        resolvers[$1]=$!
        until grep -q ready "/run/log-$1"; do
                kill -0 "${resolvers[$1]}" || { not_ok "a resolver on $1" "$(cat /run/error-"$1")"; done_testing; }
                sleep 0.02
        done
}
stop_resolver() {
        kill "${resolvers[$1]}"
        wait "${resolvers[$1]}" 2>/dev/null
}
nameservers() {
        printf 'nameserver %s\n' "$@" >/run/new
        mv /run/new /run/resolv.conf
        sleep 1.1 # it is looked at once a second
}
asked() { awk '{ print $1, $4, $5 }' /run/log-127.0.0.* | grep -iE "$1"; } # asked PATTERN: of "UDP|TCP NAME TYPE"
# from the guest alpha: a wrong source, a wrong id or a wrong question is an error to dig
d() { in_guest alpha dig +time=15 +tries=1 "@$server" "$@"; }
short() { d +short "$@"; }
status() { d "$@" | sed -n 's/.*status: \([A-Z]*\).*/\1/p'; }

guest alpha 1
guest beta 2
resolver 127.0.0.2
resolver 127.0.0.3
mkdir /run/resolvers
printf 'nameserver 127.0.0.2\n' >/run/resolv.conf
serve "$(description alpha 1)" "$(description beta 2)" --resolv-conf /run/resolv.conf --resolvers /run/resolvers
both_up alpha beta
ip -n alpha addr add 10.233.0.18/28 dev host0
ip -n alpha addr add fd12:3456:789a:1::2/64 dev host0 nodad
ip -n beta addr add 10.233.0.34/28 dev host0
host_local=$(ip -6 -o addr show dev ve-alpha scope link | awk '{ sub("/.*", "", $4); print $4 }')

for server in 10.233.0.17 fd12:3456:789a:1::1; do
        for transport in +notcp +tcp; do
                with="($server, $transport)"
                same "a sibling's address $with" 10.233.0.34 "$(short $transport beta.internal)"
                same "its IPv6 address, and no link-local one $with" fd12:3456:789a:2::2 "$(short $transport beta.internal AAAA)"
                same "as a single label $with" 10.233.0.34 "$(short $transport beta)"
                same "the host $with" 10.233.0.17 "$(short $transport host.internal)"
                same "the host's IPv6 address $with" fd12:3456:789a:1::1 "$(short $transport host.internal AAAA)"
                same "a reverse name $with" beta.internal. "$(short $transport -x 10.233.0.34)"
                same "an IPv6 reverse name $with" beta.internal. "$(short $transport -x fd12:3456:789a:2::2)"
                same "the host's reverse name $with" host.internal. "$(short $transport -x 10.233.0.17)"
                same "a name of the host's resolver $with" 192.0.2.2 "$(short $transport www.test)"
        done
done
server=10.233.0.17

prints "the question comes back letter for letter" '^;BeTa\.InterNAL\.' d BeTa.InterNAL
same "letters make no difference" 10.233.0.34 "$(short BeTa.InterNAL)"
prints "NODATA carries a SOA" 'internal\..*SOA' d beta.internal MX
same "NODATA is no error" NOERROR "$(status beta.internal MX)"
same "a name that nobody has" NXDOMAIN "$(status nobody.internal)"
prints "NXDOMAIN carries a SOA" 'internal\..*SOA' d nobody.internal
same "a name below a container's" NXDOMAIN "$(status www.beta.internal)"
prints "the zone's SOA" 'ANSWER: 1' d internal SOA
prints "ANY is answered by one set of records" 'ANSWER: 1,' d beta.internal ANY
same "localhost is nobody else's" 127.0.0.1 "$(short localhost)"
prints "an answer of ours is authoritative" 'flags: qr aa rd ra' d beta.internal
prints "EDNS is answered by EDNS" 'EDNS: version: 0' d beta.internal
silent_about "no EDNS without EDNS" 'EDNS' d +noedns beta.internal
same "an EDNS version that does not exist" BADVERS "$(status +edns=7 +noednsnegotiation beta.internal)"
same "another class" REFUSED "$(status version.bind CH TXT)"
same "another operation" NOTIMP "$(status +opcode=NOTIFY beta.internal)"

same "an unknown single label" NXDOMAIN "$(status secret-host)"
same "an unknown single label, another type" NXDOMAIN "$(status secret-host MX)"
same "a reverse name of ours that is not in use" NXDOMAIN "$(status -x 10.233.200.1)"
same "an IPv6 reverse name of ours that is not in use" NXDOMAIN "$(status -x fd12:3456:789a:99::5)"
prints "the reverse zone says who it is" '233\.10\.in-addr\.arpa\..*SOA' d -x 10.233.200.1
refused "none of these left the host" asked 'secret|internal|233|fd12|d\.f|beta|localhost'
d -x 198.51.100.1 >/dev/null
succeeds "a reverse name of others does" asked '1\.100\.51\.198\.in-addr\.arpa'
d org DS >/dev/null
succeeds "what a validator asks of a top-level domain does" asked ' org 43'

same "NXDOMAIN of the resolver is passed on" NXDOMAIN "$(status nx.test)"
same "a large answer comes over TCP" 20 "$(short big.test TXT | wc -l)"
succeeds "  which the resolver was asked over as well" asked 'TCP big\.test'
prints "  and is marked as truncated over UDP" 'flags: qr tc' d +ignore big.test TXT
same "an answer with a wrong id is not believed" 192.0.2.2 "$(short wrong-id.test)"
same "an answer to another question is not believed" 192.0.2.2 "$(short wrong-name.test)"
prints "a server that writes the name its own way: the client sees its own" '^;LoWer\.test' d LoWer.test
same "  with the answer" 192.0.2.2 "$(short LoWer.test)"
same "a refusal without a question reaches the client" REFUSED "$(status refused.test)"

for i in $(seq 100); do echo "r$i.test"; done >/run/names
in_guest alpha dig +short "@$server" -f /run/names >/dev/null
ports=$(awk '$4 ~ /^r[0-9]+\.test/ { print $2 }' /run/log-127.0.0.* | sort -u | wc -l)
ids=$(awk '$4 ~ /^r[0-9]+\.test/ { print $3 }' /run/log-127.0.0.* | sort -u | wc -l)
if [[ $ports -gt 90 && $ids -gt 90 ]]; then ok "100 queries come from ports and with ids that differ"; else
        not_ok "100 queries come from ports and with ids that differ" "$ports ports, $ids ids"
fi

nameservers 127.0.0.3
same "a changed resolv.conf is read again" 192.0.2.3 "$(short www.test)"
nameservers 127.0.0.9 127.0.0.3
same "a server that nobody listens on: the next is asked" 192.0.2.3 "$(short a1.test)"
same "  over TCP as well" 192.0.2.3 "$(short +tcp a2.test)"
resolver 127.0.0.4 servfail
nameservers 127.0.0.4 127.0.0.3
same "a server that fails: the next is asked" 192.0.2.3 "$(short a3.test)"
resolver 127.0.0.5 refused
nameservers 127.0.0.5 127.0.0.4
same "all servers fail: their error reaches the client" SERVFAIL "$(status a4.test)"
resolver 127.0.0.6 silent
nameservers 127.0.0.6 127.0.0.3
same "a server that is silent: the next is asked" 192.0.2.3 "$(short a5.test)"
same "  over TCP as well" 192.0.2.3 "$(short +tcp a6.test)"
nameservers 127.0.0.6
same "no server answers: SERVFAIL" SERVFAIL "$(status a7.test)"
same "  over TCP as well" SERVFAIL "$(status +tcp a8.test)"
resolver 127.0.0.7 udp
nameservers 127.0.0.7
same "a server without TCP is asked over UDP" 192.0.2.7 "$(short +tcp a9.test)"
same "  whose truncated answer is none" SERVFAIL "$(status +tcp big.test TXT)"
nameservers 127.0.0.9
same "nobody listens: SERVFAIL" SERVFAIL "$(status b0.test)"
rm /run/resolv.conf
sleep 1.1
same "no resolv.conf, nobody on 127.0.0.1: SERVFAIL" SERVFAIL "$(status b1.test)"
resolver 127.0.0.53
nameservers 127.0.0.53
same "a stub on 127.0.0.53" 192.0.2.53 "$(short b2.test)"
same "names of ours need no resolver" 10.233.0.34 "$(short beta)"

echo 'nameserver 127.0.0.2' >/run/resolvers/corp.test
sleep 1.1
same "a domain with a resolver of its own" 192.0.2.2 "$(short a.Corp.test)"
same "  other domains go where they went" 192.0.2.53 "$(short acorp.test)"
rm /run/resolvers/corp.test
sleep 1.1
same "  and when it has none any more" 192.0.2.53 "$(short a.corp.test)"

# Another domain, while everything runs; names in the one before are others' from then on.
same "another domain behind names" "done" "$(tell domain ve-alpha lan.example)"
same "  a sibling" 10.233.0.34 "$(short Beta.Lan.Example)"
same "  the host" 10.233.0.17 "$(short host.lan.example)"
same "  a reverse name" beta.lan.example. "$(short -x 10.233.0.34)"
same "  the reverse name of an address of ours that nobody has" NXDOMAIN "$(status -x 10.233.200.2)"
prints "  NXDOMAIN carries a SOA" '^lan\.example\..*SOA' d nobody.lan.example
same "  NODATA is no error" NOERROR "$(status beta.lan.example MX)"
prints "  the zone's SOA" 'ANSWER: 1' d lan.example SOA
refused "  and nothing of it leaves the host" asked 'lan\.example'
same "  single labels are the same" 10.233.0.34 "$(short beta)"
same "  the domain before is asked of the resolver" 192.0.2.53 "$(short gamma.internal)"
prints "  the search list is advertised" 'DNS search list *: lan\.example' in_guest alpha rdisc6 -1 -w 3000 host0
prints "  what is no domain changes nothing" 'Invalid argument' tell domain ve-alpha x.local
same "  (nothing)" 10.233.0.34 "$(short beta.lan.example)"
same "the domain before" "done" "$(tell domain ve-alpha internal)"
same "  is answered again" 10.233.0.34 "$(short beta.internal)"

# A client may write letters in any case, as some do so that answers are harder to forge: it gets them back.
prints "letters of any case come back" '^BEtA\.iNTernaL\.' d BEtA.iNTernaL
prints "  in a name that nobody has" '^;nOBody\.INTernal\.' d nOBody.INTernal
prints "  from a resolver" '^;wWw\.tESt\.' d wWw.tESt

# One packet a line, each an error of its own to the responder: what it says, and that it goes on.
raw() { # raw HEX: sends it over UDP, prints the answer in hexadecimal
        in_guest alpha python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
s.sendto(bytes.fromhex(sys.argv[2]), (sys.argv[1], 53))
try:
    print(s.recv(4096).hex())
except socket.timeout:
    print("silence")' "$server" "$1"
}
same "two questions: FORMERR" 123481810000000000000000 "$(raw 12340100000200000000000000000100010000010001)"
same "a name that points to itself: FORMERR" 123481810000000000000000 "$(raw 123401000001000000000000c00c00010001)"
same "zone transfer: REFUSED" 12348185000100000000000008696e7465726e616c0000fc0001 \
        "$(raw 12340100000100000000000008696e7465726e616c0000fc0001)"
same "half a header: silence" silence "$(raw 123401000001)"
same "an answer: silence" silence "$(raw 1234810000010000000000000000010001)"

# Other servers on the host, and a port that is taken.
hold() { # hold CODE: Python that takes ports; returns when it has them, its process is $holder
        : >/run/held
        python3 -c "
import socket, time
def take(family, kind, where):
    s = socket.socket(family, kind)
    s.setsockopt(0, 15, 1) if family == socket.AF_INET else s.setsockopt(41, 26, 1)
    s.bind(where)
    if kind == socket.SOCK_STREAM: s.listen()
    return s
$1
print('held', flush=True)
time.sleep(1000)" >/run/held 2>&1 &
        holder=$!
        until grep -q held /run/held; do
                kill -0 $holder 2>/dev/null || { not_ok "another program takes the port" "$(cat /run/held)"; done_testing; }
                sleep 0.02
        done
}
hold "held = [take(socket.AF_INET, k, (a, 53)) for a in ('127.0.0.1', '10.99.0.1') for k in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]"
same "a link goes" "done" "$(tell remove ve-alpha)"
same "a link comes back beside other DNS servers of the host" "done" "$(tell add ve-alpha)"
same "  and is served over UDP" 10.233.0.34 "$(short beta)"
same "  and over TCP" 10.233.0.34 "$(short +tcp beta)"
tell remove ve-alpha >/dev/null
tell remove ve-beta >/dev/null
hold "held = take(socket.AF_INET6, socket.SOCK_STREAM, ('::', 53, 0, 0))"
same "a link is served although a program has TCP port 53 on every address" "done" "$(tell add ve-alpha)"
prints "  which is said, with advice" 've-alpha: cannot serve DNS over IPv6 \(TCP port 53\): another program .*ss -lnp' \
        cat /run/responders.log
same "  the rest works" 10.233.0.34 "$(short beta)"
server=fd12:3456:789a:1::1
same "  and so does its neighbour" 10.233.0.34 "$(short beta)"
kill $holder
within 15 "  and so does this, when the port is free" in_guest alpha dig +tcp +time=1 +tries=1 "@$server" beta
prints "  which is said as well" 've-alpha: DNS over IPv6 \(TCP port 53\) is served now' cat /run/responders.log

serving_ends
done_testing

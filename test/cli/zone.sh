#!/usr/bin/env bash
# zone: what its actions print, as text and as JSON, what --dry-run says, and what is refused.
source "$(dirname "$0")/../lib/tap.sh"
in_sandbox "$@"

need "setup" nixos-nspawn setup
mkdir -p /run/config
cd /run/config || exit 1
json() { python3 -c "import json, sys; v = json.load(sys.stdin); print(json.dumps($1))"; }

same "zone list of none" '[]' "$(nixos-nspawn zone list --json | json v)"
prints "  as text" '^Showing 0 zones:' nixos-nspawn zone list
succeeds "zone create --dry-run" nixos-nspawn zone create foo --persistent --dry-run
same "  makes none" '[]' "$(nixos-nspawn zone list --json | json v)"
prints "  says what would be written" 'write /var/lib/nixos-nspawn/zones/foo.json' nixos-nspawn zone create foo --dry-run
prints "  a persistent one's bridge, too" 'network: create .*vz-foo' nixos-nspawn zone create foo --persistent --dry-run
prints "  and calls it a zone" '^Zone foo, nothing is done:' nixos-nspawn zone create foo --dry-run
same "  as JSON" '[true, "foo"]' "$(nixos-nspawn zone create foo --persistent --dry-run --json | json '[v["dryRun"] and len(v["operations"]) > 5, v["name"]]')"

same "zone create --json" '{"name": "foo", "created": true}' "$(nixos-nspawn zone create foo --size 22 --host-access tcp/443,8080 --json | json v)"
shown() { nixos-nspawn zone status foo --json | json "[v[k] for k in ('internal', 'isolated', 'persistent', 'hostAccess')] + [v['ipv4'].split('/')[1]]"; }
same "zone status --json" '[false, false, false, ["tcp/443", "8080"], "22"]' "$(shown)"
prints "  as text" '^ *State: +absent' nixos-nspawn zone status foo
prints "zone list counts in words" '^Showing 1 zone:' nixos-nspawn zone list
prints "zone list" '^ *foo +imperative +absent .*/22' nixos-nspawn zone list
prints "completion" '^foo$' nixos-nspawn completion zones

# What is named changes, the rest stays.
succeeds "zone update --isolated" nixos-nspawn zone update foo --isolated
same "  leaves the rest" '[false, true, false, ["tcp/443", "8080"], "22"]' "$(shown)"
succeeds "zone update --no-isolated --internal" nixos-nspawn zone update foo --no-isolated --internal
same "  takes one back" '[true, false, false, ["tcp/443", "8080"], "22"]' "$(shown)"
succeeds "zone update without options" nixos-nspawn zone update foo
same "  changes nothing" '[true, false, false, ["tcp/443", "8080"], "22"]' "$(shown)"
echo '{ "isolated": true, "networkConfig": { "DHCPServer": false } }' >foo.json
succeeds "zone update --config" nixos-nspawn zone update foo --config foo.json --persistent
same "  takes the place of all of it" '[false, true, true, "services", "24"]' "$(shown)"
prints "  the bridge of a persistent zone is there" 'vz-foo.*UP' ip link show vz-foo
prints "zone status" '^ *State: +up' nixos-nspawn zone status foo
prints "zone update --dry-run says what would be done" 'network: .*vz-foo' nixos-nspawn zone update foo --host-access none --dry-run
same "  and does nothing" '[false, true, true, "services", "24"]' "$(shown)"
prints "zone remove --dry-run" 'network: .*vz-foo' nixos-nspawn zone remove foo --dry-run
prints "  does nothing" vz-foo ip link show vz-foo
succeeds "zone update --no-persistent" nixos-nspawn zone update foo --no-persistent
refused "  the bridge goes" ip link show vz-foo

# Refused, and nothing changes.
before=$(shown)
fails "a name that is too long" 10 "at most 12 characters" nixos-nspawn zone create a-zone-too-long
fails "a name with a dot" 10 "is no name for a zone" nixos-nspawn zone create a.b
echo '{ "frobnicate": 1 }' >wrong.json
fails "an option that no zone has" 10 "wrong.json:1:3: there is no option 'frobnicate' of a zone; nixos.containers.zones of nixos-nspawn-host" \
        nixos-nspawn zone update foo --config wrong.json
fails "no name" 2 "takes the name of one zone" nixos-nspawn zone create
fails "an unknown action" 2 "'zone make' is unknown" nixos-nspawn zone make foo
fails "a size out of range" 10 'size: expected the length of a prefix from 16 to 29, found the number 30' nixos-nspawn zone update foo --size 30
fails "  too large" 10 'from 16 to 29, found the number 8' nixos-nspawn zone update foo --size /8
fails "  no number" 2 '\-\-size many is not the length of a prefix' nixos-nspawn zone update foo --size many
fails "ports that are none" 10 'hostAccess: expected "services"' nixos-nspawn zone update foo --host-access tcp/70000
fails "both ways at once" 2 '\-\-isolated and --no-isolated do not go together' nixos-nspawn zone update foo --isolated --no-isolated
echo '{ "isolatd": true }' >bad.json
fails "an unknown option" 10 "isolatd" nixos-nspawn zone update foo --config bad.json
echo '{ "networkConfig": { "MulticastDNS": true } }' >bad.json
fails "a key that nobody would carry out" 10 'networkConfig.MulticastDNS: MulticastDNS= of \[Network\] is not carried out here' nixos-nspawn zone update foo --config bad.json
echo '{ "networkConfig": { "DHCPServer": "perhaps" } }' >bad.json
fails "a wrong value" 10 "DHCPServer= of \[Network\] is 'perhaps', expected yes or no" nixos-nspawn zone update foo --config bad.json
echo '{ "address": [ "" ] }' >bad.json
fails "no address at all" 10 'has no address' nixos-nspawn zone update foo --config bad.json
fails "a zone that is not there" 10 "Virtual zone 'nozone' does not exist!" nixos-nspawn zone update nozone --isolated
same "nothing changed" "$before" "$(shown)"
same "zone remove --json" '{"name": "foo", "removed": true}' "$(nixos-nspawn zone remove foo --json | json v)"
same "  again" '{"name": "foo", "removed": false}' "$(nixos-nspawn zone remove foo --json | json v)"
done_testing

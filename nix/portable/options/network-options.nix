# The options of one .network file of systemd-networkd, as NixOS names them.
{ lib }:
let
  inherit (lib) mkOption types;
  settings = types.attrsOf types.unitSetting;

  section =
    name: example:
    mkOption {
      type = settings;
      default = { };
      inherit example;
      description = "Settings of the [${name}] section of systemd.network(5), passed on as they are.";
    };
  sections =
    name: example:
    mkOption {
      type = types.listOf settings;
      default = [ ];
      example = [ example ];
      description = "[${name}] sections of systemd.network(5), one an entry.";
    };
  lines =
    name: example:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ example ];
      description = "${name}= lines of the [Network] section.";
    };
in
{
  enable = mkOption {
    type = types.bool;
    default = true;
    description = "Whether the file is there.";
  };
  name = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "host0";
    description = "The interface: Name= of the [Match] section.";
  };
  matchConfig = section "Match" { Name = "host0"; };
  linkConfig = section "Link" { MTUBytes = "1400"; };
  networkConfig = section "Network" { DHCP = "no"; };
  DHCP = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "ipv4";
    description = "DHCP= of the [Network] section.";
  };
  address = lines "Address" "192.168.5.2/24";
  gateway = lines "Gateway" "192.168.5.1";
  dns = lines "DNS" "192.168.5.1";
  ntp = lines "NTP" "192.168.5.1";
  domains = lines "Domains" "example.org";
  bridge = lines "Bridge" "br0";
  bond = lines "Bond" "bond0";
  vrf = lines "VRF" "vrf0";
  vlan = lines "VLAN" "vlan5";
  macvlan = lines "MACVLAN" "mv0";
  vxlan = lines "VXLAN" "vxlan0";
  tunnel = lines "Tunnel" "tun0";
  addresses = sections "Address" { Address = "192.168.5.2/24"; };
  routes = sections "Route" {
    Destination = "10.0.0.0/8";
    Gateway = "192.168.5.1";
  };
  routingPolicyRules = sections "RoutingPolicyRule" {
    From = "192.168.5.0/24";
    Table = 100;
  };
  dhcpV4Config = section "DHCPv4" { UseDNS = false; };
  dhcpV6Config = section "DHCPv6" { UseDNS = false; };
  dhcpPrefixDelegationConfig = section "DHCPPrefixDelegation" { SubnetId = "1"; };
  dhcpServerConfig = section "DHCPServer" { PoolSize = 10; };
  dhcpServerStaticLeases = sections "DHCPServerStaticLease" {
    MACAddress = "02:00:00:00:00:01";
    Address = "192.168.5.9";
  };
  ipv6AcceptRAConfig = section "IPv6AcceptRA" { UseDNS = false; };
  ipv6SendRAConfig = section "IPv6SendRA" { EmitDNS = false; };
  ipv6Prefixes = sections "IPv6Prefix" {
    Prefix = "fd12:3456::/64";
    Assign = true;
  };
  ipv6RoutePrefixes = sections "IPv6RoutePrefix" { Route = "fd12::/16"; };
  bridgeConfig = section "Bridge" { Cost = 10; };
  extraConfig = mkOption {
    type = types.lines;
    default = "";
    example = "[Link]\nMulticast=yes\n";
    description = "Lines at the end of the file.";
  };
}

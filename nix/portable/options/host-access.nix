# What the guests of a link reach of the host.
{ lib }:
let
  inherit (lib) mkOption types;
in
mkOption {
  type = types.either (types.enum [
    "services"
    "all"
    "none"
  ]) (types.listOf (types.strOf "a port of the host (\"tcp/443\", \"udp/514\", \"8080\" for both)" "ports of the host" "((tcp|udp)/)?[0-9]{1,5}"));
  default = "services";
  example = [ "tcp/443" ];
  description = "What of the host can be reached: \"services\", what a network needs (DNS, DHCP, router advertisements, LLMNR, ping), \"all\", \"none\", not even those, or a list of ports beside the services. Not known to the NixOS module.";
}

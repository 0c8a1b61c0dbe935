# The options of a zone: those of its bridge's .network file, and what a zone is beyond that.
{ lib }:
let
  inherit (lib) mkOption types;
in
{
  internal = mkOption {
    type = types.bool;
    default = false;
    description = "Whether the zone has no way out: its members reach each other and the host's services, nothing else, and DNS answers local names only.";
  };
  persistent = mkOption {
    type = types.bool;
    default = false;
    description = "Whether the zone's bridge is there without members, too.";
  };
  isolated = mkOption {
    type = types.bool;
    default = false;
    description = "Whether the members do not reach each other, only the host and the outside.";
  };
  hostAccess = import ./host-access.nix { inherit lib; };
  size = mkOption {
    type = types.ints.between 16 29;
    default = 24;
    example = 22;
    description = "The length of the prefix of the automatic IPv4 range, which says how many members there can be: /24 has place for 253, /22 for 1,021, and a bridge has 1,023 ports.";
  };
}
// import ./network-options.nix { inherit lib; }

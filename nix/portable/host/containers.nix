# What the host does with the traffic of its nixos-containers beside NAT. Not known to NixOS, whose containers are not kept
# from the outside.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.networking.containers.routedInterfaces = mkOption {
    type = types.listOf (
      types.strOf "the name of an interface (at most 15 characters, no blanks, '/' or quotes)"
        "names of interfaces, '+' or '*' at the end standing for anything" "[^][:space:][:cntrl:]/\"\\*]{1,15}[*]?"
    );
    default = [ ];
    example = [ "ve-web" ];
    description = "Links of nixos-containers whose traffic the host routes without NAT: out, and in from wherever a route leads to it. For containers with addresses that others have a route to. Without it they reach the outside by networking.nat alone.";
  };
}

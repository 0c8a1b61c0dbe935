# Answering for containers where the provider does not route their prefix to the host.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.nixos.containers.proxyNeighbours = mkOption {
    type = types.listOf (
      types.strOf "the name of an interface (at most 15 characters, no blanks, '/' or quotes)"
        "names of interfaces"
        "[^][:space:][:cntrl:]/\"\\*]{1,15}"
    );
    default = [ ];
    example = [ "eth0" ];
    description = "Links of the host on which it answers neighbour discovery for the global IPv6 addresses of its containers, while they have them: for a provider that does not route their prefix to the host. Sets the sysctl proxy_ndp of those links, and puts it back.";
  };
}

# Interfaces of the container, for its systemd-networkd.
{ lib, ... }:
{
  options.systemd.network.networks = lib.mkOption {
    type = lib.types.attrsOf (lib.types.submodule { options = import ./network-options.nix { inherit lib; }; });
    default = { };
    example."30-tunnel" = {
      matchConfig.Name = "tun0";
      address = [ "10.9.0.2/24" ];
    };
    description = "Files NAME.network for the container's systemd-networkd. host0 has its own, with its address, which a file of a name before \"20-\" replaces.";
  };
}

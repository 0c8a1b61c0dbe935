# Zones, networks that containers share. The name and the settings of the bridge are those of the NixOS module.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.nixos.containers.zones = mkOption {
    type = types.attrsOf (types.submodule { options = import ../options/zone-options.nix { inherit lib; }; });
    default = { };
    example.myzone.address = [
      ""
      "10.100.200.1/24"
    ];
    description = "Zones by name, with settings of the bridge vz-NAME as systemd.network.networks.NAME has them, and those below, which the NixOS module does not know. A zone is there as soon as a container joins it (nixosContainer.zone).";
  };
}

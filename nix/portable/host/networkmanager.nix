# Interfaces that NetworkManager on the host leaves alone.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.networking.networkmanager.unmanaged = mkOption {
    type = types.listOf (
      types.strOf "a device as NetworkManager.conf(5) writes it (\"interface-name:ve-*\", \"mac:00:11:22:33:44:55\")"
        "devices as NetworkManager.conf(5) writes them" "[^;[:cntrl:]]+"
    );
    default = [ ];
    example = [ "interface-name:ve-*" ];
    description = "Devices that NetworkManager leaves alone. Those of containers are among them without this option.";
  };
}

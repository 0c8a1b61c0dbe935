# What systemd-nspawn is told, beyond what nixosContainer has options for.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  section =
    name: example: description:
    mkOption {
      type = types.attrsOf types.unitSetting;
      default = { };
      inherit example;
      description = "Settings of the [${name}] section of systemd.nspawn(5). ${description}";
    };
in
{
  options.systemd.nspawn = mkOption {
    type = types.attrsOf (
      types.submodule {
        options = {
          execConfig = section "Exec" { Environment = "LANG=C.UTF-8"; } "Those that nixos-nspawn sets itself are refused, with the option to use instead.";
          filesConfig = section "Files" { BindReadOnly = "/srv/data:/data"; } "Beside those of nixosContainer.bindMounts.";
          networkConfig = section "Network" { MACVLAN = "eth0"; } "Private, VirtualEthernet, VirtualEthernetExtra, Interface, MACVLAN, IPVLAN, Bridge and Zone: any of them replaces the container's usual link, host0, unless VirtualEthernet = \"yes\" is among them.";
        };
      }
    );
    default = { };
    example.NAME.networkConfig.MACVLAN = "eth0";
    description = "The container's own options of systemd-nspawn, under the container's name, as in the NixOS option of that name.";
  };
}

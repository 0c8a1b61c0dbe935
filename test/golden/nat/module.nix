{ config, lib, ... }:
{
  imports = [ ./parts/inside.nix ];
  config = lib.mkIf true {
    networking.nat.enable = lib.mkDefault true;
    networking.nat.internalInterfaces = lib.mkAfter [ "br0" ];
  };
}

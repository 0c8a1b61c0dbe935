# /etc/nixos-nspawn/host.nix: put in force by `nixos-nspawn apply`.
{
  # Containers reach the outside with the host's address.
  networking.nat = {
    enable = true;
    internalInterfaces = [ "ve-+" ];
    externalInterface = "eth0";
  };

  # NetworkManager leaves their links alone.
  networking.networkmanager.unmanaged = [ "interface-name:ve-*" ];
}

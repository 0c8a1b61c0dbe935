{
  networking.nat.enable = true;
  networking.networkmanager.unmanaged = [ "interface-name:ve-*" ];
  networking.firewall.enable = true;
}

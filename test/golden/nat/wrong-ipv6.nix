{
  networking.nat.enable = true;
  networking.nat.internalIPv6s = [ "fc00::/64" ];
}

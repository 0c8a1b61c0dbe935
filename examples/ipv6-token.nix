# The host's addresses in advertised prefixes: ::1 in the first, ::53 and the EUI-64 in the second.
{
  nixosContainer.hostNetworkConfig.ipv6Prefixes = [
    {
      Prefix = "fd42:1:2:3::/64";
      Assign = true;
      Token = "static:::1";
    }
    {
      Prefix = "fd42:1:2:4::/64";
      Assign = true;
      Token = [ "::53" "eui64" ];
      ValidLifetimeSec = "1d";
      PreferredLifetimeSec = "4h";
    }
  ];
}

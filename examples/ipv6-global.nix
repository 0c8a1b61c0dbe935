# A global range that the provider routes to this host: what the container sends goes out as it is, and it is reached
# from outside by what its own firewall allows.
{
  services.nginx = {
    enable = true;
    virtualHosts.localhost.default = true;
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  nixosContainer.hostNetworkConfig.ipv6Prefixes = [
    {
      Prefix = "2001:db8:1234:1::/64";
      Assign = true;
    }
  ];
  nixosContainer.containerNetworkConfig.address = [ "2001:db8:1234:1::80/64" ];

  # "none" closes it: then only forwards lead in.
  nixosContainer.outsideAccess = "global";
}

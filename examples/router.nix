# A container that is a router: the host reaches the networks behind it through it, and so do others that have a route to
# the host.
{
  nixosContainer.hostNetworkConfig = {
    address = [ "10.42.7.1/24" "fd42:7::1/64" ];
    routes = [
      { Destination = "192.0.2.0/24"; Gateway = "10.42.7.2"; }
      { Destination = "fd42:8::/64"; Gateway = "fd42:7::2"; }
    ];
  };
  nixosContainer.containerNetworkConfig.address = [ "10.42.7.2/24" "fd42:7::2/64" ];
  nixosContainer.outsideAccess = "all";

  environment.etc."sysctl.d/50-router.conf".text = "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n";
}

# An address out of a range that is elsewhere: the host has another one of it and a route to the container's, and other
# machines that have a route to the host reach it.
{
  nixosContainer.hostNetworkConfig = {
    address = [ "fd24::3/128" ];
    routes = [ { Destination = "fd24::2/128"; } ];
  };
  nixosContainer.containerNetworkConfig.address = [ "fd24::2/64" ];
  nixosContainer.outsideAccess = "all";
}

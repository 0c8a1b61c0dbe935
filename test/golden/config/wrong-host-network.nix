{
  nixosContainer.hostNetworkConfig.ipv6Prefix = [{
    Prefix = "2001:1234:abcd:ef01::/64";
    Assign = true;
  }];
}

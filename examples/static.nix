# Static addresses, and no others: the empty string in front drops the automatic range.
{
  nixosContainer.hostNetworkConfig.address = [ "" "10.42.42.1/24" ];
  nixosContainer.containerNetworkConfig.address = [ "" "10.42.42.2/24" ];
}

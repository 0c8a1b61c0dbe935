# A Unique Local Address range of one's own (RFC 4193): like a private IPv4 range, it is translated on the way out.
{
  nixosContainer.hostNetworkConfig.ipv6Prefixes = [
    {
      Prefix = "fd12:3456:789a:1::/64";
      Assign = true;
    }
  ];
}

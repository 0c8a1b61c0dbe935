# macvlan.nix: a link of its own on the network that the host's eth1 is on, beside the host rather than behind it.
#
# The host itself cannot talk to it over eth1: it needs a macvlan, too, and that one must not be called mv-eth1:
#
#     ip link add mv-eth1-host link eth1 type macvlan mode bridge
#     ip addr add 192.168.2.2/24 dev mv-eth1-host
#     ip link set mv-eth1-host up
{ name, ... }:
{
  system.stateVersion = "26.05";

  services.nginx = {
    enable = true;
    virtualHosts.localhost.default = true;
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  systemd.nspawn.${name}.networkConfig.MACVLAN = "eth1";

  # Inside it is called mv-eth1, and comes without an address.
  systemd.network.networks."20-mv-eth1" = {
    matchConfig.Name = "mv-eth1";
    address = [ "192.168.2.5/24" ];
  };
}

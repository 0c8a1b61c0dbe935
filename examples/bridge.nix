# bridge.nix: a member of a bridge that the host has, with the addresses of that network. Before it:
#
#     ip link add mybridge type bridge
#     ip link set mybridge up
{
  system.stateVersion = "26.05";

  services.nginx = {
    enable = true;
    virtualHosts.localhost.default = true;
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  nixosContainer.bridge = "mybridge";
}

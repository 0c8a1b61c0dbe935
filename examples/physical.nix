# physical.nix: a network card of the host's, which is the container's while it runs, and the host's again afterwards.
{ name, ... }:
{
  system.stateVersion = "26.05";

  services.nginx = {
    enable = true;
    virtualHosts.localhost.default = true;
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  systemd.nspawn.${name}.networkConfig = {
    Interface = "eth1";
    # The usual link as well; without this line the container has eth1 alone.
    VirtualEthernet = "yes";
  };

  systemd.network.networks."20-eth1" = {
    matchConfig.Name = "eth1";
    address = [ "192.168.2.7/24" ];
  };
}

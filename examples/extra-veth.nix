# extra-veth.nix: beside the usual link, a second one that joins a bridge of the host, and a third between two addresses.
{
  system.stateVersion = "26.05";

  services.nginx = {
    enable = true;
    virtualHosts.localhost.default = true;
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  nixosContainer.extraVeths = {
    backend = {
      hostBridge = "mybridge";
      localAddress = "192.168.5.20/24";
    };
    control = {
      hostAddress = "192.168.6.1";
      localAddress = "192.168.6.2";
    };
  };
}

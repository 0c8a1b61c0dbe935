# /etc/nixos-nspawn/host.nix: put in force by `nixos-nspawn apply`.
{
  # Containers reach the outside with the host's address.
  networking.nat = {
    enable = true;
    internalInterfaces = [ "ve-+" ];
    externalInterface = "eth0";
  };

  # NetworkManager leaves their links alone.
  networking.networkmanager.unmanaged = [ "interface-name:ve-*" ];

  # A container of nixos-container, made, changed and removed by `apply`.
  containers.web = {
    autoStart = true;
    privateNetwork = true;
    hostAddress = "10.231.136.1";
    localAddress = "10.231.136.2";
    config = {
      services.nginx.enable = true;
      services.nginx.virtualHosts.localhost.default = true;
      networking.firewall.allowedTCPPorts = [ 80 ];
    };
  };
}

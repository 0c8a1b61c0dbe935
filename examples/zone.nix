# zone.nix: a member of the zone "myzone", which is there after `nixos-nspawn zone create myzone`, or after
# `nixos-nspawn apply` with examples/host-zones.nix.
{
  system.stateVersion = "26.05";

  services.nginx = {
    enable = true;
    virtualHosts.localhost.default = true;
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  nixosContainer.zone = "myzone";
  nixosContainer.forwardPorts = [{ hostPort = 8181; containerPort = 80; }];
}

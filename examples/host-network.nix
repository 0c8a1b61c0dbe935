# host-network.nix: no network of its own, but the host's. What listens inside, listens on the host; nothing is forwarded,
# and nothing keeps it from the host's own services.
{ name, ... }:
{
  system.stateVersion = "26.05";

  services.nginx = {
    enable = true;
    virtualHosts.localhost = {
      default = true;
      listen = [ { addr = "0.0.0.0"; port = 8080; } ];
    };
  };

  systemd.nspawn.${name}.networkConfig.VirtualEthernet = "no";
}

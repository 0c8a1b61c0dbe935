# no-network.nix: a loopback and nothing else.
{ name, ... }:
{
  system.stateVersion = "26.05";

  systemd.nspawn.${name}.networkConfig = {
    Private = true;
    VirtualEthernet = "no";
  };
}

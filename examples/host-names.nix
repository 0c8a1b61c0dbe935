# /etc/nixos-nspawn/host.nix: containers are called NAME.home.arpa, put in force by `nixos-nspawn apply`.
{
  nixos.containers.nameSuffix = "home.arpa";
}

# Every option that the configuration of a host may set (/etc/nixos-nspawn/host.nix).
[
  ./containers.nix
  ./declared.nix
  ./names.nix
  ./nat.nix
  ./networkmanager.nix
  ./proxy-neighbours.nix
  ./zones.nix
]

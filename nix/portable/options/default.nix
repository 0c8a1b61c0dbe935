# Every option that a portable config may set.
[
  ./environment.nix
  ./networking.nix
  ./nginx.nix
  ./nixos-container.nix
  ./openssh.nix
  ./system.nix
  ./systemd-network.nix
  ./systemd-nspawn.nix
  ./systemd-services.nix
]

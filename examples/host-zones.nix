# /etc/nixos-nspawn/host.nix with zones: put in force by `nixos-nspawn apply`.
{
  # Addresses of the user's own, instead of the automatic ranges.
  nixos.containers.zones.myzone.address = [ "" "10.100.200.1/24" "fd25::1/64" ];

  # Members reach each other, and neither the outside nor a port of the host.
  nixos.containers.zones.backend = {
    internal = true;
    hostAccess = "none";
  };
}

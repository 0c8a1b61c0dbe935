# /etc/nixos-nspawn/host.nix: zones in the host's configuration.
{
  # Addresses of the user's own, instead of the automatic ranges.
  nixos.containers.zones.myzone.address = [ "" "10.100.200.1/24" "fd25::1/64" ];

  # Members reach each other, and neither the outside nor a port of the host.
  nixos.containers.zones.backend = {
    internal = true;
    hostAccess = "none";
  };
}

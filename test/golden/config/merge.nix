# Lists are joined (imported ones first), sets are merged, lines are put one below the other.
{ lib, ... }:
{
  imports = [
    ./parts/list.nix
    {
      networking.firewall.allowedTCPPorts = [ 3 ];
      systemd.services.a.environment.B = "b";
      services.nginx.appendHttpConfig = "# import";
    }
    ./parts/list.nix
  ];
  networking.firewall.allowedTCPPorts = lib.mkMerge [
    [ 4 ]
    (lib.mkBefore [ 1 ])
    (lib.mkAfter [ 9 ])
    (lib.mkIf false [ 99 ])
    [ 5 ]
  ];
  systemd.services.a.environment.A = "a";
  services.nginx.appendHttpConfig = "# main";
  systemd.services.a.serviceConfig.ExecStartPre = lib.mkMerge [ "/bin/one" [ "/bin/two" "/bin/three" ] ];
}

# A function of config and lib, which reads what other files set.
{ config, lib, ... }:
let
  names = [ "One" "Two" ];
in
{
  imports = [ ./parts/web.nix ];
  networking.hostName = lib.toLower (lib.concatStringsSep "-" names);
  services.nginx.virtualHosts = lib.genAttrs names (name: {
    root = "/srv/${lib.toLower name}";
    locations = lib.mapAttrs' (n: v: lib.nameValuePair "/${n}" { proxyPass = "http://127.0.0.1:${toString v}"; }) {
      a = 3000;
      b = 3001;
    };
  });
  networking.firewall.allowedTCPPorts = lib.optionals config.services.nginx.enable [ 80 443 ];
  nixosContainer.forwardPorts = map (port: { hostPort = port; }) (lib.range 8000 8002);
  systemd.services = lib.filterAttrs (n: v: n != "no") {
    yes.script = lib.optionalString true "echo yes";
    no.script = "echo no";
  };
}

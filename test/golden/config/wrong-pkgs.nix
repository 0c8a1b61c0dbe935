{ pkgs, ... }:
{
  systemd.services.hello = {
    serviceConfig.ExecStart = "${pkgs.hello}/bin/hello";
  };
}

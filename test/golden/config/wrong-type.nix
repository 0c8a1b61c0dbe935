{ lib, ... }:
{
  services.nginx.enable = lib.mkDefault "yes";
}

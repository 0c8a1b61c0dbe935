{ lib, ... }:
{
  nixosContainer.forwardPort = [ ];
  nixosContainer.ephemeral = 3;
  nixosContainer.zone = "z";
  nixosContainer.forwardPorts = [
    { hostPort = 0; }
    { hostPort = 8080; containerPort = "http"; }
    { containerPort = 1; }
  ];
  services.postgresql.enable = true;
  services.nginx.virtualHosts.a.locations."/".rot = "/srv";
}

{ lib, ... }:
{
  nixosContainer.forwardPort = [ ];
  nixosContainer.ephemeral = 3;
  nixosContainer.mountDaemonSocket = true;
  nixosContainer.forwardPorts = [
    { hostPort = 0; }
    { hostPort = 8080; containerPort = "http"; }
    { containerPort = 1; }
  ];
  services.postgresql.enable = true;
  services.nginx.virtualHosts.a.locations."/".rot = "/srv";
}

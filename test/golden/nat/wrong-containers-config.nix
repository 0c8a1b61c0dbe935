{
  containers.web.config.servces.nginx.enable = true;
  containers.web.config.networking.firewall.allowedTCPPorts = [ "http" ];
}

{
  services.nginx.enable = true;
  networking.firewall.allowedTCPPorts = [ 8080 ];
}

{
  networking.firewall.allowedTCPPorts = [
    80
    "http"
  ];
}

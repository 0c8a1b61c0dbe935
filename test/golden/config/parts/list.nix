{ networking.firewall.allowedTCPPorts = [ 2 ]; }

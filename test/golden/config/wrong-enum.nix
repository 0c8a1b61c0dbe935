{ nixosContainer.forwardPorts = [ { hostPort = 80; protocol = "sctp"; } ]; }

{ nixosContainer.forwardPorts = [ { hostPort = 0; } ]; }

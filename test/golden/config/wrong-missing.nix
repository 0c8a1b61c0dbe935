{ nixosContainer.forwardPorts = [ { containerPort = 80; } ]; }

{ nixosContainer.forwardPorts = [ { hostPort = 80; } { hostPort = 80; containerPort = 81; } ]; }

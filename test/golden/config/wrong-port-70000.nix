{ nixosContainer.forwardPorts = [ { hostPort = 80; } { hostPort = 81; containerPort = 70000; } ]; }

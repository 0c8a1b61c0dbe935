{ forwardPorts = [ { hostPort = 80; } ]; }

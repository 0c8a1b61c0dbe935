{
  containers.a.config.nixosContainer.forwardPorts = [ { hostPort = 80; } ];
}

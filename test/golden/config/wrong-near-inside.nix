{
  nixosContainer.forwardPorts = [
    { hostPort = 80; }
    { hostport = 81; }
  ];
}

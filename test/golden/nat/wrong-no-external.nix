{
  networking.nat.enable = true;
  networking.nat.forwardPorts = [
    {
      sourcePort = 80;
      destination = "10.0.0.1:80";
    }
  ];
}

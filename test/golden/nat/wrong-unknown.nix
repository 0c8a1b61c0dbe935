{
  networking.nat.enabled = true;
  networking.nat.externalIf = "eth0";
  networking.hostName = "a";
  nixosContainer.forwardPorts = [ ];
  services.openssh.enable = true;
  networking.useDHCP = false;
  nixos.containers.instances.web.forwardPorts = [ ];
}

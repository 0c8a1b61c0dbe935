{
  networking.nat.enable = "yes";
  networking.nat.internalInterfaces = "ve-+";
  networking.nat.externalInterface = "eth0*";
  networking.nat.externalIP = "fd00::1";
  networking.nat.internalIPs = [ "10.0.0.0/8" 7 ];
  networking.nat.forwardPorts = [ { sourcePort = 0; destination = "10.0.0.1"; } { destination = "10.0.0.1:80"; proto = "sctp"; } ];
  networking.networkmanager.unmanaged = [ "a;b" ];
}

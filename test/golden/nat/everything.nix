{ lib, ... }:
{
  networking.nat = {
    enable = true;
    enableIPv6 = true;
    internalInterfaces = [
      "ve-+"
      "vb-*"
      "br0"
    ];
    internalIPs = [
      "192.168.2.7/24"
      "10.1.2.3"
    ];
    internalIPv6s = [ "fc00::/64" ];
    externalInterface = "eth0";
    externalIP = "203.0.113.123";
    externalIPv6 = "2001:dc0:2001:11::175";
    forwardPorts = [
      {
        sourcePort = 8080;
        destination = "10.0.0.1:80";
        loopbackIPs = [ "55.1.2.3" ];
      }
      {
        sourcePort = "8000:8002";
        destination = "[fc00::2]:9000-9002";
        proto = "udp";
        loopbackIPs = [ "2001:dc0:2001:11::175" ];
      }
      {
        sourcePort = "7000:7010";
        destination = "10.0.0.1:7000-7010";
      }
      {
        sourcePort = "6000:6010";
        destination = "10.0.0.1:6000";
      }
      {
        sourcePort = 8080;
        destination = "[fc00::2]:80";
      }
    ];
    dmzHost = "10.0.0.1";
  };
  networking.networkmanager.unmanaged = [
    "interface-name:ve-*"
    "mac:02:00:00:00:00:01"
  ];
}

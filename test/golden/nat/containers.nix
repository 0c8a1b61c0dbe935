{ lib, ... }:
{
  # The manual's example.
  containers.database = {
    config =
      { config, ... }:
      {
        services.openssh.enable = true;
        environment.etc.name.text = config.networking.hostName;
      };
  };
  containers.web = {
    autoStart = true;
    restartIfChanged = false;
    privateNetwork = true;
    hostAddress = "10.231.136.1";
    localAddress = "10.231.136.2";
    hostAddress6 = "fc00::1";
    localAddress6 = "fc00::2";
    localMacAddress = "02:00:00:00:00:01";
    forwardPorts = [
      {
        hostPort = 8080;
        containerPort = 80;
      }
      {
        protocol = "udp";
        hostPort = 53;
      }
    ];
    extraVeths.veth1 = {
      hostBridge = "br1";
      localAddress = "192.168.1.100/24";
    };
    extraVeths.veth2 = {
      hostAddress = "192.168.2.1";
      localAddress = "192.168.2.100";
      localAddress6 = "fd01::100";
    };
    interfaces = [ "eth1" ];
    macvlans = [
      "eth2"
      "eth3:lan"
    ];
    bindMounts."/home" = {
      hostPath = "/home/alice";
      isReadOnly = false;
    };
    bindMounts."/srv" = { };
    allowedDevices = [
      {
        node = "/dev/fuse";
        modifier = "rwm";
      }
      {
        node = "/dev/snd/seq";
        modifier = "r";
      }
    ];
    tmpfs = [ "/var/cache" ];
    privateUsers = "pick";
    additionalCapabilities = [ "CAP_SYS_TIME" ];
    enableTun = true;
    extraFlags = [ "--drop-capability=CAP_SYS_CHROOT" ];
    timeoutStartSec = "5min";
    copyResolvConf = false;
    config = lib.mkMerge [
      { services.nginx.enable = true; }
      { networking.hostName = "www"; }
    ];
  };
  containers.bridged = {
    privateNetwork = true;
    hostBridge = "br0";
    localAddress = "192.168.1.5/24";
    path = "/var/lib/systems/bridged";
    ephemeral = true;
    privateUsers = 65536;
  };
}

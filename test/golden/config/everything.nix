# Says the same as everything.json.
{
  environment.etc = {
    motd = {
      text = "hello\n";
      mode = "0600";
      user = "nobody";
    };
    off.enable = false;
  };
  networking.hostName = "www";
  networking.firewall.enable = false;
  networking.firewall.allowedTCPPortRanges = [ { from = 1; to = 2; } ];
  nixosContainer = {
    ephemeral = true;
    userNamespacing = false;
    bindMounts = [ "/srv:/srv" ];
    timeoutStartSec = "1min";
    activation.autoStart = false;
    activation.strategy = "restart";
    zone = null;
    credentials = [ ];
    forwardPorts = [
      {
        hostPort = 53;
        protocol = "udp";
        bindAddress = "127.0.0.1";
      }
      {
        hostPort = 100;
        count = 10;
      }
    ];
  };
  services.nginx.virtualHosts."a.b" = {
    listen = [ { addr = "[::]"; port = 81; } ];
    locations."/".return = 404;
    locations."/x".return = "301 /y";
  };
  services.openssh.enable = true;
  services.openssh.settings = {
    PermitRootLogin = "no";
    MaxAuthTries = 3;
    AllowUsers = [ "a" ];
    Banner = null;
  };
  systemd.services.a = {
    script = "echo ä";
    serviceConfig = {
      Restart = "always";
      Nice = 3;
      ExecStartPre = [ "/a" "/b" ];
    };
    environment = {
      A = "1";
      B = null;
    };
    startLimitBurst = 5;
  };
  systemd.network.networks."30-x" = {
    matchConfig.Name = "x";
    address = [ "10.0.0.1/24" ];
    routes = [ { Destination = "10.1.0.0/16"; Metric = 5; } ];
  };
}

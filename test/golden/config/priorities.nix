{ lib, ... }:
lib.mkMerge [
  { networking.hostName = lib.mkDefault "default"; }
  { networking.hostName = "plain"; }
  { nixosContainer = lib.mkForce { ephemeral = true; }; }
  { nixosContainer.ephemeral = false; }
  { networking.firewall.allowedUDPPorts = [ 1 ]; }
  { networking.firewall = lib.mkIf true (lib.mkOverride 10 { allowedUDPPorts = [ 2 ]; }); }
  (lib.mkIf false { nixosContainer.timeoutStartSec = "1s"; })
  { services.openssh.ports = lib.mkForce (lib.mkIf false [ 1 ]); }
  { environment.etc = { note = { }.missing; }; }
  { environment.etc = lib.mkForce { note.text = "x"; }; }
  { services.openssh.settings.PermitRootLogin = lib.mkDefault "yes"; }
  { services.openssh.settings.AllowUsers = [ "a" ]; }
  { services.openssh.settings.MaxAuthTries = 3; }
]

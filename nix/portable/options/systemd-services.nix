# Units of the container's systemd.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  units =
    description:
    mkOption {
      type = types.listOf types.nonEmptyStr;
      default = [ ];
      example = [ "network.target" ];
      inherit description;
    };
  script =
    description:
    mkOption {
      type = types.lines;
      default = "";
      inherit description;
    };
  section =
    name: example:
    mkOption {
      type = types.attrsOf types.unitSetting;
      default = { };
      inherit example;
      description = "Settings of the unit's [${name}] section, passed on as they are.";
    };

  service.options = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the unit is there; when not, it is masked.";
    };
    description = mkOption {
      type = types.str;
      default = "";
      description = "What the service is, in a few words.";
    };
    wantedBy = units "Units that start this one, if they can: \"multi-user.target\" starts it at boot.";
    requiredBy = units "Units that cannot run without this one.";
    wants = units "Units that this one starts, if it can.";
    requires = units "Units that this one cannot run without.";
    after = units "Units that come before this one.";
    before = units "Units that come after this one.";
    conflicts = units "Units that do not run at the same time.";
    partOf = units "Units whose stop and restart are this one's too.";
    unitConfig = section "Unit" { ConditionPathExists = "/srv/data"; };
    serviceConfig = section "Service" {
      ExecStart = "/usr/bin/python3 -m http.server 8000";
      Restart = "on-failure";
    };
    environment = mkOption {
      type = types.attrsOf (types.nullOr (types.either types.str types.path));
      default = { };
      example.LANG = "C.UTF-8";
      description = "Environment variables of its processes; null: unset.";
    };
    path = mkOption {
      type = types.listOf types.path;
      default = [ ];
      example = [ "/opt/tools" ];
      description = "Directories whose bin and sbin are searched for programs before the usual ones.";
    };
    script = script "A shell script that is the service, instead of ExecStart=.";
    preStart = script "A shell script that runs before the service.";
    postStart = script "A shell script that runs once the service is up.";
    preStop = script "A shell script that stops the service.";
    postStop = script "A shell script that runs after the service.";
    reload = script "A shell script that makes the service read its config again.";
    restartIfChanged = mkOption {
      type = types.bool;
      default = true;
      description = "Whether an update that changes the unit restarts it.";
    };
    startLimitBurst = mkOption {
      type = types.nullOr types.ints.unsigned;
      default = null;
      example = 5;
      description = "How often it may be started within startLimitIntervalSec.";
    };
    startLimitIntervalSec = mkOption {
      type = types.nullOr types.ints.unsigned;
      default = null;
      example = 60;
      description = "The time that startLimitBurst is about, in seconds.";
    };
  };
in
{
  options.systemd.services = mkOption {
    type = types.attrsOf (types.submodule service);
    default = { };
    example.hello = {
      wantedBy = [ "multi-user.target" ];
      script = "echo hello";
    };
    description = "Services, by name without \".service\".";
  };
}

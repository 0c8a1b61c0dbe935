# The SSH server.
{ lib, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
in
{
  options.services.openssh = {
    enable = mkEnableOption "the SSH server";
    ports = mkOption {
      type = types.listOf types.port;
      default = [ 22 ];
      description = "Ports that it listens at.";
    };
    openFirewall = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the container's firewall lets its ports in.";
    };
    settings = mkOption {
      type = types.submodule {
        freeformType = types.attrsOf (types.nullOr types.unitSetting);
        options = {
          PermitRootLogin = mkOption {
            type = types.enum [
              "yes"
              "without-password"
              "prohibit-password"
              "forced-commands-only"
              "no"
            ];
            default = "prohibit-password";
            description = "Whether, and how, root may log in.";
          };
          PasswordAuthentication = mkOption {
            type = types.bool;
            default = true;
            description = "Whether a password is enough to log in.";
          };
          KbdInteractiveAuthentication = mkOption {
            type = types.bool;
            default = true;
            description = "Whether the questions of the PAM modules may be asked to log in.";
          };
        };
      };
      default = { };
      example.PermitRootLogin = "no";
      description = "Settings of sshd_config(5); those that are not listed here are passed on as they are.";
    };
    authorizedKeysFiles = mkOption {
      type = types.listOf types.nonEmptyStr;
      default = [
        "%h/.ssh/authorized_keys"
        "/etc/ssh/authorized_keys.d/%u"
      ];
      description = "Files with the keys that may log in, as AuthorizedKeysFile of sshd_config(5) has them.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines at the end of sshd_config.";
    };
  };
}

# The container's host name and firewall.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  ports =
    protocol:
    mkOption {
      type = types.listOf types.port;
      default = [ ];
      example = [
        80
        443
      ];
      description = "${protocol} ports at which the container's services can be reached.";
    };
  ranges =
    protocol:
    mkOption {
      type = types.listOf (
        types.submodule {
          options = {
            from = mkOption {
              type = types.port;
              description = "The first port.";
            };
            to = mkOption {
              type = types.port;
              description = "The last port.";
            };
          };
        }
      );
      default = [ ];
      example = [
        {
          from = 8000;
          to = 8010;
        }
      ];
      description = "Ranges of ${protocol} ports at which the container's services can be reached.";
    };
in
{
  options.networking = {
    hostName = mkOption {
      type =
        types.strOf "a host name (letters, digits, '-' and '_' inside, at most 63)" "host names"
          "([[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?)?";
      defaultFromName = true;
      example = "www";
      description = "The name that the container gives itself.";
    };
    firewall = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the container's own firewall keeps out whatever is not allowed.";
      };
      allowPing = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the container answers to pings.";
      };
      allowedTCPPorts = ports "TCP";
      allowedUDPPorts = ports "UDP";
      allowedTCPPortRanges = ranges "TCP";
      allowedUDPPortRanges = ranges "UDP";
      trustedInterfaces = mkOption {
        type = types.listOf types.nonEmptyStr;
        default = [ ];
        example = [ "tun0" ];
        description = "Interfaces of the container from which everything is let in.";
      };
      rejectPackets = mkOption {
        type = types.bool;
        default = false;
        description = "Whether what is not allowed is answered with a refusal rather than dropped.";
      };
      logRefusedConnections = mkOption {
        type = types.bool;
        default = true;
        description = "Whether refused TCP connections are logged.";
      };
    };
  };
}

# Network address translation on the host. Names, types and meanings are those of NixOS.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  ipv4 = "[0-9]{1,3}(\\.[0-9]{1,3}){3}";
  ipv6 = "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*";
  addressV4 = types.strOf "an IPv4 address" "IPv4 addresses" ipv4;
  addressV6 = types.strOf "an IPv6 address" "IPv6 addresses" ipv6;
  link = types.strOf "the name of an interface (at most 15 characters, no blanks, '/' or quotes)"
    "names of interfaces, '+' or '*' at the end standing for anything" "[^][:space:][:cntrl:]/\"\\*]{1,15}[*]?";
in
{
  options.networking.nat = {
    enable = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = "Whether the host translates addresses: what comes from inside goes out with an address of the host.";
    };
    enableIPv6 = mkOption {
      type = types.bool;
      default = false;
      description = "Whether IPv6 is translated, too.";
    };
    internalInterfaces = mkOption {
      type = types.listOf link;
      default = [ ];
      example = [ "ve-+" ];
      description = "Interfaces that are inside. \"ve-+\" and \"ve-*\" both mean every one whose name begins with \"ve-\".";
    };
    internalIPs = mkOption {
      type = types.listOf (
        types.strOf "an IPv4 range (\"192.168.1.0/24\")" "IPv4 ranges" "${ipv4}(/[0-9]{1,2})?"
      );
      default = [ ];
      example = [ "192.168.1.0/24" ];
      description = "IPv4 ranges that are inside, whatever interface they come from.";
    };
    internalIPv6s = mkOption {
      type = types.listOf (types.strOf "an IPv6 range (\"fc00::/64\")" "IPv6 ranges" "${ipv6}(/[0-9]{1,3})?");
      default = [ ];
      example = [ "fc00::/64" ];
      description = "IPv6 ranges that are inside, whatever interface they come from.";
    };
    externalInterface = mkOption {
      type = types.nullOr (
        types.strOf "the name of an interface (at most 15 characters, no blanks, '/' or quotes)" "names of interfaces"
          "[^][:space:][:cntrl:]/\"\\*]{1,15}"
      );
      default = null;
      example = "eth0";
      description = "The interface that leads outside; null: any, and ports cannot be forwarded.";
    };
    externalIP = mkOption {
      type = types.nullOr addressV4;
      default = null;
      example = "203.0.113.123";
      description = "The IPv4 address that what goes out gets; null: the one that the outgoing interface has.";
    };
    externalIPv6 = mkOption {
      type = types.nullOr addressV6;
      default = null;
      example = "2001:dc0:2001:11::175";
      description = "The same for IPv6.";
    };
    forwardPorts = mkOption {
      type = types.listOf (
        types.submodule {
          options = {
            sourcePort = mkOption {
              type = types.either types.port (
                types.strOf "a range of ports \"FIRST:LAST\"" "ranges of ports" "[0-9]{1,5}:[0-9]{1,5}"
              );
              example = 8080;
              description = "The port at externalInterface, or a range of ports, \"8000:8010\".";
            };
            destination = mkOption {
              type =
                types.strOf
                  "\"ADDRESS:PORT\" or \"ADDRESS:FIRST-LAST\", an IPv6 address in brackets"
                  "strings \"ADDRESS:PORT[-PORT]\""
                  "(${ipv4}|[[]${ipv6}[]]):[0-9]{1,5}(-[0-9]{1,5})?";
              example = "10.0.0.1:80";
              description = "Where it leads: \"10.0.0.1:80\", \"[fc00::2]:80\". A range leads to a range of as many ports, \"10.0.0.1:9000-9010\", or to one port.";
            };
            proto = mkOption {
              type = types.enum [
                "tcp"
                "udp"
              ];
              default = "tcp";
              example = "udp";
              description = "The protocol.";
            };
            loopbackIPs = mkOption {
              type = types.listOf (types.either addressV4 addressV6);
              default = [ ];
              example = [ "55.1.2.3" ];
              description = "Public addresses at which the port is forwarded also for the host itself and for those who are inside.";
            };
          };
        }
      );
      default = [ ];
      example = [
        {
          sourcePort = 8080;
          destination = "10.0.0.1:80";
        }
        {
          sourcePort = "8000:8010";
          destination = "[fc00::2]:8000-8010";
          proto = "udp";
        }
      ];
      description = "Ports at externalInterface that lead to a machine inside.";
    };
    dmzHost = mkOption {
      type = types.nullOr addressV4;
      default = null;
      example = "10.0.0.1";
      description = "The machine inside to which everything leads that comes in by externalInterface and that nothing else claims.";
    };
  };
}

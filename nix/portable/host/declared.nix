# Containers of nixos-container that the host's configuration declares. Names, types and meanings are those of NixOS.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  prefixV4 = types.strOf "an IPv4 address, with a length or none" "IPv4 addresses" "[0-9]{1,3}(\\.[0-9]{1,3}){3}(/[0-9]{1,2})?";
  prefixV6 =
    types.strOf "an IPv6 address, with a length or none" "IPv6 addresses"
      "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/[0-9]{1,3})?";
  link =
    types.strOf "the name of an interface (at most 15 characters, no blanks, ':' or '/')" "names of interfaces"
      "[^[:space:][:cntrl:]/:,]{1,15}";
  moved =
    types.strOf "the name of an interface, or \"IF:NAME\"" "names of interfaces, or \"IF:NAME\""
      "[^[:space:][:cntrl:]/:,]{1,15}(:[^[:space:][:cntrl:]/:,]{1,15})?";
  # Without what separates such words from others where systemd-nspawn is told of them.
  path = types.strOf "an absolute path without blanks or ':'" "absolute paths" "/[^[:space:][:cntrl:]:]*";
  word = types.strOf "an option of systemd-nspawn, without blanks" "options of systemd-nspawn" "-[^[:space:][:cntrl:]]+";
  capability = types.strOf "the name of a capability" "names of capabilities" "(CAP_[A-Z_]+|all)";

  ends = {
    hostBridge = mkOption {
      type = types.nullOr link;
      default = null;
      example = "br0";
      description = "The bridge of the host that the link joins. hostAddress and hostAddress6 are then those of the router.";
    };
    hostAddress = mkOption {
      type = types.nullOr prefixV4;
      default = null;
      example = "10.231.136.1";
      description = "The IPv4 address of the host's end; with a length when it is not to be /32.";
    };
    hostAddress6 = mkOption {
      type = types.nullOr prefixV6;
      default = null;
      example = "fc00::1";
      description = "The IPv6 address of the host's end.";
    };
    localAddress = mkOption {
      type = types.nullOr prefixV4;
      default = null;
      example = "10.231.136.2";
      description = "The IPv4 address of the container's end. On a bridge it needs a length, \"192.168.1.5/24\".";
    };
    localAddress6 = mkOption {
      type = types.nullOr prefixV6;
      default = null;
      example = "fc00::2";
      description = "The IPv6 address of the container's end.";
    };
  };
in
{
  options.containers = mkOption {
    type = types.attrsOf (
      types.submodule {
        options = ends // {
          config = mkOption {
            type = types.nullOr types.containerConfig;
            default = null;
            example = { services.nginx.enable = true; };
            description = "What the container is: a config, as a file of 'nixos-container create --config-file' has it. Without it there has to be a path.";
          };
          path = mkOption {
            type = types.nullOr path;
            default = null;
            example = "/var/lib/systems/web";
            description = "Instead of a config: a system that is there already, a folder with usr/, or a built system of NixOS.";
          };
          autoStart = mkOption {
            type = types.bool;
            default = false;
            description = "Whether the container starts with the host, and now.";
          };
          restartIfChanged = mkOption {
            type = types.bool;
            default = true;
            description = "Whether a container that runs is restarted when its declaration changes; otherwise the change takes effect at the next start.";
          };
          timeoutStartSec = mkOption {
            type = types.nonEmptyStr;
            default = "1min";
            example = "5min";
            description = "How long a start may take, as systemd.time(7) writes time spans.";
          };
          ephemeral = mkOption {
            type = types.bool;
            default = false;
            description = "Whether the container forgets everything when it stops.";
          };
          privateNetwork = mkOption {
            type = types.bool;
            default = false;
            description = "Whether the container has a network of its own: with addresses or a bridge a link eth0, else its loopback alone. Without it, it has the host's.";
          };
          localMacAddress = mkOption {
            type = types.nullOr (
              types.strOf "a hardware address" "hardware addresses" "[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}"
            );
            default = null;
            example = "02:00:00:00:00:01";
            description = "The hardware address of eth0.";
          };
          forwardPorts = mkOption {
            type = types.listOf (types.submodule { options = import ../options/forward-options.nix { inherit lib; }; });
            default = [ ];
            example = [
              {
                hostPort = 8080;
                containerPort = 80;
              }
            ];
            description = "Ports of the host that lead into the container.";
          };
          extraVeths = mkOption {
            type = types.attrsOf (types.submodule { options = ends; });
            default = { };
            example.veth1.hostBridge = "br1";
            description = "Further links, each with the same name at both ends, at most 8.";
          };
          interfaces = mkOption {
            type = types.listOf moved;
            default = [ ];
            example = [ "eth1" ];
            description = "Interfaces of the host that move into the container.";
          };
          macvlans = mkOption {
            type = types.listOf moved;
            default = [ ];
            example = [ "eth1" ];
            description = "Interfaces of the host of which the container gets a macvlan, mv-IF.";
          };
          networkNamespace = mkOption {
            type = types.nullOr path;
            default = null;
            example = "/run/netns/vpn";
            description = "The path of a network namespace that the container gets instead of its own.";
          };
          copyResolvConf = mkOption {
            type = types.bool;
            default = true;
            description = "Whether the host's /etc/resolv.conf is copied into the container at each start.";
          };
          bindMounts = mkOption {
            type = types.attrsOf (
              types.submodule {
                options = {
                  mountPoint = mkOption {
                    type = path;
                    defaultFromName = true;
                    example = "/mnt/usb";
                    description = "Where it is in the container.";
                  };
                  hostPath = mkOption {
                    type = types.nullOr path;
                    default = null;
                    example = "/home/alice";
                    description = "What it is on the host; null: the same path.";
                  };
                  isReadOnly = mkOption {
                    type = types.bool;
                    default = true;
                    description = "Whether the container may only read it.";
                  };
                };
              }
            );
            default = { };
            example."/home".hostPath = "/home/alice";
            description = "Directories and files of the host that the container sees. They have to be there when it starts.";
          };
          tmpfs = mkOption {
            type = types.listOf path;
            default = [ ];
            example = [ "/var/cache" ];
            description = "Places in the container that are in memory only.";
          };
          privateUsers = mkOption {
            type = types.either types.ints.u32 (
              types.enum [
                "no"
                "identity"
                "pick"
              ]
            );
            default = "no";
            example = "pick";
            description = "The user namespace, as --private-users= of systemd-nspawn(1).";
          };
          additionalCapabilities = mkOption {
            type = types.listOf capability;
            default = [ ];
            example = [ "CAP_SYS_TIME" ];
            description = "Capabilities that the container has beside the usual ones.";
          };
          enableTun = mkOption {
            type = types.bool;
            default = false;
            description = "Whether the container has /dev/net/tun.";
          };
          allowedDevices = mkOption {
            type = types.listOf (
              types.submodule {
                options = {
                  node = mkOption {
                    type = path;
                    example = "/dev/fuse";
                    description = "The device.";
                  };
                  modifier = mkOption {
                    type = types.strOf "letters of \"rwm\"" "letters of \"rwm\"" "[rwm]+";
                    example = "rw";
                    description = "What it may do with it, as DeviceAllow= of systemd.resource-control(5).";
                  };
                };
              }
            );
            default = [ ];
            example = [
              {
                node = "/dev/fuse";
                modifier = "rwm";
              }
            ];
            description = "Devices that the container may use beside the usual ones and those of bind mounts. They get no node in its /dev: bind it, or allow \"m\" and make it inside.";
          };
          extraFlags = mkOption {
            type = types.listOf word;
            default = [ ];
            example = [ "--drop-capability=CAP_SYS_CHROOT" ];
            description = "Further options of systemd-nspawn(1).";
          };
        };
      }
    );
    default = { };
    example.web = {
      autoStart = true;
      privateNetwork = true;
      hostAddress = "10.231.136.1";
      localAddress = "10.231.136.2";
      config.services.nginx.enable = true;
    };
    description = "Containers of nixos-container. NAME is the container's; /etc/hosts gets NAME.containers for those with a localAddress.";
  };
}

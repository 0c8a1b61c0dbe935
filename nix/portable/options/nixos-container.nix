# The container itself, seen from the host. Names and meanings are those of the NixOS module of nixos-nspawn; what is
# marked pending is known and refused.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  networkOptions = import ./network-options.nix { inherit lib; };
in
{
  options.nixosContainer = {
    declarative = mkOption {
      type = types.bool;
      default = false;
      pending = true;
      description = "Whether the container belongs to the configuration of the host rather than to a command line.";
    };
    sharedNix = mkOption {
      type = types.bool;
      default = true;
      pending = true;
      description = "Whether the container uses the host's Nix store, read-only, where its system comes from Nix.";
    };
    mountDaemonSocket = mkOption {
      type = types.bool;
      default = false;
      pending = true;
      description = "Whether the container may use the host's Nix daemon.";
    };
    ephemeral = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the container forgets everything when it stops: it runs on a copy of its root, thrown away at the end.";
    };
    userNamespacing = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the container has a user namespace of its own, so that its root is nobody on the host. Without one its root is the host's, kept from devices but not from everything: it has to be trusted.";
    };
    systemCallFilter = mkOption {
      type = types.nullOr types.str;
      default = null;
      pending = true;
      example = "@keyring bpf";
      description = "System calls to allow (or, with '~' in front, to forbid) beyond the default, as SystemCallFilter= of systemd.nspawn(5) has it.";
    };
    bindMounts = mkOption {
      type = types.listOf (
        types.strOf "\"HOST:CONTAINER\" or \"HOST:CONTAINER:OPTIONS\" with absolute paths"
          "strings \"HOST:CONTAINER[:OPTIONS]\"" "/[^:]*(:/[^:]*(:[a-z,]+)?)?"
      );
      default = [ ];
      example = [ "/srv/data:/data" ];
      description = "Directories and files of the host that the container sees, writable: \"HOST:CONTAINER\" or \"HOST:CONTAINER:OPTIONS\" with the options rbind, norbind, idmap, noidmap and rootidmap. A directory that is not there is made.";
    };
    bridge = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "br0";
      description = "A bridge of the host that the container joins. It has to be there before the container starts: ip link add br0 type bridge; ip link set br0 up. Without containerNetworkConfig.address the container asks that network for its addresses.";
    };
    extraVeths = mkOption {
      type = types.attrsOf (
        types.submodule {
          options =
            let
              optional =
                example: description:
                mkOption {
                  type = types.nullOr types.str;
                  default = null;
                  inherit example description;
                };
            in
            {
              hostBridge = optional "br0" "The bridge of the host that the host's end joins; null: it has the host's addresses.";
              hostAddress = optional "192.168.6.1" "The IPv4 address of the host's end; its range is this one address unless a length follows it.";
              hostAddress6 = optional "fd00:6::1" "The IPv6 address of the host's end.";
              localAddress = optional "192.168.6.2" "The IPv4 address of the container's end, with its length where it is a member of a bridge.";
              localAddress6 = optional "fd00:6::2" "The IPv6 address of the container's end.";
            };
        }
      );
      default = { };
      example.backend = {
        hostBridge = "br0";
        localAddress = "192.168.5.20/24";
      };
      description = "Links beside the main one, each with the same name on the host and inside, as containers.NAME.extraVeths of NixOS has them. Not known to the NixOS module of nixos-nspawn, whose systemd.nspawn.NAME.networkConfig.VirtualEthernetExtra makes links without addresses.";
    };
    zone = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "myzone";
      description = "The zone, a network that containers share, that the container joins. `nixos-nspawn zone create` makes one, or nixos.containers.zones of the host's configuration.";
    };
    isolated = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the container does not reach the other isolated members of its zone, nor they it. Not known to the NixOS module.";
    };
    hostAccess = import ./host-access.nix { inherit lib; };
    credentials = mkOption {
      type = types.listOf (
        types.submodule {
          options = {
            id = mkOption {
              type = types.nonEmptyStr;
              description = "The credential's name inside.";
            };
            path = mkOption {
              type = types.path;
              description = "The file on the host.";
            };
          };
        }
      );
      default = [ ];
      pending = true;
      description = "Files of the host that the container's services get as credentials.";
    };
    activation = {
      strategy = mkOption {
        type = types.nullOr (
          types.enum [
            "none"
            "reload"
            "restart"
            "dynamic"
          ]
        );
        default = "restart";
        description = "How a running container takes up an update: \"restart\", which it is spared when only its network is different, \"reload\", which restarts the services that changed and refuses what needs more, or \"none\", at its next start. \"dynamic\" is for containers that a host's configuration declares.";
      };
      reloadScript = mkOption {
        type = types.nullOr types.path;
        default = null;
        pending = true;
        description = "The program that brings an update into the running container, instead of the usual way.";
      };
      autoStart = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the container starts with the host.";
      };
    };
    hostNetworkConfig = mkOption {
      type = types.nullOr (types.submodule { options = networkOptions; });
      default = null;
      example.ipv6Prefixes = [
        {
          Prefix = "fd12:3456::/64";
          Assign = true;
        }
      ];
      description = "Settings of the host's side of the container's link, as systemd.network.networks.NAME has them. Addresses come beside the automatic ones; an empty string in front drops these. Which keys are carried out on every host is in the guide (docs/guide/any-option.md); the others are left to systemd-networkd, and refused where it does not run.";
    };
    containerNetworkConfig = mkOption {
      type = types.nullOr (types.submodule { options = networkOptions; });
      default = null;
      example.address = [ "fd12:3456::2/64" ];
      description = "Settings of host0, the container's side of its link, as systemd.network.networks.NAME has them: addresses beside the automatic ones, routes, MTU and hardware address are in place before the container's first process runs, and all of them are told to its systemd-networkd.";
    };
    outsideAccess = mkOption {
      type = types.enum [
        "global"
        "all"
        "none"
      ];
      default = "global";
      description = "Which of the container's addresses other machines reach that route them to the host, without a forward: its global IPv6 addresses (\"global\"), all (\"all\"), or none (\"none\"). Networks to which the container is the host's gateway likewise. Not known to the NixOS module.";
    };
    forwardPorts = mkOption {
      type = types.listOf (
        types.submodule {
          options = import ./forward-options.nix { inherit lib; } // {
            bindAddress = mkOption {
              type = types.nullOr types.str;
              default = null;
              example = "192.168.1.10";
              description = "The one address of the host at which the port is forwarded; null: every address, IPv4 and IPv6, and localhost. Not known to the NixOS module.";
            };
            count = mkOption {
              type = types.ints.between 1 65535;
              default = 1;
              example = 10;
              description = "How many ports are forwarded, from hostPort on to those from containerPort on. Not known to the NixOS module.";
            };
          };
        }
      );
      default = [ ];
      example = [
        {
          hostPort = 8181;
          containerPort = 80;
        }
      ];
      description = "Ports of the host that lead into the container, whatever the host's firewall says.";
    };
    timeoutStartSec = mkOption {
      type = types.nonEmptyStr;
      default = "90s";
      example = "5min";
      description = "How long a start may take until it has failed, as systemd.time(7) writes time spans; \"infinity\": without end.";
    };
  };
}

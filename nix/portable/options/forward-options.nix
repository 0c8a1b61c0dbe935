# One forwarded port, of containers of both kinds.
{ lib }:
let
  inherit (lib) mkOption types;
in
{
  protocol = mkOption {
    type = types.enum [
      "tcp"
      "udp"
    ];
    default = "tcp";
    description = "The protocol.";
  };
  hostPort = mkOption {
    type = types.port;
    example = 8181;
    description = "The port of the host.";
  };
  containerPort = mkOption {
    type = types.nullOr types.port;
    default = null;
    example = 80;
    description = "The port of the container; null: the same as hostPort.";
  };
}

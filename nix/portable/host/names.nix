# Names of containers.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  label = "[0-9A-Za-z]([-0-9A-Za-z]{0,61}[0-9A-Za-z])?";
in
{
  options.nixos.containers.nameSuffix = mkOption {
    type = types.strOf "a domain (\"internal\", \"lan.example.org\")" "domains" "${label}(\\.${label})*";
    default = "internal";
    example = "home.arpa";
    description = "The domain of containers' names: NAME.internal is a container, host.internal the host. Guests have it in their search list. Names in it are never asked of other resolvers.";
  };
}

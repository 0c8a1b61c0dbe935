# What a NixOS system says about itself as a whole.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.system.stateVersion = mkOption {
    type = types.nullOr (types.strOf "a NixOS release such as \"26.05\"" "NixOS releases" "[0-9]{2}\\.[0-9]{2}");
    default = null;
    example = "26.05";
    description = "The NixOS release that the config was written for. Kept for NixOS; a portable config behaves the same whatever it says.";
  };
}

# The table of all portable options, as src/config/options.json holds it. Run by nix/update-options.
let
  modules = import ./lib/modules.nix;
in
modules.schema (modules.declare (import ./options))

# The table of all portable options of a set, as src/config/options.json holds it ("options", a container's) and
# src/config/host_options.json ("host"). Run by nix/update-options.
{
  set ? "options",
}:
let
  modules = import ./lib/modules.nix;
in
modules.schema (modules.declare (import (./. + "/${set}"))) // { inherit set; }

# Evaluates a config: file, an absolute path, for a container of that name. The result is { value; places; }: the complete tree
# of the portable options, each with what the config says or its default, and where options are set, since what is wrong with
# several of them together is found by the program (src/config/load.c). Run by src/config/nix.c:
#
#     nix-instantiate --eval --strict --json --store dummy:// evaluate.nix --argstr file FILE --argstr name NAME
#
# set: "options", those of a container, "host", those of the host, or "zone", those of a zone.
{
  file,
  name,
  set ? "options",
}:
let
  modules = import ./lib/modules.nix;
  base = import (./. + "/${set}");
  declared = (modules.declare base).options;

  evaluated = modules.evaluate {
    inherit name base;
    definitions = [
      {
        inherit file;
        pos = null;
        value = file;
      }
    ];
  };

  # Options that the config declares for itself stay with it.
  chosen =
    declaration: value:
    if declaration._type or null == "option" then
      value
    else
      builtins.mapAttrs (key: inner: chosen inner value.${key}) declaration;

  # Everything is looked at once before anything is given out, so that all that is wrong is said and not just the first of
  # it. What Nix itself refuses (a variable that is not there, recursion without end) cannot be caught and ends the search.
  look =
    value:
    let
      found = builtins.tryEval (builtins.seq value true);
      inner =
        if builtins.isAttrs value then
          builtins.attrValues value
        else if builtins.isList value then
          value
        else
          [ ];
    in
    found.success && builtins.foldl' (good: v: look v && good) true inner;
  result = builtins.seq (look (chosen declared evaluated.config)) (chosen declared evaluated.value);
in
{
  value = result;
  # After all values were looked at: these are looked into, too.
  places = builtins.seq result evaluated.places;
}

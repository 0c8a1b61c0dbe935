# What a config gets as `lib`: the functions that people use most in such files, with the names, the arguments and the
# results that they have in nixpkgs' lib. Nothing of nixpkgs is needed.
let
  trivial = import ./trivial.nix;
  lists = import ./lists.nix;
  attrsets = import ./attrsets.nix;
  strings = import ./strings.nix;
  properties = import ./properties.nix;
  options = import ./options.nix;
  types = import ./types.nix;
in
trivial
// lists
// attrsets
// strings
// properties
// options
// {
  inherit
    trivial
    lists
    attrsets
    strings
    options
    types
    ;
  modules = properties;
}

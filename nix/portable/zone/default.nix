# Every option of a zone's own file, as `nixos-nspawn zone create --config` reads it.
[
  ({ lib, ... }: { options = import ../options/zone-options.nix { inherit lib; }; })
]

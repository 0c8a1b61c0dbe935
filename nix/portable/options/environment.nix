# Files below the container's /etc.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  file.options = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the file is there.";
    };
    target = mkOption {
      type = types.nonEmptyStr;
      defaultFromName = true;
      description = "Its path below /etc.";
    };
    text = mkOption {
      type = types.nullOr types.lines;
      default = null;
      example = "Welcome!\n";
      description = "What it holds.";
    };
    source = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/srv/config/motd";
      description = "The file of the host whose text it gets, read when the config is evaluated. Either text or source.";
    };
    mode = mkOption {
      type =
        types.strOf "\"symlink\" or octal permissions such as \"0600\"" "permissions"
          "symlink|direct-symlink|0?[0-7]{3,4}";
      default = "symlink";
      example = "0600";
      description = "Its permissions; \"symlink\": read-only for everybody, as a link into the Nix store is.";
    };
    user = mkOption {
      type = types.nullOr types.nonEmptyStr;
      default = null;
      description = "Its owner, a name; null: uid.";
    };
    group = mkOption {
      type = types.nullOr types.nonEmptyStr;
      default = null;
      description = "Its group, a name; null: gid.";
    };
    uid = mkOption {
      type = types.ints.between 0 65535;
      default = 0;
      description = "Its owner, as a number.";
    };
    gid = mkOption {
      type = types.ints.between 0 65535;
      default = 0;
      description = "Its group, as a number.";
    };
  };
in
{
  options.environment.etc = mkOption {
    type = types.attrsOf (types.submodule file);
    default = { };
    example.motd.text = "Welcome!\n";
    description = "Files below /etc, by their path there.";
  };
}

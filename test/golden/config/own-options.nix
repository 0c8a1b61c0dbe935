# A file may declare options of its own; they do not reach the spec.
{ config, lib, ... }:
{
  options.site = {
    port = lib.mkOption {
      type = lib.types.port;
      default = 8000;
    };
    extra = lib.mkEnableOption "more";
    hosts = lib.mkOption {
      type = with lib.types; attrsOf (submodule ({ name, config, ... }: {
        options.address = lib.mkOption { type = str; };
        options.label = lib.mkOption { type = str; };
        config.label = lib.mkDefault "${name} at ${config.address}";
      }));
      default = { };
    };
  };
  config = {
    site.hosts.a.address = "10.0.0.1";
    nixosContainer.forwardPorts = [ { hostPort = config.site.port; } ];
    environment.etc.hosts-list.text = lib.concatMapStringsSep "\n" (h: h.label) (lib.attrValues config.site.hosts);
    networking.firewall = lib.mkIf config.site.extra { enable = false; };
  };
}

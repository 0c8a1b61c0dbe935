# The web server nginx.
{ lib, ... }:
let
  inherit (lib) mkOption mkEnableOption types;

  text =
    what:
    mkOption {
      type = types.lines;
      default = "";
      description = "Lines of nginx's own language at the end of ${what}.";
    };
  maybe =
    type: example: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit example description;
    };

  location.options = {
    root = maybe types.path "/srv/www" "The directory that the location's files are in.";
    alias = maybe types.path "/srv/www/pictures" "The directory that stands for the location.";
    index = maybe types.str "index.html index.htm" "Files that answer for a directory.";
    return = maybe types.strOrInt "301 https://example.org$request_uri" "A status code, and a text or an address, to answer with.";
    proxyPass = maybe types.str "http://127.0.0.1:3000" "The server that requests are passed on to.";
    tryFiles = maybe types.str "$uri =404" "Files to look for, in order.";
    extraConfig = text "the location";
  };

  listen.options = {
    addr = mkOption {
      type = types.nonEmptyStr;
      example = "[::]";
      description = "The address; an IPv6 address in brackets.";
    };
    port = maybe types.port 8080 "The port; null: 80.";
  };

  virtualHost.options = {
    default = mkOption {
      type = types.bool;
      default = false;
      description = "Whether this one answers to requests for names that no virtual host has.";
    };
    serverName = maybe types.str "www.example.org" "The name that it answers to; null: the name of the attribute.";
    serverAliases = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "example.org" ];
      description = "Further names that it answers to.";
    };
    root = maybe types.path "/srv/www" "The directory that its files are in; null: nginx's welcome page.";
    listen = mkOption {
      type = types.listOf (types.submodule listen);
      default = [ ];
      example = [
        {
          addr = "0.0.0.0";
          port = 8080;
        }
      ];
      description = "Addresses and ports that it listens at; none: port 80 of every address, IPv4 and IPv6.";
    };
    locations = mkOption {
      type = types.attrsOf (types.submodule location);
      default = { };
      example."/api".proxyPass = "http://127.0.0.1:3000";
      description = "What is done with the paths that begin with the attribute's name.";
    };
    extraConfig = text "the server block";
  };
in
{
  options.services.nginx = {
    enable = mkEnableOption "the web server nginx";
    virtualHosts = mkOption {
      type = types.attrsOf (types.submodule virtualHost);
      default = { };
      example.localhost.default = true;
      description = "The sites that the server has, by name.";
    };
    appendHttpConfig = text "the http block";
    recommendedProxySettings = mkOption {
      type = types.bool;
      default = false;
      description = "Whether servers that requests are passed on to learn the client's address and the name that it asked for.";
    };
    clientMaxBodySize = mkOption {
      type = types.nonEmptyStr;
      default = "10m";
      description = "The largest request that is taken.";
    };
  };
}

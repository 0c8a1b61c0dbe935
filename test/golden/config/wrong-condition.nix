{ lib, ... }: { services.nginx.enable = lib.mkIf "x" true; }

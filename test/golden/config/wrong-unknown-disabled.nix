{ lib, ... }: { services.foo = lib.mkIf false { bar = 1; }; }

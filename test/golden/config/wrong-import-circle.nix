{ imports = [ ./wrong-import-circle.nix ]; foo = 1; }

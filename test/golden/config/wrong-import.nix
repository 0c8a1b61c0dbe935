{ imports = [ ./nowhere.nix ]; }

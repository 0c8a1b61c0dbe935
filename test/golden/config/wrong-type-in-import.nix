{ imports = [ ./parts/wrong.nix ]; }

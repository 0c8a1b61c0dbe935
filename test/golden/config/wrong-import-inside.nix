{ networking.hostName = import ./nowhere.nix; }

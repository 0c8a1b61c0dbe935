{ nixos.containers.nameSuffix = "home.arpa"; }

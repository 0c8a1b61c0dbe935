{ networking.hostName = ./parts; }

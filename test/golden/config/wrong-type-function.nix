{ networking.hostName = x: x; }

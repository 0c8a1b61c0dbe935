{ networking.hostName = "a.b"; }

{ networking.hostName = throw "the name is still to be decided"; }

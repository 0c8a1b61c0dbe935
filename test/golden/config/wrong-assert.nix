{ networking.hostName = assert false; "a"; }

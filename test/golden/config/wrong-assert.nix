{ networking.hostName = assert 1 == 2; "a"; }

let f = x: 1 + f (x + 1); in { services.openssh.ports = [ (f 0) ]; }

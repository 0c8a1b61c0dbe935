{ networking.nat = { internalInterfaces = [ "ve-+" ]; externalInterface = "wan"; }; }

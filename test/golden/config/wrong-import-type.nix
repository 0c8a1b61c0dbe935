{ imports = [ 3 ]; }

{ nixosContainer.bindMounts = [ "srv:/srv" ]; }

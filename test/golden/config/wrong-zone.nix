{ nixosContainer.zone = "myzone"; }

{ nixosContainer.zone = "a-zone-too-long"; }

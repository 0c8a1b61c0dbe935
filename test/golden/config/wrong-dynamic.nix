{ nixosContainer.activation.strategy = "dynamic"; }

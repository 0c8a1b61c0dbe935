{
  # One that can be caught, and then one that ends it all.
  nixosContainer.ephemeral = 3;
  services.nginx.enable = builtins.head [ ];
}

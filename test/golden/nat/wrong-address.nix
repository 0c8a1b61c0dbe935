{
  networking.nat.enable = true;
  networking.nat.externalIP =
    "300.1.1.1";
}

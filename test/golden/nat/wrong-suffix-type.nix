{
  nixos.containers.nameSuffix = ".lan";
}

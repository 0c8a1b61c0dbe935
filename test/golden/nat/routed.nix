{
  networking.containers.routedInterfaces = [ "ve-web" "ve-+" ];
}

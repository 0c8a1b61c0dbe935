{
  containers.a = { config = { }; bindMounts."/a b" = { }; };
}

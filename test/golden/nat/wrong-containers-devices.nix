{
  containers.a = { config = { }; allowedDevices = [ { node = "/dev/fuse"; modifier = "rx"; } ]; };
}

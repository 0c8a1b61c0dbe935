{
  containers.a = { config = { }; privateNetwork = true; localAddress = "10.1.1.2"; hostAddress = "10.1.1.2"; };
}

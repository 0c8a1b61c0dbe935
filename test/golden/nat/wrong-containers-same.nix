{
  containers.a = { config = { }; privateNetwork = true; localAddress = "10.1.1.2"; };
  containers.b = { config = { }; privateNetwork = true; localAddress = "10.1.1.2/24"; };
}

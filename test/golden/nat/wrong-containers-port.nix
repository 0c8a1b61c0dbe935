{
  containers.a = { config = { }; privateNetwork = true; localAddress = "10.1.1.2"; forwardPorts = [ { hostPort = 80; } ]; };
  containers.b = { config = { }; privateNetwork = true; localAddress = "10.1.1.3"; forwardPorts = [ { hostPort = 80; } ]; };
}

{
  containers.web = {
    config = { };
    localAddress = "10.1.1.2";
  };
}

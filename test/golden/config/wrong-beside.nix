{
  config.networking.hostName = "a";
  services.nginx.enable = true;
}

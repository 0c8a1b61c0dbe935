{
  services.nginx = {
    enable = true
  };
}

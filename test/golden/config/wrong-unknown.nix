{
  services.nginx.enable = true;
  services.postgresql.enable = true;
}

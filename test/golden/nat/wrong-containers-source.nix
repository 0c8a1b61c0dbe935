{
  containers.a.config.environment.etc.x.source = "/nonexistent/file";
}

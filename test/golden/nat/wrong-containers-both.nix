{
  containers.web.path = "/x";
  containers.web.config = { };
}

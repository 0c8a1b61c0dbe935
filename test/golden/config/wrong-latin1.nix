{ networking.hostName =
  "café"; }

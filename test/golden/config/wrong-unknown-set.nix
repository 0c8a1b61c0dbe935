{
  users.users.alice = {
    isNormalUser = true;
    home = "/home/alice";
  };
}

{ inputs, ... }: { }

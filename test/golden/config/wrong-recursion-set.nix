{ config, ... }: { networking = if config.networking.firewall.enable then { } else { }; }

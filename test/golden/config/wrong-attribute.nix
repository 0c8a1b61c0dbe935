{ config, ... }: { networking.hostName = config.networking.domain; }

[ { services.nginx.enable = true; } ]

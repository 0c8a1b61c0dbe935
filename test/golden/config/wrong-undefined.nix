{ services.nginx.enable = yes; }

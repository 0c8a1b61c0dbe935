{ services.nginx = true; }

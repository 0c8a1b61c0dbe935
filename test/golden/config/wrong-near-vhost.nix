{ services.nginx.virtualHosts."a.b".locations."/".proxypass = "http://127.0.0.1"; }

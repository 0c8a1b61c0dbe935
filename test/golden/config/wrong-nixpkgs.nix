{ environment.etc.x.text = (import <nixpkgs> { }).hello; }

{ environment.etc.note.mode = "0600"; }

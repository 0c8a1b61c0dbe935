{ environment.etc.note.source = "/nonexistent/note.txt"; }

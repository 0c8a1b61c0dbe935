{ environment.etc.note = { text = "a"; source = ./parts/note.txt; }; }

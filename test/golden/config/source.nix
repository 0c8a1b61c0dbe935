{
  environment.etc.note.source = ./parts/note.txt;
}

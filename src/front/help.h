/* Help, completion scripts and the manual's part about commands: all from the table of commands. */
#pragma once

#include "front/command.h"

#include <stdio.h>

/* `nixos-nspawn --help`. */
void help_top(FILE *stream, const struct program *program);
/* `nixos-nspawn COMMAND --help`. */
void help_command(FILE *stream, const struct program *program, const struct command *command);

/* text with its paragraphs broken at width columns, each line indented; first: how much of the first line is used up
 * already (its indentation included), 0: none. */
void help_wrap(FILE *stream, const char *text, unsigned indent, unsigned first, unsigned width);

/* The completion script for "bash", "zsh" or "fish". -EINVAL for another shell. */
int completion_print(FILE *stream, const struct program *program, const char *shell);

/* The sections about commands and options, in scdoc's notation. */
void manual_print(FILE *stream, const struct program *program);

/* nixos-nspawn. */
#include "cli/commands.h"

int main(int argc, char *argv[]) {
        return program_main(&nixos_nspawn_program, argc, argv);
}

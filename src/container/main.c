/* nixos-container. */
#include "container/commands.h"

int main(int argc, char *argv[]) {
        return program_main(&nixos_container_program, argc, argv);
}

/* The table of commands. */
#include "container/commands.h"

#define O(name) OPTION_BIT(OPTION_##name)
#define NIX                                                                                                            \
        (O(NIXOS_PATH) | O(FLAKE_REFERENCE) | O(NIX_OPTION) | O(IMPURE) | O(OVERRIDE_INPUT) | O(UPDATE_INPUT) |        \
         O(LOG_FORMAT) | O(COMMIT_LOCK_FILE) | O(RECREATE_LOCK_FILE) | O(NO_UPDATE_LOCK_FILE) |                        \
         O(NO_WRITE_LOCK_FILE) | O(NO_REGISTRIES) | O(NO_ALLOW_DIRTY) | O(REFRESH))

static const struct command commands[] = {
        {
                .name = "list",
                .synopsis = "",
                .summary = "list the names of the containers",
                .description = "Prints the names of all nixos-containers, one a line, sorted. With --json everything "
                               "about each. 'nixos-nspawn list' shows those of both commands.",
                .options = O(JSON),
                .repairs = true,
                .run = container_command_list,
        },
        {
                .name = "create",
                .synopsis = "NAME",
                .summary = "create a container",
                .description =
                        "Creates the container NAME, which has at most 11 characters, and does not start it. It gets "
                        "the first free number N: 10.233.N.1 is the host's address on the link between them, "
                        "10.233.N.2 the container's, until it is destroyed. With --host-address and --local-address "
                        "these are its addresses instead, and with --bridge it has only the address that "
                        "--local-address gives it.\n\n"
                        "What is in it is said by --config or --config-file, in the options of "
                        "nixos-nspawn-options(7). If anything fails, nothing is left behind.",
                .options = O(CONFIG_TEXT) | O(CONFIG_FILE) | O(SYSTEM_PATH) | O(ENSURE_UNIQUE_NAME) | O(AUTO_START) |
                           O(BRIDGE) | O(PORT) | O(HOST_ADDRESS) | O(LOCAL_ADDRESS) | O(SIGNAL) | NIX | O(DRY_RUN) |
                           O(JSON),
                .min = 1,
                .max = 1,
                .repairs = true,
                .run = container_command_create,
        },
        {
                .name = "destroy",
                .synopsis = "NAME",
                .summary = "destroy a container, its files included",
                .description = "Ends the container NAME, if it runs, and removes it: its files, its configuration, "
                               "its addresses. Folders of the host that are mounted in it stay. A container that the "
                               "host's configuration declares is refused; one that does not exist is no mistake.",
                .options = O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_destroy,
        },
        {
                .name = "start",
                .synopsis = "NAME",
                .summary = "start a container",
                .description = "Starts the container NAME and returns when it is ready. One that runs stays as it is.",
                .options = O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_start,
        },
        {
                .name = "stop",
                .synopsis = "NAME",
                .summary = "shut a container down",
                .description = "Shuts the container NAME down. One that does not run stays as it is.",
                .options = O(TIMEOUT) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_stop,
        },
        {
                .name = "restart",
                .synopsis = "NAME",
                .summary = "shut a container down and start it again",
                .description = "Shuts the container NAME down, if it runs, and starts it.",
                .options = O(TIMEOUT) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_restart,
        },
        {
                .name = "terminate",
                .synopsis = "NAME",
                .summary = "end a container at once",
                .description = "Ends all processes of the container NAME without asking them.",
                .options = O(SIGNAL) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_terminate,
        },
        {
                .name = "status",
                .synopsis = "NAME",
                .summary = "print whether a container runs",
                .description = "Prints 'up' when the container NAME runs and 'down' when it does not. When there is "
                               "none of that name it prints 'gone' and fails. With --json everything about it.",
                .options = O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_status,
        },
        {
                .name = "update",
                .synopsis = "NAME",
                .summary = "build a container's configuration again",
                .description =
                        "Builds the configuration of the container NAME again: the one it was created with, as its "
                        "file is now, or that of --config or --config-file. A running container takes it up as it "
                        "runs: its files change, and services that changed are restarted in it. When that is not "
                        "enough, because its packages, its host name or its conf have changed, it is restarted, and "
                        "the reason is said. If it fails, all is as it was before.",
                .options = O(CONFIG_TEXT) | O(CONFIG_FILE) | NIX | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_update,
        },
        {
                .name = "login",
                .synopsis = "NAME",
                .summary = "log in, as on a console",
                .description =
                        "Opens the login prompt of the running container NAME on this terminal. Pressing ^] three "
                        "times within a second leaves it.",
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_login,
        },
        {
                .name = "root-login",
                .synopsis = "NAME",
                .summary = "open a shell of root's",
                .description = "Opens a login shell of root's in the running container NAME.",
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_root_login,
        },
        {
                .name = "run",
                .synopsis = "NAME -- COMMAND [ARGUMENT...]",
                .summary = "run a command in a container",
                .description = "Runs COMMAND in the running container NAME, as root, with this terminal or these "
                               "pipes as its input and output, and exits with its exit status: 128 and the number of "
                               "the signal that ended it, if one did.",
                .min = 2,
                .max = SIZE_MAX,
                .stop = 2,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_run,
        },
        {
                .name = "show-ip",
                .synopsis = "NAME",
                .summary = "print a container's address",
                .description = "Prints the IPv4 address of the container NAME, or its IPv6 address when it has no "
                               "other, without a prefix length.",
                .options = O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_show_ip,
        },
        {
                .name = "show-host-key",
                .synopsis = "NAME",
                .summary = "print the public key of a container's SSH server",
                .description = "Prints the Ed25519 host key of the container NAME, or else its ECDSA host key. When "
                               "it has neither, it fails and says nothing.",
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = container_command_show_host_key,
        },
        PROGRAM_COMMANDS("nixos-container(1)"),
        {0},
};

const struct program nixos_container_program = {
        .name = "nixos-container",
        .title = "NixOS containers",
        .commands = commands,
        .options = O(HELP) | O(VERBOSE) | O(VERSION) | O(JSON),
        .every = O(HELP) | O(VERBOSE),
        .nixos_only = true,
        .one_status = true,
};

/* The table of commands. */
#include "cli/commands.h"

#define O(name) OPTION_BIT(OPTION_##name)
#define SOURCES (O(CONFIG) | O(PROFILE) | O(FLAKE) | O(SYSTEM) | O(IMAGE) | O(SUITE))

static const struct command commands[] = {
        {
                .name = "create",
                .synopsis = "NAME",
                .summary = "create a container from a configuration and start it",
                .description =
                        "Creates the container NAME from a configuration and starts it. Exactly one of --config, "
                        "--profile and --flake says what it is made of.\n\n"
                        "Everything is checked before anything is done: the name, the configuration, and that the "
                        "ports are free. If anything fails later, what was done is undone, and nothing is left "
                        "behind but the cached system tree.\n\n"
                        "The container gets addresses that it keeps until it is removed. Its network is complete "
                        "before its first process runs.",
                .options = SOURCES | O(NO_START) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .repairs = true,
                .run = command_create,
        },
        {
                .name = "update",
                .synopsis = "NAME",
                .summary = "give a container a new configuration",
                .description =
                        "Gives the container NAME a new configuration, from exactly one of --config, --profile and "
                        "--flake. A running container whose network alone is different takes it up while it runs, "
                        "anything else by a restart; a stopped one stays stopped. Its addresses and its files "
                        "stay.\n\n"
                        "If the new configuration cannot be put in place, or the container does not start with it, "
                        "the container goes back to the one before.",
                .options = SOURCES | O(STRATEGY) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_update,
        },
        {
                .name = "list",
                .synopsis = "",
                .summary = "list the containers",
                .description =
                        "Lists all containers, with their state, addresses and forwarded ports. Containers that a "
                        "host configuration declares are listed as declarative, and .nspawn files that this program "
                        "did not make as unmanaged: start, stop, update and remove leave those alone.",
                .options = O(TYPE) | O(JSON),
                .repairs = true,
                .run = command_list,
        },
        {
                .name = "status",
                .synopsis = "[NAME...]",
                .summary = "show the state and network of containers",
                .description = "Shows each container NAME, or all of them, in detail: state, processes, addresses, "
                               "links, forwards and where its files are.",
                .options = O(JSON),
                .max = SIZE_MAX,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_status,
        },
        {
                .name = "show-ip",
                .synopsis = "NAME",
                .summary = "print a container's address",
                .description = "Prints the IPv4 address of the container NAME, or with -6 its IPv6 address, alone on a "
                               "line, for use in scripts. With both options, both are printed. The addresses are the "
                               "container's own while it is stopped, too.",
                .options = O(IPV4) | O(IPV6) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_show_ip,
        },
        {
                .name = "start",
                .synopsis = "NAME...",
                .summary = "start containers",
                .description = "Starts each container NAME and returns when it is ready. One that runs already is left "
                               "as it is.",
                .options = O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = SIZE_MAX,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_start,
        },
        {
                .name = "stop",
                .synopsis = "NAME...",
                .summary = "shut containers down",
                .description = "Shuts each container NAME down cleanly, and kills it when that takes longer than "
                               "--timeout. One that does not run is left as it is. Addresses and files are kept.",
                .options = O(TIMEOUT) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = SIZE_MAX,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_stop,
        },
        {
                .name = "restart",
                .synopsis = "NAME...",
                .summary = "shut containers down and start them again",
                .description = "Shuts each container NAME down, if it runs, and starts it.",
                .options = O(TIMEOUT) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = SIZE_MAX,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_restart,
        },
        {
                .name = "remove",
                .synopsis = "NAME",
                .summary = "remove a container",
                .description = "Shuts the container NAME down and removes it: its configurations, its addresses, its "
                               "logs. Its files in /var/lib/machines/NAME stay, unless --delete-state says "
                               "otherwise, and are used again by a container that is created with that name.",
                .options = O(DELETE_STATE) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_remove,
        },
        {
                .name = "migrate",
                .synopsis = "NAME",
                .summary = "make a nixos-container one of nixos-nspawn",
                .description = "Makes the nixos-container NAME a container of nixos-nspawn, with the same files, which "
                               "move to /var/lib/machines/NAME, the same addresses and the same forwarded ports. "
                               "From then on it may reach the outside, as those containers do. What cannot be taken "
                               "along is refused before anything is done. It must not run, or --stop says that it may "
                               "be stopped, and it stays stopped.",
                .options = O(STOP) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_migrate,
        },
        {
                .name = "autostart",
                .synopsis = "",
                .summary = "start the containers that are to run, after the host has booted",
                .description =
                        "Starts every container that is not running and whose configuration does not turn "
                        "nixosContainer.activation.autoStart off. A host runs it once when it has booted, from a boot "
                        "script or from cron (@reboot). A container that does not start keeps no other from it.",
                .options = O(DRY_RUN) | O(JSON),
                .repairs = true,
                .run = command_autostart,
        },
        {
                .name = "run",
                .synopsis = "NAME [--] COMMAND [ARGUMENT...]",
                .summary = "run a command in a container",
                .description = "Runs COMMAND in the running container NAME, with this terminal or these pipes as its "
                               "input and output, and exits with its exit status: 128 and the number of the signal "
                               "that ended it, if one did.",
                .options = O(USER),
                .min = 2,
                .max = SIZE_MAX,
                .stop = 2,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_run,
        },
        {
                .name = "shell",
                .synopsis = "NAME [[--] COMMAND [ARGUMENT...]]",
                .summary = "open a shell in a container",
                .description = "Opens a login shell in the running container NAME, or runs COMMAND, on a terminal of "
                               "the container's own.",
                .options = O(USER),
                .min = 1,
                .max = SIZE_MAX,
                .stop = 2,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_shell,
        },
        {
                .name = "logs",
                .synopsis = "NAME",
                .summary = "print what a container wrote to its console",
                .description = "Prints what the container NAME wrote to its console, its system's own start messages "
                               "included. What its services log is in its journal: nixos-nspawn run NAME -- "
                               "journalctl.",
                .options = O(LINES) | O(FOLLOW),
                .min = 1,
                .max = 1,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_logs,
        },
        {
                .name = "ports",
                .synopsis = "[NAME...]",
                .summary = "list the forwarded ports of all containers",
                .description = "Lists every port of this host that is forwarded to a container, or to the containers "
                               "NAME, where it leads, and which process of the host listens on it.",
                .options = O(JSON),
                .max = SIZE_MAX,
                .completion = COMPLETE_CONTAINER,
                .repairs = true,
                .run = command_ports,
        },
        {
                .name = "setup",
                .synopsis = "",
                .summary = "prepare this host, or undo that",
                .description = "Makes what containers need on this host: directories, a machine id, and the entry in "
                               "/etc/nsswitch.conf by which the host finds containers by name. Where systemd is the "
                               "first process it enables and starts the sockets of the daemons, and has "
                               "NetworkManager leave containers' links alone. What is right already is left alone, so "
                               "it can be run again at any time. Programs that are missing are "
                               "named with the package that has them.\n\n"
                               "What was changed is recorded, and --undo takes exactly that away.",
                .options = O(UNDO) | O(DRY_RUN) | O(JSON),
                .run = command_setup,
        },
        {
                .name = "zone",
                .synopsis = "create|list|status|update|remove [NAME]",
                .summary = "make, show and change zones, networks that containers share",
                .description =
                        "A zone is a network that containers share, with the host as its router: their configurations "
                        "say nixosContainer.zone = \"NAME\". Its bridge, vz-NAME, is there as long as a member runs, "
                        "or always with --persistent.\n\n"
                        "*zone create* NAME makes one, from the options and from the file that --config names, which "
                        "has the settings of the bridge as systemd.network.networks.NAME has them, and those of "
                        "nixos.containers.zones (nixos-nspawn-host(7)). Without any it has an IPv4 /24 and an IPv6 "
                        "/64 of its own, of which each member gets an address.\n\n"
                        "*zone update* NAME changes what the options name, and leaves the rest; a file that --config "
                        "names takes the place of all that was said before. It takes effect at once, members that run "
                        "included. They keep their addresses, unless the zone gets another range: then they have "
                        "others, with their numbers in it, and connections by the old ones end.\n\n"
                        "*zone list* lists the zones, also those that the host's configuration declares, and *zone "
                        "status* [NAME...] shows everything about them. *zone remove* NAME takes one away that has no "
                        "members.",
                .options = O(CONFIG) | O(INTERNAL) | O(PERSISTENT) | O(ISOLATED) | O(NO_INTERNAL) | O(NO_PERSISTENT) |
                           O(NO_ISOLATED) | O(HOST_ACCESS) | O(SIZE) | O(DRY_RUN) | O(JSON),
                .min = 1,
                .max = SIZE_MAX,
                .completion = COMPLETE_ZONE,
                .repairs = true,
                .run = command_zone,
        },
        {
                .name = "apply",
                .synopsis = "",
                .summary = "put the host's configuration in force",
                .description =
                        "Reads the host's configuration, /etc/nixos-nspawn/host.nix or host.json or the one that "
                        "--config names, and puts it in force: network address translation (networking.nat), what "
                        "NetworkManager leaves alone, and containers that are declared there (containers.NAME), which "
                        "it "
                        "makes, changes, restarts and removes. nixos-nspawn-host(7) has its options. It stays in force "
                        "when the host boots.\n\n"
                        "Everything is checked before anything is done, and what changes is printed. What the "
                        "configuration no longer says is taken away, and when there is neither file, all of it. If "
                        "anything fails, everything stays as it was.",
                .options = O(CONFIG) | O(DRY_RUN) | O(JSON),
                .repairs = true,
                .run = command_apply,
        },
        PROGRAM_COMMANDS("nixos-nspawn(1)"),
        {0},
};

const struct program nixos_nspawn_program = {
        .name = "nixos-nspawn",
        .title = "NixOS imperative container manager",
        .commands = commands,
        .options = O(HELP) | O(VERBOSE) | O(VERSION) | O(UNIT_FILE_DIR) | O(JSON),
        .every = O(HELP) | O(VERBOSE) | O(UNIT_FILE_DIR),
};

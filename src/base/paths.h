/* Every path this system reads or writes, in one place. */
#pragma once

/* Interfaces to systemd: files that a person may read and keep (SPEC A.1). */
#define PATH_RUNTIME_UNITS "/run/systemd/nspawn" /* the same of this boot */
#define PATH_UNITS         "/etc/systemd/nspawn" /* NAME.nspawn -> PROFILE/system/nixos-nspawn/NAME.nspawn */
#define PATH_NETWORKS      "/etc/systemd/network"
#define PATH_HOST_NIX      "/etc/nixos-nspawn/host.nix" /* the host's configuration, as a person writes it */
#define PATH_HOST_JSON     "/etc/nixos-nspawn/host.json"
#define PATH_MACHINES      "/var/lib/machines" /* NAME/: the container's root */

/* Of nixos-container (SPEC D.1), those before NixOS 22.05, and roots that are thrown away. */
#define PATH_CONFS            "/etc/nixos-containers" /* NAME.conf */
#define PATH_STATES           "/var/lib/nixos-containers"
#define PATH_CONFS_OLD        "/etc/containers"
#define PATH_STATES_OLD       "/var/lib/containers"
#define PATH_STATES_EPHEMERAL "/run/nixos-containers"

/* Of Nix, for systems of NixOS: what all share, and folders in which each has one of its own (SPEC D.1). */
#define PATH_NIX_STORE    "/nix/store"
#define PATH_NIX_DB       "/nix/var/nix/db"
#define PATH_NIX_DAEMON   "/nix/var/nix/daemon-socket"
#define PATH_NIX_PROFILES "/nix/var/nix/profiles"
#define PATH_NIX_GCROOTS  "/nix/var/nix/gcroots"
#define PATH_NIX_OWN      "/per-container" /* in the last two: NAME/ */

/* Kept. */
#define PATH_LIB "/var/lib/nixos-nspawn"
#define PATH_PROFILES                                                                                                  \
        PATH_LIB "/profiles" /* NAME/system -> system-N; system-N/nixos-nspawn/{spec.json,data.json,...} */
#define PATH_TREES          PATH_LIB "/trees"          /* cached OS trees */
#define PATH_CONFIGURATIONS PATH_LIB "/configurations" /* NAME.nix: what nixpkgs builds nixos-containers from */
#define PATH_ALLOCATIONS    PATH_LIB "/addresses.json"
#define PATH_ZONES          PATH_LIB "/zones"       /* NAME.json: zones that a command made */
#define PATH_HOST           PATH_LIB "/host.json"   /* the host's configuration that is in force */
#define PATH_LOGS           "/var/log/nixos-nspawn" /* NAME.log, NAME.log.1 */

/* Gone with the next boot. */
#define PATH_RUN              "/run/nixos-nspawn"
#define PATH_APPLY_LOCK       PATH_RUN "/apply.lock"            /* flock: apply, and nothing else of its kind */
#define PATH_LOCK             PATH_RUN "/lock"                  /* flock: whoever changes definitions or allocations */
#define PATH_NETD_SOCKET      PATH_RUN "/io.nixos.Nspawn"       /* Varlink */
#define PATH_NETD_LOCK        PATH_RUN "/netd.lock"             /* flock held by the one daemon */
#define PATH_ATTACHED         PATH_RUN "/networks"              /* NAME.json: what netd attached, for the next netd */
#define PATH_ZONES_ATTACHED   PATH_RUN "/zones"                 /* NAME.json: the zones whose bridges netd made */
#define PATH_NETD_SYSCTLS     PATH_RUN "/sysctls.json"          /* what was switched on, with the value before */
#define PATH_PROXY_SYSCTLS    PATH_RUN "/proxy-neighbours.json" /* likewise, of links that answer for containers */
#define PATH_PROXY_SOCKET     PATH_RUN "/proxy"                 /* control socket of the localhost proxy */
#define PATH_PROXY_LOCK       PATH_RUN "/proxy.lock"            /* flock held by the one proxy */
#define PATH_CONTAINERS       PATH_RUN "/containers"            /* NAME/: the supervisor's folder */
#define PATH_NAMES            PATH_RUN "/names"                 /* name: addresses for NSS */
#define PATH_NAMES_BY_ADDRESS PATH_NAMES "/.by-address"         /* ADDRESS -> name; no container is called so */
#define PATH_NAMES_SUFFIX     PATH_NAMES "/.suffix"             /* -> what may stand behind a name */
#define PATH_FORWARDS         PATH_RUN "/forwards.json"         /* cache of all containers' forwards */

/* Inside the container. */
#define PATH_GUEST_FOLDER   "/run/host/nixos-nspawn" /* bind-mounted from PATH_CONTAINERS/NAME/guest */
#define PATH_GUEST_FIRST    PATH_GUEST_FOLDER "/first"
#define PATH_GUEST_NETWORK  PATH_GUEST_FOLDER "/network"
#define PATH_GUEST_NETWORKD PATH_GUEST_FOLDER "/20-host0.network" /* linked to from /run/systemd/network */

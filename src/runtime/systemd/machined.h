/* systemd-machined, with which systemd-nspawn registers. */
#pragma once

/* Ends the registration of an earlier run of the container's unit, whose systemd-nspawn was killed. machined would keep
 * it for as long as the unit is active, which it is while it starts again: "Machine 'web' already exists". One of
 * somebody else's stays, and systemd-nspawn says so. Only while it does not run. */
void machine_forget(const char *name);

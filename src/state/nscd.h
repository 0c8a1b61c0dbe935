/* glibc's cache daemon, where one runs. */
#pragma once

/* Has nscd forget what it knows of hosts: it would not resolve a container that was asked for before it ran (20
 * seconds), and resolve one that is gone (an hour). Does not wait for it; that it does not run or answer is no matter.
 */
void nscd_forget_hosts(void);

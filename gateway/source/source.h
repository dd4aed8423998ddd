/* SPDX-License-Identifier: Apache-2.0
 *
 * The process of one partner. It holds that partner's client key, knows no other, and turns what the partner
 * sends into batches of reads for the core. It decides nothing.
 */
#ifndef ANPR_SOURCE_SOURCE_H
#define ANPR_SOURCE_SOURCE_H

/* Run until either end hangs up.
 * shape   control_fd: to the supervisor, which sends SOURCE_SETUP first; core_fd: to the core. Connected
 * stream sockets, closed here. Returns the exit status: 0 hung up on, 1 nonsense came or nothing can be done
 * thread  the process's only one of ours (curl resolves names in another) */
int source_main(int control_fd, int core_fd);

#endif

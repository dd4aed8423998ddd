/* SPDX-License-Identifier: Apache-2.0
 *
 * The supervisor: starts the core, one source for each partner with a stream, and the admin process; starts
 * again what dies; ends them all. It parses nothing that comes from outside and keeps no key.
 */
#ifndef ANPR_SUPERVISE_SUPERVISE_H
#define ANPR_SUPERVISE_SUPERVISE_H

#include "gateway/config/config.h"

/* Run until told to end.
 * shape   config: borrowed until it returns
 * errors  the program's exit status: 0 after an orderly end, 1 when the end had to be forced, 2 when it
 * cannot start thread  the only one of the process: children die with the thread that started them */
int supervise(const struct config *config, bool verbose);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The core process: the only one with the Kafka key. It follows the journal, runs the publishers, enforces
 * offs and answers the admin process.
 */
#ifndef ANPR_CORE_CORE_H
#define ANPR_CORE_CORE_H

#include "gateway/config/config.h"

/* Run until SIGTERM or until the supervisor is gone.
 * shape   config: borrowed; control_fd: connected to the supervisor, which sends FRAME_ATTACH for each source
 * and the admin, again after each of their restarts returns an exit status: 0 after an orderly end, 1 where
 * it could not start (told in the log) */
int core_main(const struct config *config, int control_fd);

#endif

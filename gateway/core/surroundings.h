/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the Kafka cluster is such that the guarantees hold: its brokers' settings, the gateway's own topics
 * and rights. Looked at before anything is published and while the gateway runs; where a guarantee does not
 * hold every partner is held until it does again.
 */
#ifndef ANPR_CORE_SURROUNDINGS_H
#define ANPR_CORE_SURROUNDINGS_H

#include "gateway/base/error.h"
#include "gateway/base/status.h"

#include <jansson.h>

struct core;
struct surroundings;

/* Hold every partner, and start the thread that looks and releases them. core's Kafka settings are there. */
MUST struct status surroundings_open(struct core *core, struct error *e);
/* End the thread: waits for a look that is under way, at most some seconds. */
void surroundings_close(struct core *core);
/* For status: when it was last looked, and why nothing is published. Owned by the caller. */
json_t *surroundings_view(struct core *core, json_t *problems);
/* GET /v1/readers: who may read each police topic by the newest rights that the brokers told, and whether
 * that is still known. Owned by the caller. thread: any. */
char *readers_view(struct core *core);

#endif

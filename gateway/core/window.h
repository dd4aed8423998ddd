/* SPDX-License-Identifier: Apache-2.0
 *
 * The window in which a repeated read is recognised: keyed 8-byte hashes of the ids permitted lately, by
 * arrival. It is rebuilt from the ledger at resume, so a repeat is recognised after a crash as well.
 */
#ifndef ANPR_CORE_WINDOW_H
#define ANPR_CORE_WINDOW_H

#include "gateway/base/clock.h"
#include "gateway/base/span.h"
#include "gateway/base/status.h"

struct window_slot;
struct window {
	struct window_slot *slots; /* open addressing; owned */
	size_t n, cap;             /* used, allocated (a power of two) */
	int64_t length_ms;
	int64_t swept_ms; /* when the table was last rid of what is too old */
	uint8_t key[16];  /* of the hashes; from the heads topic */
	uint64_t epoch;   /* names the key */
};

void window_init(struct window *w, int64_t length_ms);
void window_fini(struct window *w);

/* The hash of one partner's read id. Never 0. */
uint64_t window_hash(const struct window *w, struct span partner, struct span read_id);
bool window_has(const struct window *w, uint64_t hash, struct utc_ms now);
/* errors: OVERLOAD when out of memory. */
MUST struct status window_add(struct window *w, uint64_t hash, struct utc_ms arrival);
/* Take back what an aborted transaction added. */
void window_remove(struct window *w, uint64_t hash);

#endif

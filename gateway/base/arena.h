/* SPDX-License-Identifier: Apache-2.0
 *
 * A capped bump allocator: many small things that live and die together, such as the reads of one batch.
 */
#ifndef ANPR_BASE_ARENA_H
#define ANPR_BASE_ARENA_H

#include "gateway/base/span.h"

struct arena_block;
struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes handed out since the last reset */
	size_t max;  /* cap on `used`; 0 = 64 MiB */
};

/* n zeroed bytes aligned for anything, or NULL past the cap. Valid until reset. */
void *arena_alloc(struct arena *a, size_t n);
/* The bytes and a zero after them, or NULL. */
char *arena_text(struct arena *a, struct span bytes);
struct span arena_copy(struct arena *a, struct span bytes);
/* Forget everything handed out and cleanse it; memory is kept for the next use. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

#endif

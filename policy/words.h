/* SPDX-License-Identifier: Apache-2.0
 *
 * A table from lists of numbers to a number, for finding what has been met before while compiling. Nothing in
 * it is a peer's choice to make.
 */
#ifndef ANPR_POLICY_WORDS_H
#define ANPR_POLICY_WORDS_H

#include "gateway/base/arena.h"

struct words_slot {
	uint32_t *words;
	uint32_t n, value;
};
struct words {
	struct arena *arena; /* owns everything */
	struct words_slot *slots;
	size_t n, cap;
};

#define WORDS_NEW UINT32_MAX

/* The value kept for the list, for reading and setting; WORDS_NEW where it was added just now. NULL: out of
 * memory. Valid until the next call. */
uint32_t *words_value(struct words *table, const uint32_t *list, uint32_t n);
/* The table's own copy of the list, added where it was not there; for as long as the arena. NULL: out of
 * memory.
 */
const uint32_t *words_copy(struct words *table, const uint32_t *list, uint32_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Exponential, with equal jitter.
 */
#include "gateway/source/backoff.h"

#include "gateway/base/digest.h"

int64_t backoff_next_ms(struct backoff *b)
{
	int64_t whole = BACKOFF_MAX_MS;

	if (b->failures < 7) /* 0.25 s << 7 is past the longest */
		whole = BACKOFF_FIRST_MS << b->failures++;
	return whole / 2 + (int64_t)random_below((uint64_t)whole / 2 + 1);
}

void backoff_reset(struct backoff *b)
{
	b->failures = 0;
}

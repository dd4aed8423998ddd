/* SPDX-License-Identifier: Apache-2.0
 *
 * How long to wait before trying a partner again.
 */
#ifndef ANPR_SOURCE_BACKOFF_H
#define ANPR_SOURCE_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS   30000

struct backoff {
	unsigned failures; /* in a row */
};

/* Count one more failure and say how long to wait: doubling from 0.25 s to 30 s, half of it by chance, so
 * that the gateways of many forces do not come back to one partner together. */
int64_t backoff_next_ms(struct backoff *b);
/* It works again. */
void backoff_reset(struct backoff *b);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * How long things took: counts by bounds that are the same everywhere, from a millisecond's work to a
 * minute's wait. Not locked.
 */
#ifndef ANPR_BASE_HISTOGRAM_H
#define ANPR_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BOUNDS 13

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* the last: longer than the last bound */
	uint64_t n, sum_ms;
};

/* Ascending, in ms; bound i counts what took that long at most. */
extern const int64_t histogram_bounds_ms[HISTOGRAM_BOUNDS];

/* Below 0 (a clock was set back) counts as 0. */
void histogram_add(struct histogram *h, int64_t ms);

#endif

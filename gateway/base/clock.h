/* SPDX-License-Identifier: Apache-2.0
 *
 * The only place that asks the system what time it is; everywhere else time is a parameter.
 */
#ifndef ANPR_BASE_CLOCK_H
#define ANPR_BASE_CLOCK_H

#include "gateway/base/span.h"
#include "gateway/base/status.h"

#include <stdint.h>

/* UTC milliseconds since 1970-01-01T00:00:00Z. */
struct utc_ms {
	int64_t v;
};

struct utc_ms clock_now(void);
/* Milliseconds that only ever go forward, for time-outs. */
int64_t clock_monotonic_ms(void);
void clock_sleep_ms(int64_t ms);

/* RFC 3339 "2026-11-01T12:00:00.000Z" into at least 32 bytes; returned. */
const char *clock_format(char *to, struct utc_ms at);
#define CLOCK_TEXT(at) clock_format((char[32]){0}, (at))
/* RFC 3339 with an offset, any number of fraction digits (rounded down to ms), a leap second read as :59.999.
 * errors: BAD_INPUT, also for days that do not exist and times without an offset. */
MUST struct status clock_parse(struct span text, struct utc_ms *out);
/* The same where the offset may be missing; `*has_offset` tells. Without one *out is local wall time as if
 * UTC. */
MUST struct status clock_parse_local(struct span text, struct utc_ms *out, bool *has_offset);

#endif

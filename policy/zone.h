/* SPDX-License-Identifier: Apache-2.0
 *
 * A time zone as a list of offsets from UTC, made from the bytes of a TZif file (RFC 8536). Reading the file
 * is gateway/text's. Immutable; reference-counted.
 */
#ifndef ANPR_POLICY_ZONE_H
#define ANPR_POLICY_ZONE_H

#include "gateway/base/clock.h"
#include "gateway/base/span.h"
#include "gateway/base/status.h"

struct zone;

/* Changes after the last one listed in the file follow its rule up to this year; from then on nothing
 * changes. */
#define ZONE_LAST_YEAR 2099

/* errors: BAD_INPUT unless it is TZif version 2 or later without leap seconds; OVERLOAD */
struct status zone_parse(const char *name, struct span tzif, struct zone **out);
const char *zone_name(const struct zone *z);
/* Seconds east of UTC then. */
int32_t zone_offset(const struct zone *z, struct utc_ms at);
/* The moments at which clocks there show `local` (local time as if it were UTC), earlier first: two when they
 * are set back over it, none when they are set forward past it. */
size_t zone_moments(const struct zone *z, struct utc_ms local, struct utc_ms moments[2]);
/* Minutes of the local week then, from 0 = Monday 00:00, below WEEK_MINUTES. */
unsigned zone_week_minute(const struct zone *z, struct utc_ms at);

#define DAY_MINUTES  1440
#define WEEK_MINUTES 10080

struct zone *zone_hold(const struct zone *z);
void zone_release(struct zone *z); /* NULL is fine */

/* A zone's rule for ever after, as at the end of a TZif file: POSIX.1 TZ with RFC 8536's longer hours. */
struct zone_rule {
	int32_t standard, daylight; /* seconds east of UTC */
	bool has_daylight;
	struct zone_change {
		enum { CHANGE_WEEKDAY, CHANGE_JULIAN, CHANGE_DAY } kind; /* Mm.w.d, Jn, n */
		int month, week, day;
		int32_t time; /* seconds after local midnight */
	} start, end;
};
/* errors: BAD_INPUT */
struct status zone_rule_parse(struct span text, struct zone_rule *out);
/* The moments, seconds since 1970 UTC, when that year's daylight time starts and ends. */
void zone_rule_year(const struct zone_rule *rule, int year, int64_t *start, int64_t *end);

#endif

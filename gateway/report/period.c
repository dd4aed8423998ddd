/* SPDX-License-Identifier: Apache-2.0
 *
 * Days as people count them, as moments of UTC: a day begins when clocks there first show its 00:00 (or the
 * first moment after, where they skip it), and ends where the next begins. So the days on which clocks change
 * have 23 and 25 hours.
 */
#include "gateway/report/internal.h"

#include "gateway/text/zoneinfo.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE_MS INT64_C(60000)

/* Local midnight as if it were UTC. */
static struct status date_parse(const char *option, const char *text, int64_t *out, struct error *e)
{
	char whole[32];
	struct utc_ms at;

	if (!text)
		return error_set(e, "say --%s DAY, such as --%s 2026-11-01", option, option);
	snprintf(whole, sizeof whole, "%.20sT00:00:00Z", text);
	if (strlen(text) != DATE_BYTES - 1 || !ok(clock_parse(span_text(whole), &at)))
		return error_set(e, "--%s: '%.40s' is no day; write it like 2026-11-01", option, text);
	*out = at.v;
	return S_OK;
}

/* When clocks there begin to show that day. */
static int64_t midnight(const struct zone *z, int64_t local)
{
	struct utc_ms moments[2];

	for (int64_t at = local; at < local + DAY_MS; at += MINUTE_MS)
		if (zone_moments(z, (struct utc_ms){at}, moments) > 0)
			return moments[0].v;
	return local;
}

static void days_make(struct period *p, int64_t first, size_t n)
{
	p->days = memory_new(n, sizeof *p->days);
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		int64_t local = first + (int64_t)i * DAY_MS;
		struct day *day = &p->days[i];

		snprintf(day->date, sizeof day->date, "%.10s", CLOCK_TEXT((struct utc_ms){local}));
		day->from = midnight(p->zone, local);
		day->to = midnight(p->zone, local + DAY_MS);
	}
	p->from = p->days[0].from;
	p->to = p->days[n - 1].to;
}

static struct status hours_check(const struct period *p, struct error *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->days[i].from % HOUR_MS != 0 || p->days[i].to % HOUR_MS != 0)
			return error_set(e,
				"days of %s do not begin with a clock hour of UTC, and reads are counted by "
				"these; say --zone UTC",
				zone_name(p->zone));
	return S_OK;
}

struct status period_make(const struct report_question *q, struct period *out, struct error *e)
{
	const char *zone = q->zone ? q->zone : REPORT_ZONE;
	int64_t from = 0, to = 0;

	TRY(date_parse("from", q->from, &from, e));
	TRY(date_parse("to", q->to, &to, e));
	if (to < from)
		return error_set(e, "the period ends, %s, before it begins, %s", q->to, q->from);
	if ((to - from) / DAY_MS >= REPORT_DAYS_MAX)
		return error_set(e, "a report covers at most %d days", REPORT_DAYS_MAX);
	if (!ok(zoneinfo_load(span_text(zone), &out->zone)))
		return error_set(e, "there is no time zone '%.60s' on this machine (tzdata)", zone);
	days_make(out, from, (size_t)((to - from) / DAY_MS) + 1);
	return hours_check(out, e);
}

void period_fini(struct period *p)
{
	zone_release(p->zone);
	free(p->days);
}

size_t period_day(const struct period *p, int64_t at)
{
	size_t low = 0, high = p->n;

	if (at < p->from || at >= p->to)
		return NO_DAY;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (p->days[middle].from <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

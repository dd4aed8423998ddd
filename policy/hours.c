/* SPDX-License-Identifier: Apache-2.0
 *
 * A night belongs to the day it begins on. Bits are minutes by local clocks, so in the night they go back
 * both passes of the hour are in or out together, and in the night they go forward the hour left out is
 * nobody's.
 */
#include "policy/hours.h"

static struct hours_zone *hours_zone(struct hours *h, const struct zone *zone)
{
	for (size_t i = 0; i < h->n; i++) {
		if (strcmp(zone_name(h->zones[i].zone), zone_name(zone)) == 0)
			return &h->zones[i];
	}
	if (h->n == HOURS_ZONES_MAX)
		return NULL;
	h->zones[h->n] = (struct hours_zone){.zone = zone};
	return &h->zones[h->n++];
}

/* Whether the rule shares in that minute of the local week: of the day's own hours, or of the night before.
 */
static bool rule_has_minute(const struct rule *rule, unsigned minute)
{
	int day = (int)(minute / DAY_MINUTES), at = (int)(minute % DAY_MINUTES);
	int end = rule->to_minute > rule->from_minute ? rule->to_minute : rule->to_minute + DAY_MINUTES;

	if (rule->days >> day & 1 && at >= rule->from_minute && at < end)
		return true;
	return rule->days >> (day + 6) % 7 & 1 && at + DAY_MINUTES < end;
}

bool rule_hours_hold(const struct rule *rule, struct utc_ms at)
{
	if (!rule->has_hours)
		return true;
	return rule->local && rule_has_minute(rule, zone_week_minute(rule->local, at));
}

void hours_add(struct hours *h, const struct rule *rule)
{
	struct hours_zone *zone = rule->local ? hours_zone(h, rule->local) : NULL;

	for (unsigned minute = 0; zone && minute < WEEK_MINUTES; minute++) {
		if (rule_has_minute(rule, minute))
			zone->minutes[minute / 64] |= UINT64_C(1) << minute % 64;
	}
}

void hours_join(struct hours *h, const struct hours *other)
{
	for (size_t i = 0; i < other->n; i++) {
		struct hours_zone *zone = hours_zone(h, other->zones[i].zone);

		for (size_t k = 0; zone && k < sizeof zone->minutes / sizeof *zone->minutes; k++)
			zone->minutes[k] |= other->zones[i].minutes[k];
	}
}

bool hours_same(const struct rule *a, const struct rule *b)
{
	if (a->has_hours != b->has_hours)
		return false;
	if (!a->has_hours)
		return true;
	return a->local && b->local && strcmp(zone_name(a->local), zone_name(b->local)) == 0 &&
	       a->days == b->days && a->from_minute == b->from_minute && a->to_minute == b->to_minute;
}

bool hours_hold(const struct hours *h, struct utc_ms at)
{
	if (!h)
		return true;
	for (size_t i = 0; i < h->n; i++) {
		unsigned minute = zone_week_minute(h->zones[i].zone, at);

		if (h->zones[i].minutes[minute / 64] >> minute % 64 & 1)
			return true;
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Hours of a week in which rules share, as bitmaps of local minutes: however many rules, one look.
 */
#ifndef ANPR_POLICY_HOURS_H
#define ANPR_POLICY_HOURS_H

#include "policy/agreement.h"

/* Zones that the rules of one agreement may use between them. */
#define HOURS_ZONES_MAX 4

/* The minutes in which any of some rules shares. */
struct hours {
	size_t n;
	struct hours_zone {
		const struct zone *zone; /* borrowed from the agreement */
		uint64_t minutes[(WEEK_MINUTES + 63) / 64];
	} zones[HOURS_ZONES_MAX];
};

/* Whether the rule shares at that moment, as far as its hours go. */
bool rule_hours_hold(const struct rule *rule, struct utc_ms at);
/* Add a rule's hours. Without a zone to tell local time by, or beyond HOURS_ZONES_MAX zones, it adds none. */
void hours_add(struct hours *h, const struct rule *rule);
/* Add what other rules share in; zones beyond HOURS_ZONES_MAX are left out, as above. */
void hours_join(struct hours *h, const struct hours *other);
/* Whether two rules share in the same minutes. */
bool hours_same(const struct rule *a, const struct rule *b);
/* Whether the moment is within; NULL = always. */
bool hours_hold(const struct hours *h, struct utc_ms at);

#endif

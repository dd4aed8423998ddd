/* SPDX-License-Identifier: Apache-2.0
 *
 * When some rules share: never, always or in hours of the week. Within policy only.
 */
#ifndef ANPR_POLICY_DIFFERENCE_WHEN_H
#define ANPR_POLICY_DIFFERENCE_WHEN_H

#include "policy/difference_make.h"

/* Spans of hours that are told one by one. */
#define SPANS_TOLD 4

struct when {
	enum { WHEN_NEVER = 0, WHEN_HOURS, WHEN_ALWAYS } kind;
	struct hours hours; /* where `kind` is WHEN_HOURS; each zone has some minutes, and not all */
};

void when_of_rule(const struct rule *rule, struct when *out);
/* What either shares in. */
void when_join(struct when *to, const struct when *other);
/* Its minutes by that zone's clock; NULL = none. */
const struct hours_zone *when_zone(const struct when *w, const char *name);
/* Whether a shares at no time at which b does not, as far as can be shown. */
bool when_within(const struct when *a, const struct when *b);
/* "all hours", "mon-fri 20:00-06:00 (Europe/London)". Kept. */
const char *when_words(struct difference_make *m, const struct when *w);
/* What changes from one to the other, for people and for programs. */
void when_item(struct difference_make *m, const struct when *before, const struct when *after,
	struct difference_item *out);

#endif

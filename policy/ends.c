/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends that fall due: moments still to come at which less is shared without anybody deciding anything more,
 * because an agreement is over or somebody turned sharing on for a while only.
 */
#include "policy/compile.h"

#include <stdlib.h>

static int moment_compare(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return (one > other) - (one < other);
}

/* What lies just before `now` is kept too: whoever decides may have a clock that was just set back. */
#define ENDS_PAST_MS 60000

struct status ends_compile(struct compile *c, struct utc_ms now)
{
	struct partner_policy *out = c->out;
	int64_t *ends = arena_alloc(c->keep, (c->in->n_agreements + c->n_offs + 1) * sizeof *ends);
	size_t n = 0;

	REQUIRE(ends, S_OVERLOAD);
	for (size_t i = 0; i < c->in->n_agreements; i++)
		ends[n++] = c->in->agreements[i].agreement->until.v;
	for (size_t i = 0; i < c->n_offs; i++)
		ends[n++] = c->offs[i].from;
	qsort(ends, n, sizeof *ends, moment_compare);
	while (n > 0 && ends[0] < now.v - ENDS_PAST_MS) {
		ends++;
		n--;
	}
	out->ends = ends;
	out->n_ends = n;
	return S_OK;
}

struct utc_ms partner_policy_next_end(const struct partner_policy *p, struct utc_ms after)
{
	size_t low = 0, high = p ? p->n_ends : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->ends[middle] <= after.v)
			low = middle + 1;
		else
			high = middle;
	}
	return (struct utc_ms){p && low < p->n_ends ? p->ends[low] : INT64_MAX};
}

static bool shares_less(const struct decision *before, const struct decision *after)
{
	for (unsigned i = 0; i < before->n; i++) {
		if (before->permits[i].classes & ~decision_classes(after, before->permits[i].feed))
			return true;
	}
	return false;
}

bool policy_ends_by(const struct partner_policy *p, const struct read *read, struct utc_ms received,
	struct utc_ms now, struct utc_ms until)
{
	struct decision before, after;
	struct utc_ms end = now;
	struct read resolved;

	if (!read->local)
		policy_decide(p, read, received, now, &before);
	else if (policy_decide_local(p, read, received, now, &resolved, &before))
		read = &resolved;
	else
		return false;
	while (before.verdict == VERDICT_PERMIT && (end = partner_policy_next_end(p, end)).v <= until.v) {
		policy_decide(p, read, received, end, &after);
		if (shares_less(&before, &after))
			return true;
	}
	return false;
}

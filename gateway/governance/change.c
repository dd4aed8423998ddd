/* SPDX-License-Identifier: Apache-2.0
 *
 * The two sides of a comparison, out of the state.
 */
#include "gateway/governance/change.h"

#include "gateway/base/memory.h"

#include <stdlib.h>

static void compare(
	const struct difference_side *before, const struct difference_side *after, struct change *out)
{
	if (!ok(difference_compute(before, after, &out->difference)))
		abort(); /* out of memory, as in memory.c */
}

void change_of_agreement(const struct governance *g, size_t partner, const struct agreement *a,
	struct utc_ms at, struct change *out)
{
	const struct partner *p = &g->partners[partner];
	size_t current = partner_agreement(p, a->id, at);
	struct difference_agreement old = {0}, new = {.agreement = a};
	struct difference_side before = {&old, 0, partner_register(p)},
			       after = {&new, 1, partner_register(p)};
	*out = (struct change){0};
	if (!ok(schedule_resolve(a, partner_register(p), &out->schedule)))
		abort();
	new.schedule = out->schedule;
	if (current != NOWHERE) {
		old.agreement = p->agreements[current].agreement;
		old.schedule = p->agreements[current].schedule;
		before.n = 1;
	}
	compare(&before, &after, out);
}

void change_of_register(const struct governance *g, size_t partner, const struct camera_register *cameras,
	struct utc_ms at, struct change *out)
{
	const struct partner *p = &g->partners[partner];
	struct difference_agreement *alive = memory_new(p->n_agreements + 1, sizeof *alive);
	size_t n = 0;
	*out = (struct change){0};
	for (size_t i = 0; i < p->n_agreements; i++)
		if (version_alive(&p->agreements[i], at))
			alive[n++] = (struct difference_agreement){
				p->agreements[i].agreement, p->agreements[i].schedule};
	compare(&(struct difference_side){alive, n, partner_register(p)},
		&(struct difference_side){alive, n, cameras}, out);
	free(alive);
}

void change_of(const struct governance *g, const struct proposal *p, struct utc_ms at, struct change *out)
{
	if (p->agreement)
		change_of_agreement(g, p->partner, p->agreement, at, out);
	else
		change_of_register(g, p->partner, p->cameras, at, out);
}

void change_fini(struct change *c)
{
	difference_free(&c->difference);
	schedule_release(c->schedule);
	*c = (struct change){0};
}

void plan_tell(struct plan *p, const struct change *c)
{
	if (!ok(difference_words(&c->difference, &p->effect)))
		abort();
	free(p->change);
	p->change = governance_change_text(&c->difference);
}

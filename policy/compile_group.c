/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules grouped for one camera, so that deciding looks at groups and not at rules. Rules under no off of
 * their own that cover the camera in the same versions are one group, whose hours add up. Rules that cover it
 * in no version are one group, as they can only differ in why not. Any other rule is alone.
 */
#include "policy/compile.h"

#include <stdlib.h>

/* What one rule is to the subject. */
struct member {
	uint32_t rule;
	uint32_t covered;    /* versions, as bits */
	uint32_t own, n_own; /* places in `owns` */
	bool alone;
};

struct grouping {
	struct member *members;
	uint32_t *common; /* the feed's common offs and those that list the camera */
	size_t n_common;
	struct rule_off *owns;
	size_t n_owns;
};

/* The offs over this camera under this feed: over all rules, and over one each. */
static struct status offs_gather(
	struct compile *c, const struct feed_build *f, const struct subject *s, struct grouping *g)
{
	g->common = arena_alloc(c->passing, (f->n_common + s->n_listed + 1) * sizeof *g->common);
	g->owns = arena_alloc(c->passing, (f->n_own + s->n_listed + 1) * sizeof *g->owns);
	REQUIRE(g->common && g->owns, S_OVERLOAD);
	memcpy(g->common, f->common, f->n_common * sizeof *g->common);
	memcpy(g->owns, f->own, f->n_own * sizeof *g->owns);
	g->n_common = f->n_common;
	g->n_owns = f->n_own;
	for (size_t i = 0; i < s->n_listed; i++) {
		uint32_t rule = f->rule_of_off[s->listed[i]];

		if (rule == ALL_RULES)
			g->common[g->n_common++] = s->listed[i];
		else if (rule != NOWHERE)
			g->owns[g->n_owns++] = (struct rule_off){rule, s->listed[i]};
	}
	if (g->n_owns > f->n_own)
		qsort(g->owns, g->n_owns, sizeof *g->owns, rule_off_compare);
	return S_OK;
}

static struct status members_gather(
	struct compile *c, const struct feed_build *f, const struct subject *s, struct grouping *g)
{
	uint32_t n = (uint32_t)f->newest->n_rules, own = 0;

	g->members = arena_alloc(c->passing, (n + 1) * sizeof *g->members);
	REQUIRE(g->members, S_OVERLOAD);
	for (uint32_t v = 0; s->camera && v < f->n_versions; v++) {
		const uint32_t *rules;
		size_t covering = 0;

		if (s->places[v] != NOWHERE)
			covering = schedule_rules(f->versions[v]->schedule, s->places[v], &rules);
		for (size_t i = 0; i < covering; i++) {
			uint32_t rule = f->renumber[v][rules[i]];

			if (rule != NOWHERE)
				g->members[rule].covered |= UINT32_C(1) << v;
		}
	}
	for (uint32_t rule = 0; rule < n; rule++) {
		struct member *m = &g->members[rule];

		m->rule = rule;
		for (m->own = own; own < g->n_owns && g->owns[own].rule == rule; own++)
			m->n_own++;
		m->alone = m->covered && (m->n_own > 0 || f->hours_vary[rule]);
	}
	return S_OK;
}

/* Alike members next to each other; of those that cover nothing, such as are under no off of their own first.
 */
static int member_compare(const void *a, const void *b)
{
	const struct member *one = a, *two = b;

	if (one->covered != two->covered)
		return one->covered < two->covered ? -1 : 1;
	if (one->alone != two->alone)
		return one->alone ? 1 : -1;
	if (one->covered == 0 && (one->n_own == 0) != (two->n_own == 0))
		return one->n_own == 0 ? -1 : 1;
	return (one->rule > two->rule) - (one->rule < two->rule);
}

static size_t group_end(const struct member *members, size_t n, size_t i)
{
	size_t end = i + 1;

	while (end < n && !members[i].alone && !members[end].alone &&
		members[end].covered == members[i].covered)
		end++;
	return end;
}

/* One group into a track. Where any rule that covers nothing is under no off of its own, the others cannot
 * get further than it, so their offs do not matter. */
static struct status group_compile(struct compile *c, struct feed_build *f, const struct subject *s,
	const struct grouping *g, const struct member *members, size_t n, struct track *out)
{
	uint32_t *rules = arena_alloc(c->passing, (n + 1) * sizeof *rules);
	struct rule_off *own = arena_alloc(c->passing, (g->n_owns + 1) * sizeof *own);
	struct rule_group group = {
		.rules = rules,
		.n = n,
		.covered = members[0].covered,
		.own = own,
		.common = g->common,
		.n_common = g->n_common,
	};

	REQUIRE(rules && own, S_OVERLOAD);
	for (size_t i = 0; i < n; i++) {
		rules[i] = members[i].rule;
		for (uint32_t k = 0; members[0].n_own > 0 && k < members[i].n_own; k++)
			own[group.n_own++] = (struct rule_off){(uint32_t)i, g->owns[members[i].own + k].off};
	}
	return track_compile(c, f, s, &group, out);
}

struct status tracks_compile(
	struct compile *c, struct feed_build *f, const struct subject *s, struct tracks *out)
{
	struct grouping g = {0};
	size_t n = f->newest->n_rules, groups = 0;
	struct track *tracks;

	arena_reset(c->passing);
	TRY(offs_gather(c, f, s, &g));
	TRY(members_gather(c, f, s, &g));
	qsort(g.members, n, sizeof *g.members, member_compare);
	for (size_t i = 0; i < n; i = group_end(g.members, n, i))
		groups++;
	tracks = arena_alloc(c->keep, (groups + 1) * sizeof *tracks);
	REQUIRE(tracks, S_OVERLOAD);
	for (size_t i = 0, end; i < n; i = end) {
		end = group_end(g.members, n, i);
		TRY(group_compile(c, f, s, &g, g.members + i, end - i, &tracks[out->n++]));
	}
	out->tracks = tracks;
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * One track: a sweep through time over the moments at which anything changes for a group of rules and a
 * camera, counting what is off.
 */
#include "policy/compile.h"

#include <stdlib.h>

/* What an off is against, in the order of the reasons. */
enum grade {
	GRADE_PARTNER,
	GRADE_RULE,
	GRADE_CAMERA,
	GRADE_CLASS,
	GRADE_IMAGES,
	GRADE_NONE = GRADE_IMAGES,
	GRADES
};
static const enum reason reason_of[GRADES] = {
	[GRADE_PARTNER] = REASON_PARTNER_OFF,
	[GRADE_RULE] = REASON_RULE_OFF,
	[GRADE_CAMERA] = REASON_CAMERA_OFF,
	[GRADE_CLASS] = REASON_CLASS_OFF,
};
#define CLASSES     3
#define ALL_CLASSES (CLASS_READ | CLASS_PLATE_PATCH | CLASS_OVERVIEW)

/* From `at` on, one off more or fewer counts, at publication or at capture; without an off: look again. */
struct edge {
	int64_t at;
	uint32_t off;
	uint32_t tally; /* 0: all rules of the group; 1 + i: rule i */
	enum { LOOK = 0, BEGINS, ENDS } step;
	bool capture;
};

struct tally {
	uint32_t now[GRADES]; /* offs in force */
	uint32_t capture;     /* offs that cover the read itself, widened by the clock bound */
	uint32_t now_class[CLASSES], capture_class[CLASSES];
};

struct sweep {
	struct compile *c;
	struct feed_build *f;
	const struct subject *s;
	const struct rule_group *group;
	struct edge *edges;
	size_t n_edges;
	struct tally *tallies;     /* 1 + rules of the group that have offs of their own */
	uint32_t at_grade[GRADES]; /* how many of those rules have this as their first */
	struct cell *cells;
	uint32_t n_cells;
	const struct hours *hours[VERSIONS_MAX];
};

static unsigned classes_of(const struct switch_key *key)
{
	/* A class that this gateway does not know may be any of those it does. */
	return key->classes == 0 || (key->classes & ~(unsigned)ALL_CLASSES) ? ALL_CLASSES : key->classes;
}

static enum grade grade_of(const struct switch_key *key)
{
	if (!(classes_of(key) & CLASS_READ))
		return GRADE_IMAGES;
	if (key->classes)
		return GRADE_CLASS;
	if (key->cameras)
		return GRADE_CAMERA;
	return selector_covers(key->rule, "") ? GRADE_PARTNER : GRADE_RULE;
}

static int64_t shifted(int64_t at, int64_t by)
{
	int64_t v;

	if (__builtin_add_overflow(at, by, &v))
		return by < 0 ? INT64_MIN : INT64_MAX;
	return v;
}

static void edge_add(struct sweep *w, int64_t at, struct edge edge)
{
	edge.at = at;
	if (at != INT64_MAX)
		w->edges[w->n_edges++] = edge;
}

static void off_edges(struct sweep *w, uint32_t number, uint32_t tally)
{
	const struct off *off = &w->c->offs[number];
	int64_t end = off->until == OFF_FOR_EVER ? INT64_MAX : shifted(off->until, w->f->bound);

	edge_add(w, off->from, (struct edge){.off = number, .tally = tally, .step = BEGINS});
	edge_add(w, off->until, (struct edge){.off = number, .tally = tally, .step = ENDS});
	edge_add(w, shifted(off->from, -w->f->bound),
		(struct edge){.off = number, .tally = tally, .step = BEGINS, .capture = true});
	edge_add(w, end, (struct edge){.off = number, .tally = tally, .step = ENDS, .capture = true});
}

static int edge_compare(const void *a, const void *b)
{
	const struct edge *one = a, *two = b;

	return (one->at > two->at) - (one->at < two->at);
}

static struct status edges_gather(struct sweep *w)
{
	const struct rule_group *g = w->group;
	size_t n = 4 * (g->n_common + g->n_own) + 4 * (size_t)w->f->n_versions + w->c->n_registers + 1;

	w->edges = arena_alloc(w->c->passing, n * sizeof *w->edges);
	REQUIRE(w->edges, S_OVERLOAD);
	for (size_t i = 0; i < g->n_common; i++)
		off_edges(w, g->common[i], 0);
	for (size_t i = 0; i < g->n_own; i++)
		off_edges(w, g->own[i].off, 1 + g->own[i].rule);
	for (uint32_t v = 0; v < w->f->n_versions; v++) {
		const struct policy_agreement_version *version = w->f->versions[v];

		edge_add(w, version->agreed.v, (struct edge){0});
		edge_add(w, version->ended.v, (struct edge){0});
		edge_add(w, version->agreement->from.v, (struct edge){0});
		edge_add(w, version->agreement->until.v, (struct edge){0});
	}
	for (size_t i = 0; i < w->c->n_registers; i++)
		edge_add(w, w->c->registers[i].from.v, (struct edge){0});
	qsort(w->edges, w->n_edges, sizeof *w->edges, edge_compare);
	return S_OK;
}

static enum grade first_grade(const struct tally *t)
{
	int grade = 0;

	while (grade < GRADE_NONE && t->now[grade] == 0)
		grade++;
	return (enum grade)grade;
}

static void count(uint32_t *offs, const struct edge *edge)
{
	*offs = edge->step == BEGINS ? *offs + 1 : *offs - 1;
}

static void edge_apply(struct sweep *w, const struct edge *edge)
{
	const struct switch_key *key;
	struct tally *t = &w->tallies[edge->tally];
	enum grade grade;

	if (edge->step == LOOK)
		return;
	key = w->c->offs[edge->off].key;
	grade = grade_of(key);
	for (unsigned i = 0; i < CLASSES; i++) {
		if (classes_of(key) >> i & 1)
			count(edge->capture ? &t->capture_class[i] : &t->now_class[i], edge);
	}
	if (edge->capture && grade != GRADE_IMAGES)
		count(&t->capture, edge);
	if (edge->capture)
		return;
	if (edge->tally > 0)
		w->at_grade[first_grade(t)]--;
	count(&t->now[grade], edge);
	if (edge->tally > 0)
		w->at_grade[first_grade(t)]++;
}

/* The first thing that is off over all rules, or over the rule that gets furthest. */
static enum reason off_now(const struct sweep *w)
{
	int furthest = GRADE_NONE;

	while (furthest > 0 && w->at_grade[furthest] == 0)
		furthest--;
	return reason_first(reason_of[first_grade(&w->tallies[0])],
		w->group->n_own > 0 ? reason_of[furthest] : REASON_UNSPECIFIED);
}

static bool off_at_capture(const struct sweep *w)
{
	return w->tallies[0].capture > 0 || (w->group->n_own > 0 && w->tallies[1].capture > 0);
}

static uint8_t classes_on(const struct sweep *w, const struct agreement *a, bool capture)
{
	unsigned on = a->share & ALL_CLASSES;

	for (size_t t = 0; t < (w->group->n_own > 0 ? 2 : 1); t++) {
		const uint32_t *off = capture ? w->tallies[t].capture_class : w->tallies[t].now_class;

		for (unsigned i = 0; i < CLASSES; i++)
			on &= off[i] > 0 ? ~(1u << i) : ~0u;
	}
	return (uint8_t)on;
}

/* What the registers have against the camera at that moment. */
static enum reason register_at(const struct sweep *w, int64_t at)
{
	size_t i = w->c->n_registers;

	if (!w->s->camera)
		return REASON_UNKNOWN_CAMERA;
	while (i > 0 && w->c->registers[i - 1].from.v > at)
		i--;
	if (i == 0 || w->s->states[i - 1] == 0)
		return REASON_UNKNOWN_CAMERA;
	return w->s->states[i - 1] == CAMERA_LIVE + 1 ? REASON_UNSPECIFIED : REASON_CAMERA_NOT_LIVE;
}

static struct cell cell_at(const struct sweep *w, int64_t at)
{
	struct cell cell = {.from = at};
	enum reason why, both = register_at(w, at);
	uint32_t v = 0;
	const struct policy_agreement_version *version = feed_version_at(w->f, at, &v, &why);

	if (!version) {
		cell.now = cell.capture = (uint8_t)why;
		return cell;
	}
	/* Whether a rule covers a camera that no register has is not a question. */
	if (w->s->camera && !(w->group->covered >> v & 1))
		both = REASON_NOT_IN_SCHEDULE;
	if (!(version->agreement->share & CLASS_READ))
		both = REASON_CLASS_OFF;
	cell.version = (uint8_t)v;
	cell.hours = w->hours[v];
	cell.kinds = (uint8_t)version->agreement->kinds;
	cell.now = (uint8_t)reason_first(off_now(w), both);
	cell.capture = (uint8_t)reason_first(both, off_at_capture(w) ? REASON_CAPTURED_WHILE_OFF : 0);
	cell.now_classes = classes_on(w, version->agreement, false);
	cell.capture_classes = classes_on(w, version->agreement, true);
	return cell;
}

static bool cell_same(const struct cell *a, const struct cell *b)
{
	return a->hours == b->hours && a->now == b->now && a->capture == b->capture &&
	       a->now_classes == b->now_classes && a->capture_classes == b->capture_classes &&
	       a->kinds == b->kinds && a->version == b->version;
}

static void cell_add(struct sweep *w, int64_t at)
{
	struct cell cell = cell_at(w, at);

	if (w->n_cells < 2 || !cell_same(&cell, &w->cells[w->n_cells - 1]))
		w->cells[w->n_cells++] = cell;
}

/* Cells from the horizon on; before it, nothing is known. */
static struct status cells_make(struct sweep *w)
{
	size_t i = 0;

	w->cells = arena_alloc(w->c->passing, (w->n_edges + 2) * sizeof *w->cells);
	w->tallies = arena_alloc(w->c->passing, (w->group->n + 1) * sizeof *w->tallies);
	REQUIRE(w->cells && w->tallies, S_OVERLOAD);
	w->at_grade[GRADE_NONE] = (uint32_t)w->group->n;
	for (uint32_t v = 0; v < w->f->n_versions; v++)
		TRY(feed_hours(w->c, w->f, v, w->group->rules, w->group->n, &w->hours[v]));
	w->cells[w->n_cells++] =
		(struct cell){.from = INT64_MIN, .now = REASON_NOT_STARTED, .capture = REASON_TOO_OLD};
	for (; i < w->n_edges && w->edges[i].at <= w->c->horizon; i++)
		edge_apply(w, &w->edges[i]);
	cell_add(w, w->c->horizon);
	while (i < w->n_edges) {
		int64_t at = w->edges[i].at;

		for (; i < w->n_edges && w->edges[i].at == at; i++)
			edge_apply(w, &w->edges[i]);
		cell_add(w, at);
	}
	return S_OK;
}

struct status track_compile(struct compile *c, struct feed_build *f, const struct subject *s,
	const struct rule_group *group, struct track *out)
{
	struct sweep w = {.c = c, .f = f, .s = s, .group = group};
	const uint32_t *rules;
	struct cell *cells;

	TRY(edges_gather(&w));
	TRY(cells_make(&w));
	cells = arena_alloc(c->keep, w.n_cells * sizeof *cells);
	rules = words_copy(&f->rules_table, group->rules, (uint32_t)group->n);
	REQUIRE(cells && rules, S_OVERLOAD);
	memcpy(cells, w.cells, w.n_cells * sizeof *cells);
	*out = (struct track){.cells = cells,
		.n = w.n_cells,
		.rules = rules,
		.n_rules = (uint32_t)group->n,
		.covers = group->covered != 0};
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rules cover which cameras, resolved once. Cameras under the same rules share one set of them.
 */
#include "gateway/base/arena.h"
#include "policy/agreement.h"
#include "policy/area.h"

#include <stdlib.h>

struct schedule {
	int references; /* atomic */
	struct camera_register *cameras;
	size_t n_covered;
	uint32_t *set_of;    /* per camera; set 0 = no rule */
	uint32_t *set_start; /* n_sets + 1 places in `rules` */
	uint32_t n_sets;
	uint32_t *rules;
};

/* While resolving: sets as nodes of a tree, each a rule added to another set. Rules come in ascending order,
 * so a set is one path from the root whichever camera got there first. */
struct node {
	uint32_t parent, rule, depth;
};
struct sets {
	struct node *nodes;
	size_t n, cap;
	uint32_t *moved; /* per node: the node that the rule at hand leads to, valid while stamp matches */
	uint32_t *stamp;
};

static struct status sets_grow(struct sets *sets)
{
	size_t cap = sets->cap ? 2 * sets->cap : 64;
	struct node *nodes = reallocarray(sets->nodes, cap, sizeof *nodes);
	uint32_t *moved, *stamp;

	REQUIRE(nodes, S_OVERLOAD);
	sets->nodes = nodes;
	moved = reallocarray(sets->moved, cap, sizeof *moved);
	REQUIRE(moved, S_OVERLOAD);
	sets->moved = moved;
	stamp = reallocarray(sets->stamp, cap, sizeof *stamp);
	REQUIRE(stamp, S_OVERLOAD);
	memset(stamp + sets->cap, 0, (cap - sets->cap) * sizeof *stamp);
	sets->stamp = stamp;
	sets->cap = cap;
	return S_OK;
}

static void sets_free(struct sets *sets)
{
	free(sets->nodes);
	free(sets->moved);
	free(sets->stamp);
}

/* Add rule number `rule` to the set that the camera has so far. */
static struct status sets_add(struct sets *sets, uint32_t *set, uint32_t rule)
{
	uint32_t from = *set;

	if (sets->stamp[from] != rule + 1) {
		if (sets->n == sets->cap)
			TRY(sets_grow(sets));
		sets->nodes[sets->n] = (struct node){from, rule, sets->nodes[from].depth + 1};
		sets->moved[from] = (uint32_t)sets->n++;
		sets->stamp[from] = rule + 1;
	}
	*set = sets->moved[from];
	return S_OK;
}

/* The first camera whose id is not before (beyond = 0) or is after (1) all that begin with n bytes of the
 * prefix. */
static size_t bound(const struct camera_register *r, const char *prefix, size_t n, int beyond)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(r->cameras[middle].id, prefix, n) < beyond)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct resolving {
	struct schedule *schedule;
	struct sets sets;
	uint32_t *seen; /* per camera: the last rule, plus 1, that was found to cover it */
};

/* The cameras of one glob (NULL: all), narrowed by the rule's area. As the register is sorted by id, only
 * those that begin like the glob are looked at. */
static struct status rule_resolve(
	struct resolving *to, const struct rule *rule, uint32_t number, const char *glob)
{
	const struct camera_register *r = to->schedule->cameras;
	size_t n = glob ? strcspn(glob, "*?") : 0;
	size_t last = glob ? bound(r, glob, n, 1) : r->n;

	for (size_t i = glob ? bound(r, glob, n, 0) : 0; i < last; i++) {
		const struct camera *camera = &r->cameras[i];

		if (to->seen[i] == number + 1 || (glob && !glob_match(glob, span_text(camera->id))))
			continue;
		if (rule->n_area > 0 &&
			!area_contains(rule->area, rule->n_area, (struct point){camera->lat, camera->lon}))
			continue;
		to->seen[i] = number + 1;
		TRY(sets_add(&to->sets, &to->schedule->set_of[i], number));
	}
	return S_OK;
}

static struct status rules_resolve(struct resolving *to, const struct agreement *a)
{
	TRY(sets_grow(&to->sets));
	to->sets.nodes[0] = (struct node){0};
	to->sets.n = 1;
	for (uint32_t number = 0; number < a->n_rules; number++) {
		const struct rule *rule = &a->rules[number];

		for (size_t i = 0; i < rule->n_cameras; i++)
			TRY(rule_resolve(to, rule, number, rule->cameras[i]));
		if (rule->n_cameras == 0 && rule->n_area > 0)
			TRY(rule_resolve(to, rule, number, NULL));
	}
	return S_OK;
}

/* From nodes to lists, keeping only the sets that cameras ended up with. */
static struct status schedule_pack(struct schedule *s, const struct sets *sets, struct arena *scratch)
{
	uint32_t *packed = arena_alloc(scratch, sets->n * sizeof *packed);
	size_t total = 0;

	REQUIRE(packed, S_OVERLOAD);
	s->n_sets = 1;
	for (size_t i = 0; i < s->cameras->n; i++) {
		uint32_t node = s->set_of[i];

		s->n_covered += node != 0;
		if (node != 0 && packed[node] == 0) {
			packed[node] = s->n_sets++;
			total += sets->nodes[node].depth;
		}
		s->set_of[i] = packed[node];
	}
	s->set_start = calloc(s->n_sets + 2u, sizeof *s->set_start);
	s->rules = calloc(total + 1, sizeof *s->rules);
	REQUIRE(s->set_start && s->rules, S_OVERLOAD);
	for (size_t node = 1; node < sets->n; node++) {
		if (packed[node])
			s->set_start[packed[node] + 1] = sets->nodes[node].depth;
	}
	for (uint32_t set = 1; set <= s->n_sets; set++)
		s->set_start[set] += s->set_start[set - 1];
	for (uint32_t node = 1; node < sets->n; node++) {
		uint32_t end = packed[node] ? s->set_start[packed[node] + 1] : 0;

		for (uint32_t at = node; packed[node] && at; at = sets->nodes[at].parent)
			s->rules[--end] = sets->nodes[at].rule;
	}
	return S_OK;
}

struct status schedule_resolve(
	const struct agreement *a, const struct camera_register *r, struct schedule **out)
{
	struct schedule *s = calloc(1, sizeof *s);
	struct arena scratch CLEANUP(arena_free) = {.max = SIZE_MAX};
	struct resolving to = {.schedule = s, .seen = arena_alloc(&scratch, (r->n + 1) * sizeof *to.seen)};
	struct status result = S_OVERLOAD;

	if (s) {
		s->references = 1;
		s->cameras = register_hold(r);
		s->set_of = calloc(r->n + 1, sizeof *s->set_of);
		if (to.seen && s->set_of)
			result = rules_resolve(&to, a);
		if (ok(result))
			result = schedule_pack(s, &to.sets, &scratch);
	}
	sets_free(&to.sets);
	if (ok(result))
		*out = s;
	else
		schedule_release(s);
	return result;
}

size_t schedule_cameras(const struct schedule *s)
{
	return s->n_covered;
}

size_t schedule_rules(const struct schedule *s, uint32_t index, const uint32_t **rules)
{
	uint32_t set = s->set_of[index];

	*rules = s->rules + s->set_start[set];
	return s->set_start[set + 1] - s->set_start[set];
}

uint32_t schedule_set(const struct schedule *s, uint32_t index)
{
	return s->set_of[index];
}

bool schedule_covers(const struct schedule *s, size_t rule, struct span camera_id)
{
	const struct camera *camera = register_find(s->cameras, camera_id);
	const uint32_t *rules;
	size_t n;

	/* An external id may be another camera's tomorrow: schedules are about ids. */
	if (!camera || !span_is(camera_id, camera->id))
		return false;
	n = schedule_rules(s, camera->index, &rules);
	for (size_t i = 0; i < n; i++) {
		if (rules[i] == rule)
			return true;
	}
	return false;
}

const struct camera_register *schedule_register(const struct schedule *s)
{
	return s->cameras;
}

struct schedule *schedule_hold(const struct schedule *s)
{
	struct schedule *held = (struct schedule *)s;

	__atomic_add_fetch(&held->references, 1, __ATOMIC_RELAXED);
	return held;
}

void schedule_release(struct schedule *s)
{
	if (!s || __atomic_sub_fetch(&s->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	register_release(s->cameras);
	free(s->set_of);
	free(s->set_start);
	free(s->rules);
	free(s);
}

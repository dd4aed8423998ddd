/* SPDX-License-Identifier: Apache-2.0
 *
 * One agreement: its versions in time, its rules by name through them, the offs that touch it.
 */
#include "policy/compile.h"

#include <stdlib.h>

static int name_compare(const void *a, const void *b, void *rules)
{
	const struct rule *r = rules;

	return strcmp(r[*(const uint32_t *)a].name, r[*(const uint32_t *)b].name);
}

/* The numbers of an agreement's rules in order of their names. */
static uint32_t *rules_by_name(struct arena *scratch, const struct agreement *a)
{
	uint32_t *order = arena_alloc(scratch, (a->n_rules + 1) * sizeof *order);

	for (uint32_t r = 0; order && r < a->n_rules; r++)
		order[r] = r;
	if (order)
		qsort_r(order, a->n_rules, sizeof *order, name_compare, a->rules);
	return order;
}

/* Walk two versions' rules side by side, by name, and note which are the same rule. */
static void rules_match(const struct agreement *newest, const uint32_t *by_name,
	const struct agreement *version, const uint32_t *version_by_name, uint32_t *renumber, uint32_t *place)
{
	for (size_t i = 0, j = 0; i < newest->n_rules && j < version->n_rules;) {
		int order = strcmp(newest->rules[by_name[i]].name, version->rules[version_by_name[j]].name);

		if (order == 0) {
			renumber[version_by_name[j]] = by_name[i];
			place[by_name[i]] = version_by_name[j];
		}
		i += order <= 0;
		j += order >= 0;
	}
}

static struct status version_number(struct compile *c, struct feed_build *f, uint32_t v)
{
	const struct agreement *version = f->versions[v]->agreement;
	uint32_t *version_by_name = rules_by_name(c->scratch, version);

	f->renumber[v] = arena_alloc(c->scratch, (version->n_rules + 1) * sizeof **f->renumber);
	f->place[v] = arena_alloc(c->scratch, (f->newest->n_rules + 1) * sizeof **f->place);
	REQUIRE(version_by_name && f->renumber[v] && f->place[v], S_OVERLOAD);
	memset(f->renumber[v], 0xFF, version->n_rules * sizeof **f->renumber);
	memset(f->place[v], 0xFF, f->newest->n_rules * sizeof **f->place);
	rules_match(f->newest, f->by_name, version, version_by_name, f->renumber[v], f->place[v]);
	for (uint32_t r = 0; r < f->newest->n_rules; r++) {
		uint32_t place = f->place[v][r];

		if (place != NOWHERE && !hours_same(&f->newest->rules[r], &version->rules[place]))
			f->hours_vary[r] = true;
	}
	return S_OK;
}

int rule_off_compare(const void *a, const void *b)
{
	const struct rule_off *one = a, *two = b;

	if (one->rule != two->rule)
		return one->rule < two->rule ? -1 : 1;
	return (one->off > two->off) - (one->off < two->off);
}

/* The newest version's rule of that name, or NOWHERE. */
static uint32_t rule_named(const struct feed_build *f, const char *name)
{
	size_t low = 0, high = f->newest->n_rules;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(f->newest->rules[f->by_name[middle]].name, name);

		if (order == 0)
			return f->by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NOWHERE;
}

/* Whether the switch is on one of the agreement's two sides: what another recipient of the same partner turns
 * off is its own reads. A switch without a side is on all of them. */
static bool side_covers(const struct compile *c, const struct feed_build *f, const char *side)
{
	if (selector_covers(side, c->in->organisation))
		return true;
	for (uint32_t v = 0; v < f->n_versions; v++) {
		const char *recipient = f->versions[v]->agreement->recipient;

		if (!recipient || strcmp(recipient, side) == 0)
			return true;
	}
	return false;
}

static uint32_t rule_of_off(const struct compile *c, const struct feed_build *f, const struct switch_key *key)
{
	if (!selector_covers(key->agreement, f->newest->id) || !side_covers(c, f, key->side))
		return NOWHERE;
	return selector_covers(key->rule, "") ? ALL_RULES : rule_named(f, key->rule);
}

/* Offs that list cameras are left to each camera. */
static struct status offs_sort(struct compile *c, struct feed_build *f)
{
	f->rule_of_off = arena_alloc(c->scratch, (c->n_offs + 1) * sizeof *f->rule_of_off);
	f->common = arena_alloc(c->scratch, (c->n_offs + 1) * sizeof *f->common);
	f->own = arena_alloc(c->scratch, (c->n_offs + 1) * sizeof *f->own);
	REQUIRE(f->rule_of_off && f->common && f->own, S_OVERLOAD);
	for (uint32_t i = 0; i < c->n_offs; i++) {
		uint32_t rule = f->rule_of_off[i] = rule_of_off(c, f, c->offs[i].key);

		if (c->offs[i].key->cameras || rule == NOWHERE)
			continue;
		if (rule == ALL_RULES)
			f->common[f->n_common++] = i;
		else
			f->own[f->n_own++] = (struct rule_off){rule, i};
	}
	qsort(f->own, f->n_own, sizeof *f->own, rule_off_compare);
	return S_OK;
}

struct status feed_prepare(struct compile *c, struct feed_build *f)
{
	f->by_name = rules_by_name(c->scratch, f->newest);
	f->hours_table.arena = c->scratch;
	f->rules_table.arena = c->keep;
	f->hours_key = arena_alloc(c->scratch, (f->newest->n_rules + 1) * sizeof *f->hours_key);
	f->hours_vary = arena_alloc(c->scratch, f->newest->n_rules + 1);
	REQUIRE(f->by_name && f->hours_key && f->hours_vary, S_OVERLOAD);
	for (uint32_t v = 0; v < f->n_versions; v++)
		TRY(version_number(c, f, v));
	return offs_sort(c, f);
}

static struct status hours_keep(struct compile *c, struct feed_build *f, const struct hours *hours)
{
	struct hours *kept = arena_alloc(c->keep, sizeof *kept);

	REQUIRE(kept, S_OVERLOAD);
	*kept = *hours;
	if (f->n_hours == f->cap_hours) {
		size_t cap = f->cap_hours ? 2 * f->cap_hours : 16;
		const struct hours **list = arena_alloc(c->scratch, cap * sizeof(struct hours *));

		REQUIRE(list, S_OVERLOAD);
		if (f->n_hours > 0)
			memcpy(list, f->hours, f->n_hours * sizeof(struct hours *));
		f->hours = list;
		f->cap_hours = cap;
	}
	f->hours[f->n_hours++] = kept;
	return S_OK;
}

/* The version's rules that have hours, into `key`; 0 where one of them has none, so that any hour will do. */
static uint32_t hours_key(struct feed_build *f, uint32_t version, const uint32_t *rules, size_t n)
{
	uint32_t words = 0, *key = f->hours_key;

	key[words++] = version;
	for (size_t i = 0; i < n; i++) {
		uint32_t place = f->place[version][rules[i]];

		if (place == NOWHERE)
			continue;
		if (!f->versions[version]->agreement->rules[place].has_hours)
			return 0;
		key[words++] = place;
	}
	return words;
}

struct status feed_hours(struct compile *c, struct feed_build *f, uint32_t version, const uint32_t *rules,
	size_t n, const struct hours **out)
{
	uint32_t words = hours_key(f, version, rules, n), *value;
	struct hours hours = {0};

	*out = NULL;
	if (words <= 1)
		return S_OK;
	value = words_value(&f->hours_table, f->hours_key, words);
	REQUIRE(value, S_OVERLOAD);
	if (*value == WORDS_NEW) {
		for (uint32_t i = 1; i < words; i++)
			hours_add(&hours, &f->versions[version]->agreement->rules[f->hours_key[i]]);
		*value = (uint32_t)f->n_hours;
		TRY(hours_keep(c, f, &hours));
	}
	*out = f->hours[*value];
	return S_OK;
}

const struct policy_agreement_version *feed_version_at(
	const struct feed_build *f, int64_t at, uint32_t *index, enum reason *why)
{
	*why = f->had_earlier ? REASON_EXPIRED : REASON_NOT_STARTED;
	for (uint32_t v = f->n_versions; v-- > 0;) {
		const struct policy_agreement_version *version = f->versions[v];

		if (version->agreed.v > at)
			continue;
		if (version->ended.v && version->ended.v <= at) {
			*why = REASON_EXPIRED;
			continue;
		}
		*index = v;
		*why = at < version->agreement->from.v ? REASON_NOT_STARTED : REASON_EXPIRED;
		return at >= version->agreement->from.v && at < version->agreement->until.v ? version : NULL;
	}
	return NULL;
}

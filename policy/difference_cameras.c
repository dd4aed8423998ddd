/* SPDX-License-Identifier: Apache-2.0
 *
 * Which cameras an agreement shares, and when. Cameras under the same rules on both sides are compared once.
 * Parts: "cameras", "cameras_not_live", "hours", "rules".
 */
#include "policy/difference_when.h"
#include "policy/words.h"

#include <stdlib.h>

#define NONE UINT32_MAX
/* Changes of hours that are told one by one. */
#define HOURS_TOLD 20

/* What stands between a camera and being shared. */
enum level { LEVEL_NONE = 0, LEVEL_SCHEDULED, LEVEL_LIVE };

/* A register walked in the order of its ids. */
struct walk {
	const struct camera_register *cameras;
	size_t at;
};

struct version {
	const struct agreement *agreement; /* NULL = none */
	const struct schedule *schedule;
	struct when *rules; /* per rule */
	struct walk scheduled, registered;
};

/* Cameras under the same rules before, and under the same rules after. */
struct alike {
	uint32_t before, after; /* one of them, by its number in that side's schedule; NONE = under no rule */
	size_t cameras;
};

struct hours_change {
	struct when before, after;
	size_t cameras;
};

struct comparison {
	struct difference_make *m;
	struct version before, after;
	struct words table; /* sets of rules -> `alike` */
	struct alike *alike;
	size_t n_alike;
	struct text_list live_more, live_fewer, others_more, others_fewer;
	size_t live_before, live_after, in_both;
	uint32_t *rule_before; /* per rule after: the rule of that name before, or NONE */
	struct hours_change *changes;
	size_t n_changes;
	struct hours_change rest; /* what is not told one by one */
	bool rest_widens, rest_narrows;
	size_t regrouped; /* cameras under a rule, or in hours of a rule, that they were not under */
};

static void *scratch(struct comparison *c, size_t size)
{
	void *p = arena_alloc(c->m->scratch, size);

	c->m->failed |= !p;
	return p;
}

/* --- walking --- */

static const char *head_of(const struct walk *w)
{
	return w->cameras && w->at < w->cameras->n ? w->cameras->cameras[w->at].id : NULL;
}

static const char *least(const char *id, const struct walk *w)
{
	const char *head = head_of(w);

	return head && (!id || strcmp(head, id) < 0) ? head : id;
}

/* The camera of that id, which is then behind; NULL = not in it. */
static const struct camera *walk_take(struct walk *w, const char *id)
{
	const char *head = head_of(w);

	if (!head || (head != id && strcmp(head, id) != 0))
		return NULL;
	return &w->cameras->cameras[w->at++];
}

/* The camera's place in the schedule at *place, or NONE. */
static enum level version_take(struct version *v, const char *id, uint32_t *place)
{
	const struct camera *scheduled = walk_take(&v->scheduled, id);
	const struct camera *registered = walk_take(&v->registered, id);
	const uint32_t *rules;

	*place = NONE;
	if (!scheduled || schedule_rules(v->schedule, scheduled->index, &rules) == 0)
		return LEVEL_NONE;
	*place = scheduled->index;
	return registered && registered->state == CAMERA_LIVE ? LEVEL_LIVE : LEVEL_SCHEDULED;
}

static uint32_t set_of(const struct version *v, uint32_t place)
{
	return place == NONE ? NONE : schedule_set(v->schedule, place);
}

static void alike_count(struct comparison *c, uint32_t before, uint32_t after)
{
	const uint32_t key[] = {set_of(&c->before, before), set_of(&c->after, after)};
	uint32_t *place = words_value(&c->table, key, 2);

	c->m->failed |= !place;
	if (!place)
		return;
	if (*place == WORDS_NEW) {
		*place = (uint32_t)c->n_alike;
		c->alike[c->n_alike++] = (struct alike){before, after, 0};
	}
	c->alike[*place].cameras++;
}

static void levels_note(struct comparison *c, const char *id, enum level was, enum level is)
{
	c->live_before += was == LEVEL_LIVE;
	c->live_after += is == LEVEL_LIVE;
	c->in_both += was && is;
	if (was != LEVEL_LIVE && is == LEVEL_LIVE)
		text_list_add(c->m, &c->live_more, id);
	else if (was == LEVEL_LIVE && is != LEVEL_LIVE)
		text_list_add(c->m, &c->live_fewer, id);
	else if (was < is)
		text_list_add(c->m, &c->others_more, id);
	else if (was > is)
		text_list_add(c->m, &c->others_fewer, id);
}

static void cameras_walk(struct comparison *c)
{
	for (;;) {
		const char *id = least(least(NULL, &c->before.scheduled), &c->after.scheduled);
		uint32_t before, after;
		enum level was, is;

		id = least(least(id, &c->before.registered), &c->after.registered);
		if (!id)
			return;
		was = version_take(&c->before, id, &before);
		is = version_take(&c->after, id, &after);
		levels_note(c, id, was, is);
		if (is && (was || !c->before.agreement))
			alike_count(c, before, after);
	}
}

/* --- hours and rules --- */

static void when_of(const struct version *v, uint32_t place, struct when *out)
{
	const uint32_t *rules;
	size_t n = place == NONE ? 0 : schedule_rules(v->schedule, place, &rules);

	*out = (struct when){.kind = WHEN_NEVER};
	for (size_t i = 0; i < n && out->kind != WHEN_ALWAYS; i++)
		when_join(out, &v->rules[rules[i]]);
}

static bool when_same(const struct when *a, const struct when *b)
{
	return when_within(a, b) && when_within(b, a);
}

static void change_note(
	struct comparison *c, const struct when *before, const struct when *after, size_t cameras)
{
	for (size_t i = 0; i < c->n_changes; i++) {
		struct hours_change *change = &c->changes[i];

		if (when_same(&change->before, before) && when_same(&change->after, after)) {
			change->cameras += cameras;
			return;
		}
	}
	if (c->n_changes < HOURS_TOLD) {
		c->changes[c->n_changes++] = (struct hours_change){*before, *after, cameras};
		return;
	}
	c->rest.cameras += cameras;
	c->rest_widens |= !when_within(after, before);
	c->rest_narrows |= !when_within(before, after);
}

static bool under(const struct version *v, uint32_t place, uint32_t rule)
{
	const uint32_t *rules;
	size_t low = 0, high = schedule_rules(v->schedule, place, &rules);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rules[middle] == rule)
			return true;
		if (rules[middle] < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Whether each rule shares these cameras only when the rule of its name did: then no switch can make a
 * difference. */
static bool rules_within(const struct comparison *c, const struct alike *of)
{
	const uint32_t *rules;
	size_t n = schedule_rules(c->after.schedule, of->after, &rules);

	for (size_t i = 0; i < n; i++) {
		uint32_t before = c->rule_before[rules[i]];

		if (before == NONE || !under(&c->before, of->before, before) ||
			!when_within(&c->after.rules[rules[i]], &c->before.rules[before]))
			return false;
	}
	return true;
}

static void alike_compare(struct comparison *c, const struct alike *of)
{
	struct when before, after;

	when_of(&c->before, of->before, &before);
	when_of(&c->after, of->after, &after);
	if (!when_same(&before, &after))
		change_note(c, &before, &after, of->cameras);
	if (c->before.agreement && when_within(&after, &before) && !rules_within(c, of))
		c->regrouped += of->cameras;
}

static int name_compare(const void *a, const void *b, void *rules)
{
	const struct rule *r = rules;

	return strcmp(r[*(const uint32_t *)a].name, r[*(const uint32_t *)b].name);
}

static uint32_t *rules_by_name(struct comparison *c, const struct agreement *a)
{
	uint32_t *order = scratch(c, (a->n_rules + 1) * sizeof *order);

	for (uint32_t i = 0; order && i < a->n_rules; i++)
		order[i] = i;
	if (order)
		qsort_r(order, a->n_rules, sizeof *order, name_compare, a->rules);
	return order;
}

static void rules_match(struct comparison *c)
{
	const struct agreement *before = c->before.agreement, *after = c->after.agreement;
	uint32_t *before_order, *after_order;

	if (!before || !after)
		return;
	before_order = rules_by_name(c, before);
	after_order = rules_by_name(c, after);
	c->rule_before = scratch(c, (after->n_rules + 1) * sizeof *c->rule_before);
	if (c->m->failed)
		return;
	memset(c->rule_before, 0xFF, after->n_rules * sizeof *c->rule_before);
	for (size_t i = 0, k = 0; i < before->n_rules && k < after->n_rules;) {
		int order = strcmp(before->rules[before_order[i]].name, after->rules[after_order[k]].name);

		if (order == 0)
			c->rule_before[after_order[k]] = before_order[i];
		i += order <= 0;
		k += order >= 0;
	}
}

/* --- items --- */

static const char *more_and_fewer(
	struct difference_make *m, const struct text_list *more, const struct text_list *fewer)
{
	if (more->n > 0 && fewer->n > 0)
		return difference_text(m, "%s more and %zu fewer", cameras_words(m, more->n), fewer->n);
	return difference_text(m, "%s %s", cameras_words(m, more->n > 0 ? more->n : fewer->n),
		more->n > 0 ? "more" : "fewer");
}

static void cameras_item(struct comparison *c)
{
	struct difference_make *m = c->m;
	const struct camera_register *registered = c->after.registered.cameras;
	struct difference_item item = {
		.part = "cameras",
		.widens = c->live_more.n > 0,
		.narrows = c->live_fewer.n > 0,
		.cameras = c->live_more.n + c->live_fewer.n,
		.added = text_list_done(&c->live_more),
		.removed = text_list_done(&c->live_fewer),
		.before = difference_text(m, "%zu", c->live_before),
		.after = difference_text(m, "%zu", c->live_after),
	};

	if (item.cameras == 0 && c->before.agreement)
		return;
	item.words = c->before.agreement ? more_and_fewer(m, &c->live_more, &c->live_fewer)
					 : difference_text(m, "%zu of %s", c->live_after,
						   cameras_words(m, registered ? registered->n : 0));
	difference_add(m, &item);
}

/* Agreed, so that they would be shared were they live. */
static void others_item(struct comparison *c)
{
	struct difference_item item = {
		.part = "cameras_not_live",
		.widens = c->others_more.n > 0,
		.narrows = c->others_fewer.n > 0,
		.cameras = c->others_more.n + c->others_fewer.n,
		.added = text_list_done(&c->others_more),
		.removed = text_list_done(&c->others_fewer),
	};

	if (item.cameras == 0)
		return;
	item.words = difference_text(c->m, "%s not live yet",
		c->before.agreement ? more_and_fewer(c->m, &c->others_more, &c->others_fewer)
				    : cameras_words(c->m, c->others_more.n));
	difference_add(c->m, &item);
}

static void hours_item(struct comparison *c, const struct hours_change *change)
{
	struct difference_item item = {.part = "hours", .cameras = change->cameras};

	if (!c->before.agreement && change->after.kind == WHEN_ALWAYS)
		return;
	when_item(c->m, &change->before, &change->after, &item);
	if (!c->before.agreement)
		item.words = difference_text(c->m, "in %s", item.after);
	if (change->cameras != (c->before.agreement ? c->in_both : c->live_after + c->others_more.n))
		item.words =
			difference_text(c->m, "%s for %s", item.words, cameras_words(c->m, change->cameras));
	difference_add(c->m, &item);
}

static void items_add(struct comparison *c)
{
	cameras_item(c);
	others_item(c);
	for (size_t i = 0; i < c->n_changes; i++)
		hours_item(c, &c->changes[i]);
	if (c->rest.cameras > 0)
		difference_add(c->m, &(struct difference_item){.part = "hours",
					     .widens = c->rest_widens,
					     .narrows = c->rest_narrows,
					     .cameras = c->rest.cameras,
					     .words = difference_text(c->m, "other hours for %s more",
						     cameras_words(c->m, c->rest.cameras))});
	if (c->regrouped > 0)
		difference_add(
			c->m, &(struct difference_item){.part = "rules",
				      .widens = true,
				      .cameras = c->regrouped,
				      .words = difference_text(c->m,
					      "%s under other rules, whose switches may stand otherwise",
					      cameras_words(c->m, c->regrouped))});
}

static void version_begin(struct comparison *c, struct version *v, const struct difference_agreement *of,
	const struct camera_register *registered)
{
	*v = (struct version){.registered.cameras = registered};
	if (!of)
		return;
	v->agreement = of->agreement;
	v->schedule = of->schedule;
	v->scheduled.cameras = schedule_register(of->schedule);
	v->rules = scratch(c, (of->agreement->n_rules + 1) * sizeof *v->rules);
	for (size_t i = 0; v->rules && i < of->agreement->n_rules; i++)
		when_of_rule(&of->agreement->rules[i], &v->rules[i]);
}

void difference_cameras(struct difference_make *m, const struct difference_pair *pair)
{
	struct comparison c = {.m = m, .table.arena = m->scratch};

	version_begin(&c, &c.before, pair->before, pair->cameras_before);
	version_begin(&c, &c.after, pair->after, pair->cameras_after);
	rules_match(&c);
	c.changes = scratch(&c, HOURS_TOLD * sizeof *c.changes);
	c.alike = scratch(
		&c, ((c.after.scheduled.cameras ? c.after.scheduled.cameras->n : 0) + 1) * sizeof *c.alike);
	if (m->failed)
		return;
	cameras_walk(&c);
	for (size_t i = 0; i < c.n_alike && !m->failed; i++)
		alike_compare(&c, &c.alike[i]);
	items_add(&c);
}

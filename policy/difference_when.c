/* SPDX-License-Identifier: Apache-2.0
 *
 * When rules share, compared by local minutes of the week: as these are what an agreement's hours are, both
 * changes of the clock are compared with them. Hours by two clocks are never within each other.
 */
#include "policy/difference_when.h"

#include <stdlib.h>

#define WORDS (sizeof(struct week) / sizeof(uint64_t))

static bool week_empty(const uint64_t *minutes)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (minutes[i])
			return false;
	}
	return true;
}

static bool week_full(const uint64_t *minutes)
{
	for (size_t i = 0; i + 1 < WORDS; i++) {
		if (minutes[i] != UINT64_MAX)
			return false;
	}
	return minutes[WORDS - 1] == (UINT64_C(1) << WEEK_MINUTES % 64) - 1;
}

/* A zone without a minute is none, and one with all of them is all there is. */
static void when_settle(struct when *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->hours.n; i++) {
		if (week_full(w->hours.zones[i].minutes))
			w->kind = WHEN_ALWAYS;
		if (!week_empty(w->hours.zones[i].minutes))
			w->hours.zones[n++] = w->hours.zones[i];
	}
	w->hours.n = w->kind == WHEN_ALWAYS ? 0 : n;
	if (w->kind != WHEN_ALWAYS)
		w->kind = w->hours.n > 0 ? WHEN_HOURS : WHEN_NEVER;
}

void when_of_rule(const struct rule *rule, struct when *out)
{
	*out = (struct when){.kind = rule->has_hours ? WHEN_NEVER : WHEN_ALWAYS};
	if (rule->has_hours)
		hours_add(&out->hours, rule);
	when_settle(out);
}

void when_join(struct when *to, const struct when *other)
{
	if (other->kind == WHEN_ALWAYS)
		to->kind = WHEN_ALWAYS;
	else
		hours_join(&to->hours, &other->hours);
	when_settle(to);
}

const struct hours_zone *when_zone(const struct when *w, const char *name)
{
	for (size_t i = 0; i < w->hours.n; i++) {
		if (strcmp(zone_name(w->hours.zones[i].zone), name) == 0)
			return &w->hours.zones[i];
	}
	return NULL;
}

bool when_within(const struct when *a, const struct when *b)
{
	if (a->kind == WHEN_NEVER || b->kind == WHEN_ALWAYS)
		return true;
	if (a->kind == WHEN_ALWAYS || b->kind == WHEN_NEVER)
		return false;
	for (size_t i = 0; i < a->hours.n; i++) {
		const struct hours_zone *zone = when_zone(b, zone_name(a->hours.zones[i].zone));

		if (!zone)
			return false;
		for (size_t k = 0; k < WORDS; k++) {
			if (a->hours.zones[i].minutes[k] & ~zone->minutes[k])
				return false;
		}
	}
	return true;
}

static void week_less(const struct when *from, const struct when *less, const char *zone, struct week *out)
{
	const struct hours_zone *a = when_zone(from, zone), *b = when_zone(less, zone);

	for (size_t i = 0; i < WORDS; i++) {
		uint64_t all = i + 1 < WORDS ? UINT64_MAX : (UINT64_C(1) << WEEK_MINUTES % 64) - 1;
		uint64_t is = from->kind == WHEN_ALWAYS ? all : a ? a->minutes[i] : 0;

		out->minutes[i] = less->kind == WHEN_ALWAYS ? 0 : is & ~(b ? b->minutes[i] : 0);
	}
}

static const char *zone_only(const struct when *a, const struct when *b)
{
	const char *name = NULL;

	if (a->hours.n > 1 || b->hours.n > 1)
		return NULL;
	if (a->hours.n == 1)
		name = zone_name(a->hours.zones[0].zone);
	if (b->hours.n == 1 && name && strcmp(name, zone_name(b->hours.zones[0].zone)) != 0)
		return NULL;
	return name ? name : b->hours.n == 1 ? zone_name(b->hours.zones[0].zone) : NULL;
}

const char *when_words(struct difference_make *m, const struct when *w)
{
	const char *words = w->kind == WHEN_ALWAYS ? "all hours" : w->kind == WHEN_NEVER ? "no hour" : "";

	for (size_t i = 0; i < w->hours.n; i++) {
		const struct hours_zone *zone = &w->hours.zones[i];
		struct text_list spans = {0};
		struct week week;

		memcpy(week.minutes, zone->minutes, sizeof week.minutes);
		week_spans(m, &week, &spans);
		words = difference_text(m, "%s%s%s (%s)", words, i > 0 ? " and " : "",
			text_list_words(m, &spans, SPANS_TOLD), zone_name(zone->zone));
	}
	return words;
}

/* "weekends" says it better. */
static const char *spans_words(struct difference_make *m, const struct text_list *spans)
{
	if (spans->n == 1 && strcmp(spans->items[0], "sat-sun 00:00-24:00") == 0)
		return "weekends";
	return text_list_words(m, spans, SPANS_TOLD);
}

static const char *change_words(struct difference_make *m, const char *zone, const struct text_list *added,
	const struct text_list *removed)
{
	const char *words = "";

	if (added->n > 0)
		words = difference_text(m, "%s added", spans_words(m, added));
	if (removed->n > 0)
		words = difference_text(
			m, "%s%s%s no longer", words, *words ? ", " : "", spans_words(m, removed));
	return difference_text(m, "%s (%s)", words, zone);
}

void when_item(struct difference_make *m, const struct when *before, const struct when *after,
	struct difference_item *out)
{
	const char *zone = zone_only(before, after);
	struct text_list added = {0}, removed = {0};
	struct week week;

	out->widens = !when_within(after, before);
	out->narrows = !when_within(before, after);
	out->before = when_words(m, before);
	out->after = when_words(m, after);
	if (!zone) {
		out->words = difference_text(m, "shared in %s, before in %s", out->after, out->before);
		return;
	}
	week_less(after, before, zone, &week);
	week_spans(m, &week, &added);
	week_less(before, after, zone, &week);
	week_spans(m, &week, &removed);
	out->zone = zone;
	out->added = text_list_done(&added);
	out->removed = text_list_done(&removed);
	out->words = change_words(m, zone, &added, &removed);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What is agreed beside cameras and hours, as one table: how it reads, and which way it widens. Parts: the
 * names in `terms`, which are the agreement's own keys.
 */
#include "policy/difference_make.h"
#include "policy/switches.h"
#include "proto/read.h"

#include <stdlib.h>

/* Names that are told one by one. */
#define NAMES_TOLD 5
#define DAY_MS     INT64_C(86400000)

/* --- words of values --- */

/* "365 days", "12 hours", "90 s". Exact. */
static const char *duration_words(struct difference_make *m, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *one, *more;
	} units[] = {{DAY_MS, "day", "days"}, {3600000, "hour", "hours"}, {60000, "minute", "minutes"},
		{1000, "second", "seconds"}, {1, "ms", "ms"}};
	size_t unit = 0;

	while (ms % units[unit].ms != 0 || (ms == 0 && units[unit].ms != 1000))
		unit++;
	return difference_text(m, "%lld %s", (long long)(ms / units[unit].ms),
		ms == units[unit].ms ? units[unit].one : units[unit].more);
}

static const char *time_words(struct difference_make *m, int64_t ms)
{
	const char *text = CLOCK_TEXT((struct utc_ms){ms});
	size_t n = strlen(text);

	if (n > 5 && strcmp(text + n - 5, ".000Z") == 0)
		return difference_text(m, "%.*sZ", (int)(n - 5), text);
	return difference_text(m, "%s", text);
}

/* How far apart two moments are, to the day where it is days. */
static const char *apart_words(struct difference_make *m, int64_t a, int64_t b)
{
	int64_t ms;

	if (__builtin_sub_overflow(a > b ? a : b, a > b ? b : a, &ms))
		return "ages";
	return duration_words(m, ms > DAY_MS ? ms - ms % DAY_MS : ms);
}

/* --- kinds of terms --- */

struct term;
typedef void term_compare(struct difference_make *m, const struct term *t, const struct agreement *before,
	const struct agreement *after);

struct bit_name {
	unsigned bit;
	const char *name, *words;
};

struct term {
	const char *part;
	term_compare *compare;
	size_t offset, count_offset; /* in struct agreement */
	const char *words;           /* what it is called */
	const struct bit_name *names;
	bool takes_away; /* of bits: one that is set takes away */
	bool told;       /* of texts: short enough to be said */
	enum { EITHER_WIDENS = 0, MORE_WIDENS, LESS_WIDENS } way;
};

static const void *at(const struct agreement *a, size_t offset)
{
	return (const char *)a + offset;
}

/* Of a new agreement, terms are only told: that there is one widens. */
static struct difference_item item_of(const struct term *t, bool fresh, bool more, bool less)
{
	struct difference_item item = {.part = t->part};

	item.widens = !fresh && ((more && t->way != LESS_WIDENS) || (less && t->way != MORE_WIDENS));
	item.narrows = !fresh && ((more && t->way == LESS_WIDENS) || (less && t->way == MORE_WIDENS));
	return item;
}

/* --- bits: classes of data, kinds of reads, fields dropped --- */

static void names_of(struct difference_make *m, const struct bit_name *names, unsigned bits,
	struct text_list *plain, struct text_list *words)
{
	for (; names->name; names++) {
		if (!(bits & names->bit))
			continue;
		bits &= ~names->bit;
		text_list_add(m, plain, names->name);
		text_list_add(m, words, names->words);
	}
	if (bits) {
		text_list_add(m, plain, "unknown");
		text_list_add(m, words, "what this program does not know");
	}
}

static const char *bits_words(struct difference_make *m, const struct term *t, bool fresh,
	const struct text_list *more, const struct text_list *fewer)
{
	const char *words = "";

	if (more->n > 0)
		words = difference_text(m, "%s %s", text_list_words(m, more, NAMES_TOLD),
			t->takes_away ? "dropped"
			: fresh       ? "included"
				      : "now included");
	if (fewer->n > 0)
		words = difference_text(m, "%s%s%s no longer %s", words, *words ? ", " : "",
			text_list_words(m, fewer, NAMES_TOLD), t->takes_away ? "dropped" : "included");
	return words;
}

static void bits_compare(struct difference_make *m, const struct term *t, const struct agreement *before,
	const struct agreement *after)
{
	unsigned was = before ? *(const unsigned *)at(before, t->offset) : 0;
	unsigned is = *(const unsigned *)at(after, t->offset);
	struct text_list added = {0}, removed = {0}, more = {0}, fewer = {0};
	struct difference_item item = item_of(t, !before, is & ~was, was & ~is);

	if (was == is)
		return;
	names_of(m, t->names, is & ~was, &added, &more);
	names_of(m, t->names, was & ~is, &removed, &fewer);
	item.added = text_list_done(&added);
	item.removed = text_list_done(&removed);
	item.words = bits_words(m, t, !before, &more, &fewer);
	difference_add(m, &item);
}

/* --- lists of names, in any order --- */

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted(
	struct difference_make *m, const struct agreement *a, const struct term *t, size_t *n)
{
	const char **list;

	*n = a ? *(const size_t *)at(a, t->count_offset) : 0;
	list = arena_alloc(m->scratch, (*n + 1) * sizeof(char *));
	m->failed |= !list;
	if (!list)
		*n = 0;
	if (*n > 0) {
		memcpy(list, *(char *const *const *)at(a, t->offset), *n * sizeof(char *));
		qsort(list, *n, sizeof(char *), text_compare);
	}
	return list;
}

static void lists_add(struct difference_make *m, const struct term *t, bool fresh,
	const struct text_list *added, const struct text_list *removed)
{
	struct difference_item item = item_of(t, fresh, added->n > 0, removed->n > 0);
	const char *words = t->words;

	if (added->n == 0 && removed->n == 0)
		return;
	if (added->n > 0)
		words = difference_text(
			m, "%s%s: %s", words, fresh ? "" : " added", text_list_words(m, added, NAMES_TOLD));
	if (removed->n > 0)
		words = difference_text(m, "%s%s: %s", words, added->n > 0 ? ", removed" : " removed",
			text_list_words(m, removed, NAMES_TOLD));
	item.words = words;
	item.added = text_list_done(added);
	item.removed = text_list_done(removed);
	difference_add(m, &item);
}

/* Both in order. Twice the same name is once. */
static void lists_match(struct difference_make *m, const struct term *t, bool fresh, const char **was,
	size_t n, const char **is, size_t n_is)
{
	struct text_list added = {0}, removed = {0};

	for (size_t i = 0, k = 0; i < n || k < n_is;) {
		int order = i == n ? 1 : k == n_is ? -1 : strcmp(was[i], is[k]);
		const char *name = order > 0 ? is[k] : was[i];

		if (order > 0)
			text_list_add(m, &added, name);
		if (order < 0)
			text_list_add(m, &removed, name);
		while (i < n && strcmp(was[i], name) == 0)
			i++;
		while (k < n_is && strcmp(is[k], name) == 0)
			k++;
	}
	lists_add(m, t, fresh, &added, &removed);
}

static void texts_compare(struct difference_make *m, const struct term *t, const struct agreement *before,
	const struct agreement *after)
{
	size_t n, n_is;
	const char **was = sorted(m, before, t, &n), **is = sorted(m, after, t, &n_is);

	lists_match(m, t, !before, was, n, is, n_is);
}

/* A document is its title and its hash. */
static const char **documents_of(struct difference_make *m, const struct agreement *a, size_t *n)
{
	const char **list = arena_alloc(m->scratch, ((a ? a->n_documents : 0) + 1) * sizeof(char *));

	m->failed |= !list;
	*n = a && list ? a->n_documents : 0;
	for (size_t i = 0; i < *n; i++)
		list[i] = difference_text(
			m, "%s (sha256 %s)", a->documents[i].title, DIGEST_TEXT(&a->documents[i].sha256));
	if (*n > 0)
		qsort(list, *n, sizeof(char *), text_compare);
	return list;
}

static void documents_compare(struct difference_make *m, const struct term *t, const struct agreement *before,
	const struct agreement *after)
{
	size_t n, n_is;
	const char **was = documents_of(m, before, &n), **is = documents_of(m, after, &n_is);

	if (before)
		lists_match(m, t, !before, was, n, is, n_is);
}

/* --- durations, moments, confidence --- */

static void value_add(struct difference_make *m, const struct term *t, bool fresh, int order, const char *was,
	const char *is, const char *apart)
{
	struct difference_item item = item_of(t, fresh, order > 0, order < 0);

	if (order == 0 && !fresh)
		return;
	item.before = fresh ? NULL : was;
	item.after = is;
	if (fresh)
		item.words = difference_text(m, "%s %s", t->words, is);
	else if (apart)
		item.words = difference_text(
			m, "%s %s, %s %s", t->words, is, apart, order > 0 ? "later" : "earlier");
	else
		item.words = difference_text(m, "%s %s, before %s", t->words, is, was);
	difference_add(m, &item);
}

static int number_order(int64_t was, int64_t is)
{
	return (is > was) - (is < was);
}

static void duration_compare(struct difference_make *m, const struct term *t, const struct agreement *before,
	const struct agreement *after)
{
	int64_t was = before ? *(const int64_t *)at(before, t->offset) : 0;
	int64_t is = *(const int64_t *)at(after, t->offset);

	value_add(m, t, !before, number_order(was, is), duration_words(m, was), duration_words(m, is), NULL);
}

static void moment_compare(struct difference_make *m, const struct term *t, const struct agreement *before,
	const struct agreement *after)
{
	int64_t was = before ? ((const struct utc_ms *)at(before, t->offset))->v : 0;
	int64_t is = ((const struct utc_ms *)at(after, t->offset))->v;

	value_add(m, t, !before, number_order(was, is), time_words(m, was), time_words(m, is),
		apart_words(m, was, is));
}

/* None is the latest there is. */
static void review_compare(struct difference_make *m, const struct term *t, const struct agreement *before,
	const struct agreement *after)
{
	int64_t was = before ? before->review_by.v : 0, is = after->review_by.v;

	if (before || is)
		value_add(m, t, !before, number_order(was ? was : INT64_MAX, is ? is : INT64_MAX),
			was ? time_words(m, was) : "never", is ? time_words(m, is) : "never", NULL);
}

static void confidence_compare(struct difference_make *m, const struct term *t,
	const struct agreement *before, const struct agreement *after)
{
	double was = before ? before->min_confidence : 0, is = after->min_confidence;

	if (before || is > 0)
		value_add(m, t, !before, (is > was) - (is < was), difference_text(m, "%.10g", was),
			difference_text(m, "%.10g", is), NULL);
}

/* --- texts, of which nothing can be shown --- */

static void text_change(struct difference_make *m, const struct term *t, const struct agreement *before,
	const struct agreement *after)
{
	const char *was = before ? *(char *const *)at(before, t->offset) : NULL;
	const char *is = *(char *const *)at(after, t->offset);
	struct difference_item item = {.part = t->part, .widens = true, .before = was, .after = is};

	if (!before || strcmp(was ? was : "", is ? is : "") == 0)
		return;
	item.words = t->told ? difference_text(
				       m, "%s %s, before %s", t->words, is ? is : "none", was ? was : "none")
			     : difference_text(m, "%s changed", t->words);
	difference_add(m, &item);
}

/* --- the table --- */

static const struct bit_name classes[] = {{CLASS_READ, "read", "reads"},
	{CLASS_PLATE_PATCH, "plate_patch", "plate patches"}, {CLASS_OVERVIEW, "overview", "overview images"},
	{0, NULL, NULL}};
static const struct bit_name kinds[] = {{1u << READ_KIND_VRM, "vrm", "plates"},
	{1u << READ_KIND_HASHED_TAG, "hashed_tag", "hashed tags"},
	{1u << READ_KIND_NO_PLATE, "no_plate", "vehicles without a plate"}, {0, NULL, NULL}};
static const struct bit_name fields[] = {{DROP_SPEED, "speed_kph", "speed"},
	{DROP_HEADING, "heading", "heading"}, {DROP_LANE, "lane", "lane"},
	{DROP_DIRECTION, "direction", "direction"}, {DROP_COUNTRY, "country", "country"},
	{DROP_CONFIDENCE, "confidence", "confidence"}, {DROP_POSITION, "position", "position"},
	{0, NULL, NULL}};

#define AT(member)   .offset = offsetof(struct agreement, member)
#define LIST(member) AT(member), .count_offset = offsetof(struct agreement, n_##member)

static const struct term terms[] = {
	{"share", bits_compare, AT(share), .names = classes, .way = MORE_WIDENS},
	{"kinds", bits_compare, AT(kinds), .names = kinds, .way = MORE_WIDENS},
	{"drop", bits_compare, AT(drop), .names = fields, .takes_away = true, .way = LESS_WIDENS},
	{"min_confidence", confidence_compare, .words = "confidence from", .way = LESS_WIDENS},
	{"max_age", duration_compare, AT(max_age_ms), .words = "age at most", .way = MORE_WIDENS},
	{"max_future", duration_compare, AT(max_future_ms), .words = "in the future at most",
		.way = MORE_WIDENS},
	{"clock_bound", duration_compare, AT(clock_bound_ms), .words = "clocks wrong by at most"},
	{"from", moment_compare, AT(from), .words = "starts", .way = LESS_WIDENS},
	{"until", moment_compare, AT(until), .words = "ends", .way = MORE_WIDENS},
	{"review_by", review_compare, .words = "review by", .way = MORE_WIDENS},
	{"keep_for", duration_compare, AT(keep_for_ms), .words = "kept for", .way = MORE_WIDENS},
	{"purposes", texts_compare, LIST(purposes), .words = "purposes", .way = MORE_WIDENS},
	{"partner", text_change, AT(partner), .words = "partner", .told = true},
	{"recipient", text_change, AT(recipient), .words = "recipient", .told = true},
	{"topic", text_change, AT(topic), .words = "topic", .told = true},
	{"principals", texts_compare, LIST(principals), .words = "readers", .way = MORE_WIDENS},
	{"verifiers", texts_compare, LIST(verifiers), .words = "verifiers", .way = MORE_WIDENS},
	{"consents", texts_compare, LIST(consents), .words = "consenting bodies"},
	{"controller", text_change, AT(controller_name), .words = "controller", .told = true},
	{"contact", text_change, AT(controller_contact), .words = "controller's contact", .told = true},
	{"instrument", text_change, AT(instrument), .words = "instrument", .told = true},
	{"necessity", text_change, AT(necessity), .words = "text of necessity"},
	{"documents", documents_compare, .words = "documents"},
};

void difference_terms(
	struct difference_make *m, const struct agreement *before, const struct agreement *after)
{
	for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
		terms[i].compare(m, &terms[i], before, after);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Minutes of a week in words. A night belongs to the day it begins on, as in an agreement.
 */
#include "policy/difference_make.h"

#include <stdlib.h>

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* Within one day, or over one midnight. */
struct piece {
	unsigned from, length; /* minutes; from: of its day */
	unsigned days;         /* bit 0 = Monday */
};

static bool week_has(const struct week *week, unsigned minute)
{
	minute %= WEEK_MINUTES;
	return week->minutes[minute / 64] >> minute % 64 & 1;
}

static int piece_compare(const void *a, const void *b)
{
	const struct piece *one = a, *two = b;

	if (one->from != two->from)
		return one->from < two->from ? -1 : 1;
	return (one->length > two->length) - (one->length < two->length);
}

/* In order of the first day, then of the hour. */
static int day_compare(const void *a, const void *b)
{
	const struct piece *one = a, *two = b;
	int order = __builtin_ctz(one->days) - __builtin_ctz(two->days);

	return order ? order : piece_compare(a, b);
}

/* The days of equal pieces together. */
static size_t pieces_merge(struct piece *pieces, size_t n)
{
	size_t merged = 0;

	qsort(pieces, n, sizeof *pieces, piece_compare);
	for (size_t i = 0; i < n; i++) {
		if (merged > 0 && piece_compare(&pieces[merged - 1], &pieces[i]) == 0)
			pieces[merged - 1].days |= pieces[i].days;
		else
			pieces[merged++] = pieces[i];
	}
	qsort(pieces, merged, sizeof *pieces, day_compare);
	return merged;
}

/* A span that is longer than a day is cut at each midnight. */
static size_t span_cut(unsigned start, unsigned length, struct piece *to)
{
	size_t n = 0;

	while (length > 0) {
		unsigned from = start % DAY_MINUTES, piece = length;

		if (n > 0 || length > DAY_MINUTES || (length == DAY_MINUTES && from > 0))
			piece = length < DAY_MINUTES - from ? length : DAY_MINUTES - from;
		to[n++] = (struct piece){from, piece, 1u << start % WEEK_MINUTES / DAY_MINUTES};
		start += piece;
		length -= piece;
	}
	return n;
}

/* Spans in order of the week, from a minute that begins one, so that none is counted in two parts. */
static size_t pieces_cut(const struct week *week, struct piece *to)
{
	unsigned first = 0, minute = 0;
	size_t n = 0;

	while (first < WEEK_MINUTES && !(week_has(week, first) && !week_has(week, first + WEEK_MINUTES - 1)))
		first++;
	if (first == WEEK_MINUTES)
		return week_has(week, 0) ? span_cut(0, WEEK_MINUTES, to) : 0;
	while (minute < WEEK_MINUTES) {
		unsigned start = minute;

		while (minute < WEEK_MINUTES && week_has(week, first + minute))
			minute++;
		n += span_cut(first + start, minute - start, to + n);
		minute += minute == start;
	}
	return n;
}

/* "mon-fri", "sat, sun" as "sat-sun", "every day". */
static const char *days_words(struct difference_make *m, unsigned days)
{
	const char *words = "";

	if (days == 0x7F)
		return "every day";
	for (unsigned day = 0; day < 7; day++) {
		unsigned last = day;

		if (!(days >> day & 1))
			continue;
		while (last < 6 && days >> (last + 1) & 1)
			last++;
		words = difference_text(m, last > day ? "%s%s%s-%s" : "%s%s%s", words, *words ? "," : "",
			day_names[day], day_names[last]);
		day = last;
	}
	return words;
}

void week_spans(struct difference_make *m, const struct week *week, struct text_list *out)
{
	/* Every other minute, at worst, and a cut at each midnight. */
	struct piece *pieces = arena_alloc(m->scratch, (WEEK_MINUTES / 2 + 8) * sizeof *pieces);
	size_t n;

	m->failed |= !pieces;
	if (!pieces)
		return;
	n = pieces_merge(pieces, pieces_cut(week, pieces));
	for (size_t i = 0; i < n; i++) {
		unsigned to = pieces[i].from + pieces[i].length;

		to = to > DAY_MINUTES ? to - DAY_MINUTES : to;
		text_list_add(m, out,
			difference_text(m, "%s %02u:%02u-%02u:%02u", days_words(m, pieces[i].days),
				pieces[i].from / 60, pieces[i].from % 60, to / 60, to % 60));
	}
}

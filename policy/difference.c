/* SPDX-License-Identifier: Apache-2.0
 *
 * Both sides of a comparison, agreement by agreement, and what comes of it as a list.
 */
#include "policy/difference_make.h"

#include <stdarg.h>
#include <stdio.h>

/* --- making items --- */

const char *difference_text(struct difference_make *m, const char *format, ...)
{
	va_list arguments;
	char *text;
	int n;

	va_start(arguments, format);
	n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	text = n < 0 ? NULL : arena_alloc(m->keep, (size_t)n + 1);
	m->failed |= !text;
	if (!text)
		return "";
	va_start(arguments, format);
	vsnprintf(text, (size_t)n + 1, format, arguments);
	va_end(arguments);
	return text;
}

/* Room for one more; the list itself where there is some. NULL: out of memory. */
static void *list_grow(struct difference_make *m, void *items, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 16;
	void *grown;

	if (n < *cap)
		return items;
	grown = arena_alloc(m->keep, more * size);
	m->failed |= !grown;
	if (!grown)
		return NULL;
	if (n > 0)
		memcpy(grown, items, n * size);
	*cap = more;
	return grown;
}

void text_list_add(struct difference_make *m, struct text_list *list, const char *text)
{
	const char **items = list_grow(m, list->items, list->n, &list->cap, sizeof(char *));

	if (!items)
		return;
	list->items = items;
	list->items[list->n++] = text;
}

struct difference_texts text_list_done(const struct text_list *list)
{
	return (struct difference_texts){list->items, list->n};
}

const char *text_list_words(struct difference_make *m, const struct text_list *list, size_t most)
{
	size_t named = list->n > most ? most : list->n;
	const char *words = "";

	for (size_t i = 0; i < named; i++) {
		bool last = i + 1 == list->n;

		words = difference_text(m, "%s%s%s", words,
			i == 0 ? ""
			: last ? " and "
			       : ", ",
			list->items[i]);
	}
	if (list->n > named)
		words = difference_text(m, "%s and %zu more", words, list->n - named);
	return words;
}

const char *cameras_words(struct difference_make *m, size_t n)
{
	return n == 1 ? "1 camera" : difference_text(m, "%zu cameras", n);
}

void difference_add(struct difference_make *m, const struct difference_item *item)
{
	struct difference_item *items = list_grow(m, m->items, m->n, &m->cap, sizeof *items);

	if (!items)
		return;
	m->items = items;
	m->items[m->n] = *item;
	m->items[m->n++].agreement = m->agreement;
}

/* --- both sides --- */

static const struct difference_agreement *side_find(const struct difference_side *side, const char *id)
{
	for (size_t i = 0; i < side->n; i++) {
		if (strcmp(side->agreements[i].agreement->id, id) == 0)
			return &side->agreements[i];
	}
	return NULL;
}

static void pair_compare(struct difference_make *m, const struct difference_pair *pair)
{
	m->agreement = (pair->after ? pair->after : pair->before)->agreement->id;
	if (!pair->before)
		difference_add(m, &(struct difference_item){.part = "agreement",
					  .widens = true,
					  .words = difference_text(
						  m, "new, with %s", pair->after->agreement->recipient)});
	if (!pair->after)
		difference_add(
			m, &(struct difference_item){.part = "agreement", .narrows = true, .words = "ends"});
	difference_cameras(m, pair);
	if (pair->after)
		difference_terms(m, pair->before ? pair->before->agreement : NULL, pair->after->agreement);
	arena_reset(m->scratch);
}

static void sides_compare(
	struct difference_make *m, const struct difference_side *before, const struct difference_side *after)
{
	struct difference_pair pair = {.cameras_before = before->cameras, .cameras_after = after->cameras};

	for (size_t i = 0; i < after->n; i++) {
		pair.after = &after->agreements[i];
		pair.before = side_find(before, pair.after->agreement->id);
		pair_compare(m, &pair);
	}
	pair.after = NULL;
	for (size_t i = 0; i < before->n; i++) {
		pair.before = &before->agreements[i];
		if (!side_find(after, pair.before->agreement->id))
			pair_compare(m, &pair);
	}
	m->agreement = NULL;
	difference_registers(m, before->cameras, after->cameras);
}

struct status difference_compute(
	const struct difference_side *before, const struct difference_side *after, struct difference *out)
{
	struct arena scratch CLEANUP(arena_free) = {.max = SIZE_MAX};
	struct difference_make m = {.keep = &out->arena, .scratch = &scratch};

	*out = (struct difference){.arena = {.max = SIZE_MAX}};
	sides_compare(&m, before, after);
	REQUIRE(!m.failed, S_OVERLOAD);
	out->items = m.items;
	out->n = m.n;
	for (size_t i = 0; i < m.n; i++) {
		out->widens |= m.items[i].widens;
		out->narrows |= m.items[i].narrows;
	}
	return S_OK;
}

void difference_free(struct difference *d)
{
	arena_free(&d->arena);
	*d = (struct difference){0};
}

bool difference_only_narrows(const struct difference *d)
{
	return d->n > 0 && !d->widens;
}

static bool same_subject(const struct difference_item *a, const struct difference_item *b)
{
	return a->agreement == b->agreement;
}

struct status difference_words(const struct difference *d, struct buffer *out)
{
	if (d->n == 0)
		return buffer_append_text(out, "changes nothing of what may be shared");
	for (size_t i = 0; i < d->n; i++) {
		const struct difference_item *item = &d->items[i];

		if (i > 0 && same_subject(item, item - 1)) {
			TRY(buffer_append_text(out, ", "));
		} else {
			TRY(buffer_append_text(out, i > 0 ? "; " : ""));
			TRY(item->agreement ? buffer_format(out, "agreement %s: ", item->agreement)
					    : buffer_append_text(out, "register: "));
		}
		TRY(buffer_append_text(out, item->words));
	}
	return S_OK;
}

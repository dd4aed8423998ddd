/* SPDX-License-Identifier: Apache-2.0
 *
 * What a proposal would change, as JSON: {widens, narrows, words, items []}. An item has agreement (null: the
 * register), part (policy/difference_*.c name them), widens, narrows, words; and, where there is such a
 * thing: cameras (how many it is about), more and fewer (how many come and go), before and after (values),
 * zone (whose hours of the week follow), added [] and removed [] (names, spans of hours, and on request
 * camera ids).
 */
#include "gateway/base/memory.h"
#include "gateway/governance/change.h"
#include "gateway/governance/view.h"

#include <stdlib.h>

static void texts_set(json_t *item, const char *key, const struct difference_texts *texts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(list, json_string(texts->items[i]));
	json_object_set_new(item, key, list);
}

static void text_set(json_t *item, const char *key, const char *text)
{
	if (text)
		json_object_set_new(item, key, json_string(text));
}

/* Ids are many: they are counted, and listed only where asked for. */
static void cameras_set(json_t *item, const struct difference_item *i, bool ids)
{
	json_object_set_new(item, "cameras", json_integer((json_int_t)i->cameras));
	if (i->zone)
		return;
	json_object_set_new(item, "more", json_integer((json_int_t)i->added.n));
	json_object_set_new(item, "fewer", json_integer((json_int_t)i->removed.n));
	if (ids) {
		texts_set(item, "added", &i->added);
		texts_set(item, "removed", &i->removed);
	}
}

static json_t *item_view(const struct difference_item *i, bool ids)
{
	json_t *item = json_pack("{s:o, s:s, s:b, s:b, s:s}", "agreement", view_text(i->agreement), "part",
		i->part, "widens", i->widens, "narrows", i->narrows, "words", i->words);
	if (i->cameras)
		cameras_set(item, i, ids);
	if (!i->cameras || i->zone) {
		texts_set(item, "added", &i->added);
		texts_set(item, "removed", &i->removed);
	}
	text_set(item, "before", i->before);
	text_set(item, "after", i->after);
	text_set(item, "zone", i->zone);
	return item;
}

json_t *view_change(const struct difference *d, bool ids)
{
	struct buffer words = {0};
	json_t *items = json_array();
	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(items, item_view(&d->items[i], ids));
	if (!ok(difference_words(d, &words)))
		abort();
	json_t *change = json_pack("{s:b, s:b, s:s, s:o}", "widens", d->widens, "narrows", d->narrows,
		"words", buffer_text(&words), "items", items);
	buffer_free(&words);
	return change;
}

char *governance_change_text(const struct difference *d)
{
	return view_finish(view_change(d, false));
}

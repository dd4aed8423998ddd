/* SPDX-License-Identifier: Apache-2.0
 *
 * What a proposal would change, a line a difference: + shares more, - shares less, ! shares more here and
 * less there, and a space where it is only told. The JSON is the gateway's
 * (gateway/governance/view_change.c).
 */
#include "gateway/ctl/change.h"

#include "gateway/ctl/client.h"
#include "gateway/ctl/screen.h"

#include <stdio.h>

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static void ids_print(const json_t *item, const char *key, const char *sign)
{
	const json_t *ids = json_object_get(item, key);
	size_t i;
	json_t *id;

	if (!json_object_get(item, "more"))
		return;
	json_array_foreach(ids, i, id) print_field("", "    %s %s", sign, json_string_value(id));
}

static void item_print(const json_t *item)
{
	bool widens = is_true(item, "widens"), narrows = is_true(item, "narrows");
	const char *sign = widens && narrows ? "!" : widens ? "+" : narrows ? "-" : " ";

	print_field("", "%s %s", sign, json_text(item, "words"));
	ids_print(item, "added", "+");
	ids_print(item, "removed", "-");
}

void change_print(const json_t *change)
{
	const json_t *items = json_object_get(change, "items");
	const char *before = NULL;
	size_t i;
	json_t *item;

	json_array_foreach(items, i, item)
	{
		const char *agreement = json_text(item, "agreement");

		if (!before || strcmp(before, agreement) != 0)
			print_field(i == 0 ? "changes" : "", "%s%s", *agreement ? "agreement " : "register",
				agreement);
		item_print(item);
		before = agreement;
	}
	if (json_is_array(items) && json_array_size(items) == 0)
		print_field("changes", "nothing of what may be shared");
}

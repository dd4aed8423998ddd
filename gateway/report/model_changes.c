/* SPDX-License-Identifier: Apache-2.0
 *
 * What was decided in the period, as part of the model: entries of the journal by the time they bear.
 *
 * changes    number, time, accepted, action, who {organisation, subject} | null, node, partners [], reason,
 *            effect, hash, covers {partner, agreement, rule, class, area, cameras [patterns], for_ms} | null
 *            (of a switch), proposal | null (of a consent)
 * proposals  number, kind, about, partner, agreement, name, sha256, proposed, state (now), effect, consented
 *            [organisation, subject, entry, time], waiting_for []
 * offs       every narrowing: number, action, who, partners [], reason, effect, covers, commanded (when a
 * node took it on: it counts from then), recorded (the entry's time), receipt {entry, recorded, fenced (when
 * the last fence returned), took_ms, hash} | null: not enforced when the report was made
 */
#include "gateway/report/internal.h"

#include <stdlib.h>

static json_t *copy(const json_t *from, const char *const *keys)
{
	json_t *to = json_object();

	for (; *keys; keys++)
		json_object_set(to, *keys, json_object_get(from, *keys));
	if (json_string_length(json_object_get(to, "reason")) == 0)
		json_object_set_new(to, "reason", json_null());
	return to;
}

static bool action_is(const json_t *row, const char *action)
{
	return strcmp(json_string_value(json_object_get(row, "action")), action) == 0;
}

static json_t *covers_of(const struct report *r, uint64_t entry)
{
	for (size_t i = 0; i < r->notes.n_switches; i++)
		if (r->notes.switches[i].entry == entry)
			return json_incref(r->notes.switches[i].covers);
	return json_null();
}

static json_t *proposal_of(const struct report *r, uint64_t entry)
{
	for (size_t i = 0; i < r->notes.n_consents; i++)
		if (r->notes.consents[i].entry == entry)
			return model_number(r->notes.consents[i].proposal);
	return json_null();
}

static uint64_t number_of(const json_t *row)
{
	return (uint64_t)json_integer_value(json_object_get(row, "number"));
}

json_t *model_changes(const struct report *r, const json_t *history)
{
	static const char *const keys[] = {"number", "time", "accepted", "action", "who", "node", "partners",
		"reason", "effect", "hash", NULL};
	json_t *list = json_array(), *row;
	size_t i;

	json_array_foreach(history, i, row)
	{
		json_t *one;

		if (!model_in_period(r, json_object_get(row, "time")) || action_is(row, "enforced"))
			continue;
		one = copy(row, keys);
		json_object_set_new(one, "covers", covers_of(r, number_of(row)));
		json_object_set_new(one, "proposal", proposal_of(r, number_of(row)));
		json_array_append_new(list, one);
	}
	return list;
}

/* --- proposals --- */

static bool touches_period(const struct report *r, const json_t *consented)
{
	const json_t *one;
	size_t i;

	json_array_foreach(
		consented, i, one) if (model_in_period(r, json_object_get(one, "time"))) return true;
	return false;
}

json_t *model_proposals(const struct report *r, const json_t *history)
{
	static const char *const keys[] = {"number", "kind", "about", "partner", "agreement", "name",
		"sha256", "proposed", "state", "effect", NULL};
	char *text = governance_view_proposals(r->governance, 0, false);
	json_t *all = json_loads(text, 0, NULL), *list = json_array(), *row;
	size_t i;

	free(text);
	json_array_foreach(all, i, row)
	{
		json_t *consented = model_consents(r, history, number_of(row), UINT64_MAX);

		if (touches_period(r, consented)) {
			json_t *one = copy(row, keys);

			json_object_set(one, "consented", consented);
			json_object_set(one, "waiting_for",
				json_object_get(json_object_get(row, "consents"), "need"));
			json_array_append_new(list, one);
		}
		json_decref(consented);
	}
	json_decref(all);
	return list;
}

/* --- offs --- */

static json_t *receipt_of(const struct report *r, const json_t *history, uint64_t entry)
{
	for (size_t i = 0; i < r->notes.n_enforced; i++) {
		const struct enforced_note *n = &r->notes.enforced[i];
		const json_t *row = json_array_get(history, n->by - 1);

		if (n->entry == entry)
			return json_pack("{s:I, s:O, s:o, s:I, s:O}", "entry", (json_int_t)n->by, "recorded",
				json_object_get(row, "time"), "fenced", model_time(n->fenced_at), "took_ms",
				(json_int_t)n->took_ms, "hash", json_object_get(row, "hash"));
	}
	return json_null();
}

json_t *model_offs(const struct report *r, const json_t *history)
{
	static const char *const keys[] = {"number", "action", "who", "partners", "reason", "effect", NULL};
	json_t *list = json_array(), *row;
	size_t i;

	json_array_foreach(history, i, row)
	{
		json_t *one;

		if (!json_is_true(json_object_get(row, "fences")) ||
			!model_in_period(r, json_object_get(row, "time")))
			continue;
		one = copy(row, keys);
		json_object_set_new(one, "covers", covers_of(r, number_of(row)));
		json_object_set(one, "commanded", json_object_get(row, "accepted"));
		json_object_set(one, "recorded", json_object_get(row, "time"));
		json_object_set_new(one, "receipt", receipt_of(r, history, number_of(row)));
		json_array_append_new(list, one);
	}
	return list;
}

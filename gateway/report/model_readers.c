/* SPDX-License-Identifier: Apache-2.0
 *
 * Who could read, and how long it is kept, as part of the model: as agreed over the period, and as the
 * brokers say when the report is made. The brokers keep no past: what was so on any other day is not known.
 *
 * agreed      [agreement, topic, recipient, principals [], verifiers [], from, to]
 * now         {known, why (not), at, readers [topic, principal, permission, operation, pattern, name, host]}
 * retention   [topic, agreed_ms (the least any agreement in force gave), retention_ms, segment_ms,
 *             effective_ms (their sum: a record may lie that long), within] ; the last four null: not known
 */
#include "gateway/governance/rights.h"
#include "gateway/report/internal.h"

#include <stdlib.h>

static json_t *agreed_make(const json_t *agreements)
{
	static const char *const keys[] = {
		"agreement", "topic", "recipient", "principals", "verifiers", NULL};
	json_t *list = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach(agreements, i, row)
	{
		const json_t *in_force = json_object_get(row, "in_force");
		json_t *one = json_object();

		for (const char *const *key = keys; *key; key++)
			json_object_set(one, *key, json_object_get(row, *key));
		json_object_set(one, "from", json_object_get(in_force, "from"));
		json_object_set(one, "to", json_object_get(in_force, "to"));
		json_array_append_new(list, one);
	}
	return list;
}

static bool text_is(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value && strcmp(value, text) == 0;
}

static void readers_add(const struct report *r, json_t *list, const char *topic)
{
	static const char *const keys[] = {
		"principal", "permission", "operation", "pattern", "name", "host", NULL};
	const json_t *right;
	size_t i;

	json_array_foreach(json_object_get(r->brokers, "rights"), i, right)
	{
		json_t *one;

		if (!right_reads(right, topic))
			continue;
		one = json_pack("{s:s}", "topic", topic);
		for (const char *const *key = keys; *key; key++)
			json_object_set(one, *key, json_object_get(right, *key));
		json_array_append_new(list, one);
	}
}

static const json_t *topic_found(const struct report *r, const char *topic)
{
	const json_t *one;
	size_t i;

	json_array_foreach(
		json_object_get(r->brokers, "topics"), i, one) if (text_is(one, "name", topic)) return one;
	return NULL;
}

static json_t *setting_number(const json_t *topic, const char *name)
{
	const char *value = json_string_value(json_object_get(json_object_get(topic, "settings"), name));

	return value ? json_integer(strtoll(value, NULL, 10)) : json_null();
}

static json_t *retention_of(const struct report *r, const char *topic, json_int_t agreed)
{
	const json_t *found = topic_found(r, topic);
	json_t *retention = setting_number(found, "retention.ms");
	json_t *segment = setting_number(found, "segment.ms"), *effective = json_null();
	json_int_t keeps = json_integer_value(retention), rolls = json_integer_value(segment);
	bool known = json_is_integer(retention) && json_is_integer(segment);

	if (known && keeps >= 0) /* below 0: for ever */
		effective = json_integer(keeps + rolls);
	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "topic", topic, "agreed_ms", agreed,
		"retention_ms", retention, "segment_ms", segment, "effective_ms", effective, "within",
		known ? json_boolean(keeps >= 0 && keeps + rolls <= agreed) : json_null());
}

/* Topics of the agreements, each once, with the least time that any gives. */
static json_t *topics_of(const json_t *agreements)
{
	json_t *topics = json_object();
	const json_t *row;
	size_t i;

	json_array_foreach(agreements, i, row)
	{
		const char *topic = json_string_value(json_object_get(row, "topic"));
		const json_t *keep = json_object_get(row, "keep_for_ms"), *least;

		least = json_object_get(topics, topic);
		if (!least || json_integer_value(keep) < json_integer_value(least))
			json_object_set_new(topics, topic, json_integer(json_integer_value(keep)));
	}
	return topics;
}

static json_t *why_not(const struct report *r)
{
	const char *why = r->brokers_why ? r->brokers_why : "no broker was asked";

	return model_text(r->brokers ? rights_unknown(r->brokers) : why);
}

json_t *model_readers(const struct report *r)
{
	json_t *history = json_array(), *agreements = model_agreements(r, history);
	json_t *topics = topics_of(agreements), *readers = json_array(), *retention = json_array(), *keep,
	       *why;
	const char *topic;

	json_object_foreach(topics, topic, keep)
	{
		readers_add(r, readers, topic);
		json_array_append_new(retention, retention_of(r, topic, json_integer_value(keep)));
	}
	why = why_not(r);
	json_decref(topics);
	json_t *out = json_pack("{s:o, s:{s:b, s:o, s:o, s:o}, s:o}", "agreed", agreed_make(agreements),
		"now", "known", json_is_null(why), "why", why, "at", model_time(r->q.now.v), "readers",
		readers, "retention", retention);
	json_decref(agreements);
	json_decref(history);
	return out;
}

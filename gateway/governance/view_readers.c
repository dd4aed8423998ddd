/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /v1/readers, its topics: the brokers' rights to read each, beside the agreements in force that name the
 * reader. A right is shown as it was given: a denial wins over what is allowed, as in Kafka, and the reader
 * of the page sees both.
 *
 * topics    topic, agreements [in force], readers [principal, permission, operation, pattern, name, host,
 *           groups [that this principal may join, "police-*"], agreements [in force that name it]]
 */
#include "gateway/governance/rights.h"
#include "gateway/governance/view.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool names(char *const *principals, size_t n, const char *principal)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(principals[i], principal) == 0)
			return true;
	return false;
}

/* Every agreement in force on the topic; of a principal those that name it. */
static json_t *agreements_of(
	const struct governance *g, const char *topic, const char *principal, struct utc_ms now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->n_partners; i++)
		for (size_t k = 0; k < g->partners[i].n_agreements; k++) {
			const struct policy_agreement_version *v = &g->partners[i].agreements[k];
			const struct agreement *a = v->agreement;

			if (strcmp(a->topic, topic) == 0 &&
				strcmp(view_agreement_state(v, &g->partners[i].facts[k], now), "in_force") ==
					0 &&
				(!principal || names(a->principals, a->n_principals, principal) ||
					names(a->verifiers, a->n_verifiers, principal)))
				json_array_append_new(list, json_string(a->id));
		}
	return list;
}

/* Consumer groups that the principal may join; it can read without one, too. */
static json_t *groups_of(const json_t *rights, const char *principal)
{
	json_t *list = json_array();
	const json_t *right;
	size_t i;

	json_array_foreach(rights, i, right)
	{
		const char *operation = text_of(right, "operation");

		if (strcmp(text_of(right, "resource"), "group") == 0 &&
			strcmp(text_of(right, "permission"), "allow") == 0 &&
			strcmp(text_of(right, "principal"), principal) == 0 &&
			(strcmp(operation, "READ") == 0 || strcmp(operation, "ALL") == 0))
			json_array_append_new(
				list, json_sprintf("%s%s", text_of(right, "name"),
					      strcmp(text_of(right, "pattern"), "prefixed") == 0 ? "*" : ""));
	}
	return list;
}

static json_t *reader(const struct governance *g, const json_t *rights, const json_t *right,
	const char *topic, struct utc_ms now)
{
	static const char *const keys[] = {
		"principal", "permission", "operation", "pattern", "name", "host", NULL};
	json_t *one = json_object();

	for (const char *const *key = keys; *key; key++)
		json_object_set(one, *key, json_object_get(right, *key));
	json_object_set_new(one, "groups", groups_of(rights, text_of(right, "principal")));
	json_object_set_new(one, "agreements", agreements_of(g, topic, text_of(right, "principal"), now));
	return one;
}

static json_t *topic_view(
	const struct governance *g, const json_t *rights, const char *topic, struct utc_ms now)
{
	json_t *readers = json_array();
	const json_t *right;
	size_t i;

	json_array_foreach(rights, i, right)
	{
		if (right_reads(right, topic))
			json_array_append_new(readers, reader(g, rights, right, topic, now));
	}
	return json_pack("{s:s,s:o,s:o}", "topic", topic, "agreements", agreements_of(g, topic, NULL, now),
		"readers", readers);
}

static void topic_note(void *topics, const char *topic)
{
	json_object_set_new(topics, topic, json_null());
}

char *governance_view_readers(const struct governance *g, const char *told, struct utc_ms now)
{
	json_t *said = json_loads(told, 0, NULL), *topics = json_object(), *list = json_array(), *unused;
	const char *topic;

	governance_topics(g, topic_note, topics); /* each once */
	json_object_foreach(topics, topic, unused)
	{
		json_array_append_new(list, topic_view(g, json_object_get(said, "rights"), topic, now));
	}
	json_decref(topics);
	json_decref(said);
	return view_finish(list);
}

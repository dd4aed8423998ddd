/* SPDX-License-Identifier: Apache-2.0
 *
 * Agreements as part of the model: every version that was in force at some moment of the period.
 *
 * agreement, partner, recipient, topic, version (journal number of the last consent), proposal, in_force
 * {from, to, ended_by (withdrawn | replaced | expired; null: not yet)}, valid {from, until, review_by},
 * purposes [], necessity, instrument, documents [title, sha256], controller {name, contact}, consents [],
 * consented [organisation, subject, entry, time], keep_for_ms, kinds [], share [], rules [name, hours],
 * cameras, principals [], verifiers [], sha256 (of its text)
 */
#include "gateway/report/internal.h"

#include "gateway/text/text.h"

bool in_force_in(const struct report *r, const struct governance_agreement *a, int64_t *from, int64_t *to)
{
	*from = a->agreed.v > a->terms->from.v ? a->agreed.v : a->terms->from.v;
	*to = a->terms->until.v;
	if (a->ended.v && a->ended.v < *to)
		*to = a->ended.v;
	return *from < *to && *from<r->period.to && * to> r->period.from;
}

static json_t *texts(char *const *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, model_text(items[i]));
	return list;
}

static json_t *bits(unsigned set, const char *const *names, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (set & 1u << i)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *documents_of(const struct agreement *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_documents; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:s}", "title", model_text(a->documents[i].title), "sha256",
				      DIGEST_TEXT(&a->documents[i].sha256)));
	return list;
}

static json_t *rules_of(const struct agreement *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_rules; i++) {
		struct buffer hours = {0};

		if (a->rules[i].has_hours && !ok(rule_hours_print(&a->rules[i], &hours)))
			text_add(&hours, "at certain hours");
		json_array_append_new(list, json_pack("{s:o, s:o}", "name", model_text(a->rules[i].name),
						    "hours", model_text(buffer_text(&hours))));
		buffer_free(&hours);
	}
	return list;
}

/* NULL: it has not ended yet. */
static const char *ended_by(const struct report *r, const struct governance_agreement *a, int64_t to)
{
	if (to > r->q.now.v)
		return NULL;
	if (a->withdrawn && a->ended.v < a->terms->until.v)
		return "withdrawn";
	return a->ended.v && a->ended.v < a->terms->until.v ? "replaced" : "expired";
}

static void consented_add(json_t *list, const json_t *history, uint64_t entry)
{
	const json_t *row = entry ? json_array_get(history, entry - 1) : NULL;
	const json_t *who = json_object_get(row, "who");

	if (json_is_object(who))
		json_array_append_new(list, json_pack("{s:O, s:O, s:I, s:O}", "organisation",
						    json_object_get(who, "organisation"), "subject",
						    json_object_get(who, "subject"), "entry",
						    (json_int_t)entry, "time", json_object_get(row, "time")));
}

json_t *model_consents(const struct report *r, const json_t *history, uint64_t proposal, uint64_t until)
{
	json_t *list = json_array();

	consented_add(list, history, proposal); /* a proposal is its own body's consent */
	for (size_t i = 0; i < r->notes.n_consents; i++)
		if (r->notes.consents[i].proposal == proposal && r->notes.consents[i].entry <= until)
			consented_add(list, history, r->notes.consents[i].entry);
	return list;
}

struct making {
	const struct report *r;
	const json_t *history;
	json_t *list;
};

static json_t *terms_model(const struct governance_agreement *a)
{
	static const char *const kinds[] = {"unspecified", "vrm", "hashed_tag", "no_plate"};
	static const char *const classes[] = {"read", "plate_patch", "overview"};
	const struct agreement *t = a->terms;

	return json_pack("{s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:s}",
		"purposes", texts(t->purposes, t->n_purposes), "necessity", model_text(t->necessity),
		"instrument", model_text(t->instrument), "documents", documents_of(t), "controller", "name",
		model_text(t->controller_name), "contact", model_text(t->controller_contact), "consents",
		texts(t->consents, t->n_consents), "keep_for_ms", (json_int_t)t->keep_for_ms, "kinds",
		bits(t->kinds, kinds, 4), "share", bits(t->share, classes, 3), "rules", rules_of(t),
		"principals", texts(t->principals, t->n_principals), "verifiers",
		texts(t->verifiers, t->n_verifiers), "sha256", DIGEST_TEXT(&t->sha256));
}

static void agreement_add(void *context, const struct governance_agreement *a)
{
	const struct making *m = context;
	const struct agreement *t = a->terms;
	int64_t from, to;
	json_t *one, *terms;

	if (!in_force_in(m->r, a, &from, &to))
		return;
	one = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o}, s:I, s:o}",
		"agreement", t->id, "partner", t->partner, "recipient", t->recipient, "topic", t->topic,
		"version", (json_int_t)a->entry, "proposal", (json_int_t)a->proposal, "in_force", "from",
		model_time(from), "to", model_time(to), "ended_by", model_text(ended_by(m->r, a, to)),
		"valid", "from", model_time(t->from.v), "until", model_time(t->until.v), "review_by",
		model_time(t->review_by.v), "cameras", (json_int_t)schedule_cameras(a->schedule), "consented",
		model_consents(m->r, m->history, a->proposal, a->entry));
	terms = terms_model(a);
	json_object_update(one, terms);
	json_decref(terms);
	json_array_append_new(m->list, one);
}

json_t *model_agreements(const struct report *r, const json_t *history)
{
	struct making m = {r, history, json_array()};

	governance_agreements(r->governance, agreement_add, &m);
	return m.list;
}

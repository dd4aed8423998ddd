/* SPDX-License-Identifier: Apache-2.0
 *
 * The state as JSON, for the API, the page and anprctl. Names below are stable: fields are added, never
 * renamed. Times are RFC 3339 in UTC, hashes lower-case hexadecimal, absent things null. Every view is an
 * array of objects.
 *
 * history      number, time, accepted, node, who {organisation, subject} | null, certificate (SHA-256 of the
 * one seen on the connection, where the person did not sign) | null, action, partner (null where
 * none or several), partners [], reason, effect, fences (needs to be enforced), enforced_by | null, hash
 *              action: genesis off on propose_agreement propose_register propose_organisation propose_partner
 * propose_node_key revoke approve refuse withdraw
 *              acknowledge_gap period_ended agreement_ended proposal_lapsed stop_file stop_file_removed
 * enforced proposals    number, kind (agreement | register | organisation |
 * partner | node_key), about (in words), state (open effective refused lapsed
 * superseded), partner | null, agreement | null, name, sha256, proposed, proposer, subject, consents {have
 * [], need
 * []}, effect, lapses, change (view_change.c; null once decided, and where it is about neither), trial (what
 * `anprctl try` counted, as it was attached; null = nothing) agreements
 * id, partner, recipient, topic, state (in_force not_started expired withdrawn replaced), consents [], valid
 * {from, until, review_by}, agreed, ended, version (entry of the last consent), proposal, withdrawn_by
 * (entry) | null, cameras, purposes [], share [], keep_for_ms, instrument, controller, rules [], sha256
 * explain      (view_explain.c) cameras      (view_cameras.c) camera_id, name, road, area, state, agreements
 * [], on, reason | null switches     (view_switches.c) side | null (stop file), selectors, agreement, rule,
 * class, cameras (count) | null, position (on | off), who, entry, since, until | null
 */
#include "gateway/governance/view.h"

#include "gateway/base/memory.h"
#include "gateway/governance/change.h"

#include <stdlib.h>

json_t *view_text(const char *text)
{
	return text ? json_string(text) : json_null();
}

json_t *view_time(struct utc_ms at)
{
	return at.v ? json_string(CLOCK_TEXT(at)) : json_null();
}

json_t *view_number(uint64_t n)
{
	return n ? json_integer((json_int_t)n) : json_null();
}

json_t *view_texts(char *const *items, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(items[i]));
	return list;
}

char *view_finish(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text ? text : memory_text("[]");
}

json_t *view_who(const struct governance *g, uint64_t number)
{
	const struct history *h = state_history(g, number);
	if (!h || !h->organisation)
		return json_null();
	return json_pack("{s:s, s:s}", "organisation", h->organisation, "subject", h->subject);
}

static json_t *history_one(const struct governance *g, uint64_t number)
{
	const struct history *h = &g->history[number - 1];
	json_t *partners = json_array();
	for (size_t i = 0; i < h->n_partners; i++)
		json_array_append_new(partners, json_string(g->partners[h->partners[i]].id));
	json_t *one = h->n_partners == 1 ? json_incref(json_array_get(partners, 0)) : json_null();
	return json_pack("{s:I, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:s}", "number",
		(json_int_t)number, "time", view_time(h->time), "accepted", view_time(h->accepted), "node",
		h->node, "who", view_who(g, number), "certificate",
		view_text(h->attested ? DIGEST_TEXT(&h->seen) : NULL), "action", h->action, "partner", one,
		"partners", partners, "reason", view_text(h->reason), "effect", view_text(h->effect),
		"fences", h->fences, "enforced_by", view_number(h->enforced_by), "hash",
		DIGEST_TEXT(&h->hash));
}

static bool is_about(const struct governance *g, const struct history *h, const char *partner)
{
	for (size_t i = 0; i < h->n_partners; i++)
		if (!partner || strcmp(g->partners[h->partners[i]].id, partner) == 0)
			return true;
	return !partner;
}

char *governance_view_history(const struct governance *g, const char *partner, struct utc_ms since)
{
	if (partner && state_partner(g, partner) == NOWHERE)
		return NULL;
	json_t *list = json_array();
	for (uint64_t n = 1; n <= g->sequence; n++)
		if (g->history[n - 1].time.v >= since.v && is_about(g, &g->history[n - 1], partner))
			json_array_append_new(list, history_one(g, n));
	return view_finish(list);
}

/* Who was asked, split into those who consented and those who have not. */
static json_t *consents_view(const struct governance *g, const struct proposal *p)
{
	json_t *have = json_array(), *missing = json_array();
	const char **list = NULL;
	size_t n = p->state == PROPOSAL_OPEN ? consents_needed(g, p, g->time, &list) : 0;
	for (size_t i = 0; i < p->n_consents; i++)
		json_array_append_new(have, json_string(p->consents[i].organisation));
	for (size_t i = 0; i < n; i++)
		if (!consent_given(p, list[i]))
			json_array_append_new(missing, json_string(list[i]));
	free(list);
	return json_pack("{s:o, s:o}", "have", have, "need", missing);
}

static const char *proposal_kind(const struct proposal *p)
{
	static const char *const words[] = {"", "organisation", "partner", "node_key"};
	return p->charter ? words[p->charter->kind] : p->agreement ? "agreement" : "register";
}

static const char *const proposal_states[] = {"open", "effective", "refused", "lapsed", "superseded"};

/* Against what is in force now; null once it is decided. */
static json_t *proposed_change(const struct governance *g, const struct proposal *p, bool ids)
{
	struct change change CLEANUP(change_fini) = {0};
	if (p->state != PROPOSAL_OPEN || p->charter)
		return json_null();
	change_of(g, p, g->time, &change);
	return view_change(&change.difference, ids);
}

static json_t *proposal_view(const struct governance *g, const struct proposal *p, bool ids)
{
	const struct utc_ms lapses = {p->at.v + PROPOSAL_LIFE_MS};
	return json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
		"number", (json_int_t)p->number, "kind", proposal_kind(p), "state", proposal_states[p->state],
		"about", p->about, "partner",
		view_text(p->partner == NOWHERE ? NULL : g->partners[p->partner].id), "agreement",
		view_text(p->agreement ? p->agreement->id : NULL), "name", p->name, "sha256",
		DIGEST_TEXT(&p->sha256), "proposed", view_time(p->at), "proposer", p->organisation, "subject",
		p->subject, "consents", consents_view(g, p), "effect", view_text(p->effect), "lapses",
		view_time(lapses), "change", proposed_change(g, p, ids), "trial",
		p->trial ? json_loads(p->trial, 0, NULL) : json_null());
}

size_t governance_proposals_open(const struct governance *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_proposals; i++)
		n += g->proposals[i]->state == PROPOSAL_OPEN;
	return n;
}

char *governance_view_proposals(const struct governance *g, uint64_t number, bool ids)
{
	json_t *list = json_array();
	for (size_t i = 0; i < g->n_proposals; i++)
		if (number == 0 || g->proposals[i]->number == number)
			json_array_append_new(list, proposal_view(g, g->proposals[i], ids));
	return view_finish(list);
}

const char *view_agreement_state(
	const struct policy_agreement_version *v, const struct agreement_facts *f, struct utc_ms now)
{
	if (f->withdrawn)
		return "withdrawn";
	if (v->ended.v)
		return "replaced";
	if (now.v >= v->agreement->until.v)
		return "expired";
	return now.v < v->agreement->from.v ? "not_started" : "in_force";
}

static const char *const class_names[] = {"read", "plate_patch", "overview"};

const char *view_class(unsigned classes)
{
	for (unsigned i = 0; i < 3; i++)
		if (classes == 1u << i)
			return class_names[i];
	return NULL;
}

json_t *view_classes(unsigned classes)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < 3; i++)
		if (classes & (1u << i))
			json_array_append_new(list, json_string(class_names[i]));
	return list;
}

static json_t *rules_view(const struct agreement *a)
{
	json_t *list = json_array();
	for (size_t i = 0; i < a->n_rules; i++)
		json_array_append_new(list, json_string(a->rules[i].name));
	return list;
}

static json_t *agreement_view(const struct partner *p, size_t i, struct utc_ms now)
{
	const struct policy_agreement_version *v = &p->agreements[i];
	const struct agreement_facts *f = &p->facts[i];
	const struct agreement *a = v->agreement;
	json_t *valid = json_pack("{s:o, s:o, s:o}", "from", view_time(a->from), "until", view_time(a->until),
		"review_by", view_time(a->review_by));
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "id", a->id, "partner", a->partner,
		"recipient", a->recipient, "topic", a->topic, "state", view_agreement_state(v, f, now),
		"consents", view_texts(a->consents, a->n_consents), "valid", valid);
	json_t *more = json_pack("{s:o, s:o, s:I, s:I, s:o, s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:s}",
		"agreed", view_time(v->agreed), "ended", view_time(v->ended), "version", (json_int_t)f->entry,
		"proposal", (json_int_t)f->proposal, "withdrawn_by", view_number(f->withdrawn), "cameras",
		(json_int_t)schedule_cameras(v->schedule), "purposes", view_texts(a->purposes, a->n_purposes),
		"share", view_classes(a->share), "keep_for_ms", (json_int_t)a->keep_for_ms, "instrument",
		view_text(a->instrument), "controller", view_text(a->controller_name), "rules", rules_view(a),
		"sha256", DIGEST_TEXT(&a->sha256));
	json_object_update(out, more);
	json_decref(more);
	return out;
}

char *governance_view_agreements(const struct governance *g, struct utc_ms now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < g->n_partners; i++)
		for (size_t k = 0; k < g->partners[i].n_agreements; k++)
			json_array_append_new(list, agreement_view(&g->partners[i], k, now));
	return view_finish(list);
}

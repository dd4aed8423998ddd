/* SPDX-License-Identifier: Apache-2.0
 *
 * Would a read captured then and there have been shared, under what, and by whose decision. Policy is
 * compiled as it was known at publication, and decides; here it is only looked up which entries made it so.
 *
 * explain      partner, camera (as asked), camera_id | null, captured, published, kind, class,
 * policy_version, shared, reason | null, agreements [] agreements   agreement, recipient, topic, shared,
 * reason | null, rule | null (that shares, or got furthest), classes [], because, rules [] {rule, covers,
 * shares, reason | null, hours | null}, decided_by [] {did, entry, time, who {organisation, subject} | null,
 * node, action, reason, enforced_by | null}
 */
#include "gateway/governance/view.h"

#include "gateway/base/memory.h"
#include "gateway/governance/plan.h"
#include "gateway/text/text.h"
#include "policy/explain.h"

#include <stdlib.h>

struct answers {
	struct rule_answer *items; /* borrow from the snapshot */
	size_t n;
};

struct explain {
	const struct governance *g;
	const struct partner *p;
	const struct explain_question *q;
	struct policy_partner_input known; /* at publication */
	struct read read;
	struct decision decision;
	struct answers answers;
};

static void take_answer(void *context, const struct rule_answer *answer)
{
	struct answers *all = context;
	GROW(all->items, all->n);
	all->items[all->n++] = *answer;
}

/* --- who decided --- */

static void add_entry(const struct explain *x, json_t *list, const char *did, uint64_t number)
{
	const struct history *h = state_history(x->g, number);
	json_t *one;
	size_t i;
	if (!h)
		return;
	json_array_foreach(list, i,
		one) if (json_integer_value(json_object_get(one, "entry")) == (json_int_t)number) return;
	json_array_append_new(
		list, json_pack("{s:s, s:I, s:o, s:o, s:s, s:s, s:o, s:o}", "did", did, "entry",
			      (json_int_t)number, "time", view_time(h->accepted.v ? h->accepted : h->time),
			      "who", view_who(x->g, number), "node", h->node, "action", h->action, "reason",
			      view_text(h->reason), "enforced_by", view_number(h->enforced_by)));
}

/* The version that a question about that moment is about: in force then, or the last one before, or the
 * first. */
static size_t version_about(const struct explain *x, const char *agreement, struct utc_ms at)
{
	size_t found = NOWHERE;
	for (size_t i = 0; i < x->p->n_agreements; i++) {
		const struct policy_agreement_version *v = &x->p->agreements[i];
		if (strcmp(v->agreement->id, agreement) == 0 && (found == NOWHERE || v->agreed.v <= at.v))
			found = i;
	}
	return found;
}

static void add_consents(const struct explain *x, json_t *list, size_t version)
{
	const struct proposal *p = state_proposal(x->g, x->p->facts[version].proposal);
	for (size_t i = 0; p && i < p->n_consents; i++)
		add_entry(x, list, p->consents[i].entry == p->number ? "proposed and consented" : "consented",
			p->consents[i].entry);
}

struct off_list {
	const struct explain *x;
	json_t *list;
};

static void take_off(void *context, const struct off_told *off)
{
	const struct off_list *to = context;
	const char *did =
		off->at_publication ? off->key->side ? "turned off" : "stopped by a file" : "had off";
	add_entry(to->x, to->list, did, off->began_by);
	if (!off->at_publication && off->ended_by)
		add_entry(to->x, to->list, "turned on again", off->ended_by);
}

static const char *rule_of(const struct rule_answer *best)
{
	return best ? best->rule->name : NULL;
}

static void add_offs(
	const struct explain *x, json_t *list, const char *agreement, const struct rule_answer *best)
{
	const struct off_question q = {.agreement = agreement,
		.rule = rule_of(best),
		.camera = x->decision.camera ? x->decision.camera->id : NULL,
		.class = x->q->class,
		.captured = x->q->captured,
		.published = x->q->published};
	if (!ok(policy_offs_tell(&x->known, &q, take_off, &(struct off_list){x, list})))
		abort();
}

/* The latest turn of every switch over the camera under the rule that is on, on either side. */
static void add_ons(
	const struct explain *x, json_t *list, const char *agreement, const struct rule_answer *best)
{
	for (size_t i = 0; i < x->known.n_switches; i++) {
		const struct switch_event *e = &x->known.switches[i];
		bool latest = e->position == SWITCH_ON;
		for (size_t k = i + 1; latest && k < x->known.n_switches; k++)
			latest = !switch_key_equal(&e->key, &x->known.switches[k].key);
		if (!latest || (e->key.agreement && strcmp(e->key.agreement, agreement) != 0) ||
			(e->key.rule && strcmp(e->key.rule, best->rule->name) != 0) ||
			(e->key.classes && !(e->key.classes & x->q->class)) ||
			!switch_key_lists(&e->key, x->decision.camera->id))
			continue;
		add_entry(x, list, "turned on", e->entry);
	}
}

/* The register in force then, and the number of its entry; NULL: none yet. */
static const struct camera_register *register_then(const struct explain *x, struct utc_ms at, uint64_t *entry)
{
	const struct camera_register *found = NULL;
	for (size_t i = 0; i < x->p->n_registers && x->p->registers[i].from.v <= at.v; i++) {
		found = x->p->registers[i].cameras;
		*entry = x->p->register_entries[i];
	}
	return found;
}

/* --- why not --- */

struct why {
	const struct explain *x;
	size_t version; /* the one at publication */
	const struct rule_answer *best;
	json_t *entries;
	struct buffer *words;
};

static const char *const state_names[] = {"unknown", "offered", "commissioning", "live", "retired"};

static void why_register(const struct why *w)
{
	const struct explain_question *q = w->x->q;
	const struct {
		const char *when;
		struct utc_ms at;
	} times[] = {{"captured", q->captured}, {"to be published", q->published}};
	for (size_t i = 0; i < 2; i++) {
		uint64_t entry = 0;
		const struct camera_register *r = register_then(w->x, times[i].at, &entry);
		const struct camera *c = r ? register_find(r, span_text(q->camera)) : NULL;
		if (c && c->state == CAMERA_LIVE)
			continue;
		if (!r)
			text_add(w->words, "%sthere was no register when it was %s", w->words->n ? "; " : "",
				times[i].when);
		else
			text_add(w->words, "%sthe register that held when it was %s %s%s",
				w->words->n ? "; " : "", times[i].when, c ? "said " : "had no such camera",
				c ? state_names[c->state <= CAMERA_RETIRED ? c->state : 0] : "");
		add_entry(w->x, w->entries, "registered", entry);
	}
}

/* Not in force at capture or at publication: which of them, and by which entry or date. */
static void why_not_in_force(const struct why *w)
{
	const struct explain_question *q = w->x->q;
	const struct policy_agreement_version *v = &w->x->p->agreements[w->version];
	const struct agreement_facts *f = &w->x->p->facts[w->version];
	if (v->agreed.v > q->captured.v) {
		text_add(w->words, "agreed only at %s", CLOCK_TEXT(v->agreed));
		add_consents(w->x, w->entries, w->version);
	} else if (q->captured.v < v->agreement->from.v) {
		text_add(w->words, "valid only from %s", CLOCK_TEXT(v->agreement->from));
	} else if (v->ended.v && v->ended.v <= q->published.v) {
		text_add(w->words, "%s at %s", f->withdrawn ? "withdrawn" : "replaced", CLOCK_TEXT(v->ended));
		add_entry(w->x, w->entries, "withdrew", f->withdrawn);
	} else {
		text_add(w->words, "valid until %s", CLOCK_TEXT(v->agreement->until));
	}
}

static void why_hours(const struct why *w)
{
	const struct rule *rule = w->best->rule;
	text_add(w->words, "rule %s shares ", rule->name);
	if (!rule->has_hours)
		text_add(w->words, "at other hours in another version");
	else if (!ok(rule_hours_print(rule, w->words)) ||
		 !ok(buffer_append_text(w->words, "; it was captured ")) ||
		 !ok(rule_local_print(rule, w->x->q->captured, w->words)))
		abort();
	text_add(w->words, rule->has_hours ? " there" : "");
	add_consents(w->x, w->entries, w->version);
}

static void why_limits(const struct why *w, enum reason reason)
{
	const struct agreement *a = w->x->p->agreements[w->version].agreement;
	int64_t ms = reason == REASON_TOO_OLD ? a->max_age_ms : a->max_future_ms;
	text_add(w->words, "reads may be %lld s %s when they arrive", (long long)(ms / 1000),
		reason == REASON_TOO_OLD ? "old" : "ahead");
	add_consents(w->x, w->entries, w->version);
}

static void why_off(const struct why *w, const char *words)
{
	text_add(w->words, "%s", words);
	add_offs(w->x, w->entries, w->x->p->agreements[w->version].agreement->id, w->best);
}

static void why_not(const struct why *w, enum reason reason)
{
	switch (reason) {
	case REASON_NOT_STARTED:
	case REASON_EXPIRED:
		why_not_in_force(w);
		return;
	case REASON_PARTNER_OFF:
	case REASON_RULE_OFF:
	case REASON_CAMERA_OFF:
	case REASON_CLASS_OFF:
		why_off(w, "off when it was to be published");
		return;
	case REASON_CAPTURED_WHILE_OFF:
		why_off(w, "off when it was captured, or within the clock bound of that");
		return;
	case REASON_NOT_IN_SCHEDULE:
		text_add(w->words, "no rule covers the camera: none named it when this was agreed");
		add_consents(w->x, w->entries, w->version);
		return;
	case REASON_UNKNOWN_CAMERA:
	case REASON_CAMERA_NOT_LIVE:
		why_register(w);
		return;
	case REASON_OUTSIDE_HOURS:
		why_hours(w);
		return;
	case REASON_TOO_OLD:
	case REASON_IN_FUTURE:
		why_limits(w, reason);
		return;
	case REASON_WRONG_KIND:
		text_add(w->words, "reads of this kind are not shared");
		add_consents(w->x, w->entries, w->version);
		return;
	case REASON_UNSPECIFIED:
	case REASON_NO_AGREEMENT:
	case REASON_LOW_CONFIDENCE:
	case REASON_DUPLICATE:
	case REASON_COUNT:
		break;
	}
	text_add(w->words, "%s", reason_name(reason));
}

/* --- agreements --- */

static bool is_of(const struct rule_answer *answer, const char *agreement)
{
	return strcmp(answer->feed->agreement->id, agreement) == 0;
}

static json_t *rules_view(const struct explain *x, const char *agreement)
{
	json_t *list = json_array();
	for (size_t i = 0; i < x->answers.n; i++) {
		const struct rule_answer *a = &x->answers.items[i];
		CLEANUP(buffer_free) struct buffer hours = {0};
		if (!is_of(a, agreement))
			continue;
		if (a->rule->has_hours && !ok(rule_hours_print(a->rule, &hours)))
			abort();
		json_array_append_new(
			list, json_pack("{s:s, s:b, s:b, s:o, s:o}", "rule", a->rule->name, "covers",
				      a->covers, "shares", a->reason == REASON_UNSPECIFIED, "reason",
				      a->reason ? json_string(reason_name(a->reason)) : json_null(), "hours",
				      hours.n ? json_string(buffer_text(&hours)) : json_null()));
	}
	return list;
}

/* The rule that shares the class, else one that shares, else the covering one that got furthest, else any
 * that did. */
static const struct rule_answer *best_rule(const struct explain *x, const char *agreement)
{
	const struct rule_answer *best = NULL;
	int best_rank = -1;
	for (size_t i = 0; i < x->answers.n; i++) {
		const struct rule_answer *a = &x->answers.items[i];
		int rank = a->reason == REASON_UNSPECIFIED
				   ? 3 * REASON_COUNT + (a->classes & x->q->class ? 1 : 0)
				   : (int)a->reason + (a->covers ? REASON_COUNT : 0);
		if (!is_of(a, agreement) || rank <= best_rank)
			continue;
		best = a;
		best_rank = rank;
	}
	return best;
}

static unsigned classes_of(const struct explain *x, const char *agreement)
{
	for (unsigned i = 0; i < x->decision.n; i++)
		if (strcmp(x->decision.permits[i].feed->agreement->id, agreement) == 0)
			return x->decision.permits[i].classes;
	return 0;
}

static void why_shared(const struct why *w)
{
	const struct policy_agreement_version *v = &w->x->p->agreements[w->version];
	uint64_t entry = 0;
	text_add(w->words, "rule %s shares it", w->best->rule->name);
	add_consents(w->x, w->entries, w->version);
	add_ons(w->x, w->entries, v->agreement->id, w->best);
	if (register_then(w->x, w->x->q->published, &entry))
		add_entry(w->x, w->entries, "registered", entry);
}

static json_t *agreement_explain(const struct explain *x, size_t version)
{
	const struct agreement *a = x->p->agreements[version].agreement;
	const struct rule_answer *best = best_rule(x, a->id);
	unsigned classes = classes_of(x, a->id);
	bool shared = classes & x->q->class;
	CLEANUP(buffer_free) struct buffer words = {0};
	json_t *entries = json_array();
	const struct why w = {x, version, best, entries, &words};
	/* Without a rule's answer it was over long before, or is yet to be agreed. */
	enum reason reason = best                                                     ? best->reason
			     : x->p->agreements[version].agreed.v > x->q->published.v ? REASON_NOT_STARTED
										      : REASON_EXPIRED;
	if (shared && best)
		why_shared(&w);
	else if (classes)
		why_off(&w, a->share & x->q->class ? "images of this class are off"
						   : "images of this class are not shared");
	else
		why_not(&w, reason);
	if (classes && !shared)
		reason = REASON_CLASS_OFF;
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:s, s:o, s:o}", "agreement", a->id,
		"recipient", a->recipient, "topic", a->topic, "shared", shared, "reason",
		shared ? json_null() : json_string(reason_name(reason)), "rule", view_text(rule_of(best)),
		"classes", view_classes(classes), "because", buffer_text(&words), "rules",
		rules_view(x, a->id), "decided_by", entries);
}

/* Each agreement once, those agreed later included: they tell why not. */
static json_t *agreements_explain(const struct explain *x, bool *shared)
{
	json_t *list = json_array();
	for (size_t i = 0; i < x->p->n_agreements; i++) {
		size_t version = version_about(x, x->p->agreements[i].agreement->id, x->q->published);
		bool seen = false;
		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(x->p->agreements[k].agreement->id, x->p->agreements[i].agreement->id) ==
			       0;
		if (seen)
			continue;
		json_array_append_new(list, agreement_explain(x, version));
		*shared = *shared || json_is_true(json_object_get(
					     json_array_get(list, json_array_size(list) - 1), "shared"));
	}
	return list;
}

/* The last entry at or before. */
static uint64_t version_at(const struct governance *g, struct utc_ms at)
{
	uint64_t n = g->sequence;
	while (n > 0 && g->history[n - 1].time.v > at.v)
		n--;
	return n;
}

static const char *kind_name(enum read_kind kind)
{
	return kind == READ_KIND_HASHED_TAG ? "hashed_tag" : kind == READ_KIND_NO_PLATE ? "no_plate" : "vrm";
}

static json_t *explain_view(struct explain *x)
{
	const struct explain_question *q = x->q;
	bool shared = false;
	json_t *agreements = agreements_explain(x, &shared);
	const char *reason = x->decision.verdict == VERDICT_PERMIT ? reason_name(REASON_CLASS_OFF)
								   : reason_name(x->decision.reason);
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:I, s:b, s:o, s:o}", "partner", x->p->id,
		"camera", q->camera, "camera_id",
		view_text(x->decision.camera ? x->decision.camera->id : NULL), "captured",
		view_time(q->captured), "published", view_time(q->published), "kind", kind_name(q->kind),
		"class", view_text(view_class(q->class)), "policy_version",
		(json_int_t)version_at(x->g, q->published), "shared", shared, "reason",
		shared ? json_null() : json_string(reason), "agreements", agreements);
}

/* Decide it as it was known then, and hear every rule. */
static struct status decide(struct explain *x, struct arena *arena, struct policy_snapshot **snapshot)
{
	struct policy_partner_input now;
	const struct partner_policy *policy;
	partner_input(x->p, &now);
	TRY(policy_input_known(&now, x->q->published, arena, &x->known));
	TRY(snapshot_compile(&x->known, 1, x->g->sequence, x->q->published, snapshot));
	policy = snapshot_partner(*snapshot, span_text(x->p->id));
	policy_decide(policy, &x->read, x->q->published, x->q->published, &x->decision);
	policy_explain(policy, &x->read, x->q->published, x->q->published, take_answer, &x->answers);
	return S_OK;
}

char *governance_view_explain(const struct governance *g, const struct explain_question *q)
{
	struct arena arena CLEANUP(arena_free) = {.max = SIZE_MAX};
	struct policy_snapshot *snapshot = NULL;
	size_t partner = state_partner(g, q->partner);
	char *text = NULL;
	if (partner == NOWHERE)
		return NULL;
	struct explain x = {.g = g, .p = &g->partners[partner], .q = q};
	x.read = (struct read){.camera_id = span_text(q->camera),
		.captured_at = q->captured,
		.kind = q->kind,
		.has = READ_HAS_CONFIDENCE,
		.confidence = 1};
	if (ok(decide(&x, &arena, &snapshot)))
		text = view_finish(explain_view(&x));
	free(x.answers.items);
	snapshot_release(snapshot);
	return text;
}

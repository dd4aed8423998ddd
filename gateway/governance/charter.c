/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may speak here at all: organisations with their CAs and people, partners, node keys. What widens needs
 * consents; a body takes rights away from its own people alone and at once.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/plan.h"

#include "gateway/base/pem.h"

#include <stdlib.h>

bool charter_is(Anpr__V1__DocumentKind kind)
{
	return kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_ORGANISATION ||
	       kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_PARTNER ||
	       kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_NODE_KEY;
}

static enum charter_kind kind_of(Anpr__V1__DocumentKind kind)
{
	if (kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_ORGANISATION)
		return CHARTER_ORGANISATION;
	return kind == ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_PARTNER ? CHARTER_PARTNER : CHARTER_NODE_KEY;
}

/* --- who is asked --- */

static bool lists(char *const *items, size_t n, const char *want)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(items[i], want) == 0)
			return true;
	return false;
}

/* Agreements that are alive, of one partner (NOWHERE: of all), that `one` consents to (NULL: all) and `other`
 * too (NULL: all): is there any? */
static bool agreement_between(
	const struct governance *g, struct utc_ms at, size_t partner, const char *one, const char *other)
{
	for (size_t i = 0; i < g->n_partners; i++) {
		const struct partner *p = &g->partners[i];
		for (size_t k = 0; (partner == NOWHERE || partner == i) && k < p->n_agreements; k++) {
			const struct agreement *a = p->agreements[k].agreement;
			if (version_alive(&p->agreements[k], at) &&
				(!one || lists(a->consents, a->n_consents, one)) &&
				(!other || lists(a->consents, a->n_consents, other)))
				return true;
		}
	}
	return false;
}

static bool asks_about_partner(
	const struct governance *g, const struct charter *c, struct utc_ms at, const char *body)
{
	size_t i = state_partner(g, c->id);
	if (i == NOWHERE)
		return true;
	return strcmp(body, c->organisation) == 0 || strcmp(body, g->partners[i].organisation) == 0 ||
	       agreement_between(g, at, i, body, NULL);
}

bool charter_asks(const struct governance *g, const struct charter *c, struct utc_ms at,
	const struct organisation *body)
{
	if (!organisation_decides(body))
		return false; /* there is nobody to ask */
	switch (c->kind) {
	case CHARTER_ORGANISATION:
		return strcmp(body->id, c->id) == 0 || !agreement_between(g, at, NOWHERE, c->id, NULL) ||
		       agreement_between(g, at, NOWHERE, c->id, body->id);
	case CHARTER_PARTNER:
		return asks_about_partner(g, c, at, body->id);
	case CHARTER_NODE_KEY:
		return !agreement_between(g, at, NOWHERE, NULL, NULL) ||
		       agreement_between(g, at, NOWHERE, body->id, NULL);
	case CHARTER_NONE:
		break;
	}
	return false;
}

/* --- what would change --- */

static const struct person *person_of(const struct organisation *o, const char *subject)
{
	for (size_t i = 0; o && i < o->n_people; i++)
		if (strcmp(o->people[i].subject, subject) == 0)
			return &o->people[i];
	return NULL;
}

static unsigned roles_in(const struct charter *c, const char *subject)
{
	for (size_t i = 0; i < c->n_people; i++)
		if (strcmp(c->people[i].subject, subject) == 0)
			return c->people[i].roles;
	return 0;
}

struct people_difference {
	size_t gained, lost; /* people with a role they had not, with a role less */
	struct buffer words;
};

static void say_roles(struct buffer *words, const char *verb, const char *subject, unsigned roles)
{
	const char *between = "";
	text_add(words, "; %s %s as ", subject, verb);
	for (unsigned i = 1; i < 5; i++)
		if (roles & 1u << i) {
			text_add(words, "%s%s", between, charter_roles[i]);
			between = ", ";
		}
}

static void compare_person(struct people_difference *d, const char *subject, unsigned old, unsigned new)
{
	d->gained += (new & ~old) != 0;
	d->lost += (old & ~new) != 0;
	if (new & ~old)
		say_roles(&d->words, "comes in", subject, new & ~old);
	if (old & ~new)
		say_roles(&d->words, "is removed", subject, old & ~new);
}

static struct people_difference people_difference(const struct organisation *o, const struct charter *c)
{
	struct people_difference d = {0};
	for (size_t i = 0; o && i < o->n_people; i++)
		compare_person(
			&d, o->people[i].subject, o->people[i].roles, roles_in(c, o->people[i].subject));
	for (size_t i = 0; i < c->n_people; i++)
		if (!person_of(o, c->people[i].subject))
			compare_person(&d, c->people[i].subject, 0, c->people[i].roles);
	return d;
}

static bool ca_changes(const struct organisation *o, const struct charter *c)
{
	struct digest now;
	if (!c->ca)
		return false;
	return !o || pem_ca(buffer_span(&o->trust_root), &now) || !digest_equal(&now, &c->ca_identity);
}

/* A CA that two bodies have would let each speak for the other. */
static struct status ca_check(const struct governance *g, const struct charter *c, struct error *e)
{
	for (size_t i = 0; c->ca && i < g->n_organisations; i++) {
		const struct organisation *o = &g->organisations[i];
		if (strcmp(o->id, c->id) != 0 &&
			pem_ca_overlap(span_text(c->ca), buffer_span(&o->trust_root)))
			return state_refuse(e, "the CA of organisation %s is %s's", c->id, o->id);
	}
	return S_OK;
}

static struct status organisation_check(struct plan *p, const struct charter *c, struct error *e)
{
	const struct organisation *o = state_organisation(p->g, c->id);
	if (!o && !c->ca)
		return state_refuse(e, "organisation %s is new and has no CA: 'ca' is missing", c->id);
	TRY(ca_check(p->g, c, e));
	struct people_difference d = people_difference(o, c);
	bool ca = ca_changes(o, c);
	text_add(&p->effect, "organisation %s%s", c->id, o ? "" : " is new");
	if (ca)
		text_add(&p->effect, "; its CA is %s, SHA-256 %s", o ? "another" : "one of its own",
			DIGEST_TEXT(&c->ca_identity));
	text_add_bytes(&p->effect, buffer_span(&d.words));
	buffer_free(&d.words);
	return !o || ca || d.gained || d.lost ? S_OK : state_refuse(e, "it changes nothing of %s", c->id);
}

static bool same_subjects(const struct partner *p, const struct charter *c)
{
	bool same = p->n_push_subjects == c->n_push_subjects;
	for (size_t i = 0; same && i < c->n_push_subjects; i++)
		same = lists(p->push_subjects, p->n_push_subjects, c->push_subjects[i]);
	return same;
}

static struct status partner_check(struct plan *p, const struct charter *c, struct error *e)
{
	size_t i = state_partner(p->g, c->id);
	const struct partner *old = i == NOWHERE ? NULL : &p->g->partners[i];
	if (!state_organisation(p->g, c->organisation))
		return state_refuse(e, "%s is no organisation of this gateway", c->organisation);
	bool moves = old && strcmp(old->organisation, c->organisation) != 0;
	if (moves && partners_alive(old, p->at))
		return state_refuse(e,
			"partner %s cannot go to %s while it has an agreement: it has to be withdrawn first",
			c->id, c->organisation);
	if (old && !moves && same_subjects(old, c) && old->clock_bound_ms == c->clock_bound_ms)
		return state_refuse(e, "it changes nothing of %s", c->id);
	text_add(&p->effect, "partner %s%s of %s, %zu push subjects, clock bound %lld ms", c->id,
		old ? "" : " is new,", c->organisation, c->n_push_subjects, (long long)c->clock_bound_ms);
	if (old)
		plan_touch(p, i);
	return S_OK;
}

static size_t keys_valid(const struct governance *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->n_keys; i++)
		n += !g->key_facts[i].retired;
	return n;
}

static const char *key_name(char *to, const uint8_t key[32])
{
	return hex_format(to, span_of(key, 32));
}
#define KEY_NAME(key) key_name((char[65]){0}, key)

static struct status node_key_check(struct plan *p, const struct charter *c, struct error *e)
{
	size_t known = c->adds ? node_key_find(p->g, c->key) : NOWHERE;
	if (known != NOWHERE)
		return state_refuse(e, "the key is node %s's already, or was", p->g->key_facts[known].node);
	if (c->adds && p->g->n_keys >= KEYS_MAX)
		return state_refuse(e, "more than %d node keys", KEYS_MAX);
	if (c->retires && !governance_node_key_valid(p->g, c->id, c->retired))
		return state_refuse(e, "the key to be retired is none that node %s signs with", c->id);
	if (c->retires && !c->adds && keys_valid(p->g) == 1)
		return state_refuse(e, "it is the only key left: nothing could be recorded any more");
	text_add(&p->effect, "node %s", c->id);
	if (c->adds)
		text_add(&p->effect, "; may sign with key %s", KEY_NAME(c->key));
	if (c->retires)
		text_add(&p->effect, "; key %s is retired%s", KEY_NAME(c->retired),
			c->adds ? " by the first entry signed with the new one" : " at once");
	return S_OK;
}

struct status charter_check(struct plan *p, const struct charter *c, struct error *e)
{
	switch (c->kind) {
	case CHARTER_ORGANISATION:
		return organisation_check(p, c, e);
	case CHARTER_PARTNER:
		return partner_check(p, c, e);
	case CHARTER_NODE_KEY:
		return node_key_check(p, c, e);
	case CHARTER_NONE:
		break;
	}
	return state_refuse(e, "a charter about nothing");
}

/* --- propose --- */

/* The people there are, each with the roles that stay. */
static struct charter *charter_narrowed(const struct organisation *o, const struct charter *c)
{
	struct charter *n = memory_new(1, sizeof *n);
	n->kind = CHARTER_ORGANISATION;
	n->id = memory_text(c->id);
	n->people = memory_new(o->n_people, sizeof *n->people);
	for (size_t i = 0; i < o->n_people; i++) {
		unsigned roles = o->people[i].roles & roles_in(c, o->people[i].subject);
		if (roles)
			n->people[n->n_people++] =
				(struct charter_person){memory_text(o->people[i].subject), roles};
	}
	return n;
}

/* What only takes rights away from a body's own people needs nobody else, also where the rest has to wait. */
static void narrow_at_once(struct plan *p, const struct charter *c, bool *nothing_left)
{
	const struct organisation *o = state_organisation(p->g, c->id);
	if (c->kind != CHARTER_ORGANISATION || !o || strcmp(p->command->organisation, c->id) != 0)
		return;
	struct people_difference d = people_difference(o, c);
	*nothing_left = !d.gained && !ca_changes(o, c);
	if (d.lost)
		p->narrowed = charter_narrowed(o, c);
	buffer_free(&d.words);
}

static char *about_of(const struct charter *c)
{
	static const char *const words[] = {"", "organisation", "partner", "node"};
	struct buffer text = {0};
	text_add(&text, "%s %s", words[c->kind], c->id);
	char *about = memory_text(buffer_text(&text));
	buffer_free(&text);
	return about;
}

static struct status consents_judge(struct plan *p, struct error *e)
{
	struct proposal *new = p->proposal;
	bool nothing_left = false;
	narrow_at_once(p, new->charter, &nothing_left);
	if (nothing_left) {
		text_add(&p->effect, "; in force at once");
		proposal_free(new);
		p->proposal = NULL;
		return S_OK;
	}
	TRY(proposal_check_repeated(p, new, e));
	if (consents_complete(p, new)) {
		p->completes = true;
		p->enacts = new->charter;
		text_add(&p->effect, "; in force at once");
	} else if (p->narrowed) {
		text_add(&p->effect, "; what is removed is");
	}
	return S_OK;
}

struct status charter_judge(struct plan *p, struct span text, struct error *e)
{
	const Anpr__V1__DocumentRef *ref = p->command->propose->document;
	static const char *const actions[] = {
		"", "propose_organisation", "propose_partner", "propose_node_key"};
	struct charter *c = NULL;
	TRY(charter_parse(text, ref->name, kind_of(ref->kind), &c, e));
	p->action = actions[c->kind];
	p->about = about_of(c);
	p->proposal = proposal_new(
		p, c->kind == CHARTER_PARTNER ? state_partner(p->g, c->id) : NOWHERE, memory_text(p->about));
	p->proposal->charter = c;
	TRY(charter_check(p, c, e));
	if (!consent_needed(p->g, p->proposal, p->at, p->command->organisation))
		return state_refuse(e, "%s is none of the bodies that consent to a change of %s",
			p->command->organisation, p->about);
	return consents_judge(p, e);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The state's life, and looking things up in it.
 */
#include "gateway/governance/state.h"

#include "gateway/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct governance *governance_new(struct document_store *documents)
{
	struct governance *g = memory_new(1, sizeof *g);
	g->documents = documents;
	return g;
}

void switch_event_fini(struct switch_event *event)
{
	free((char *)event->key.side);
	free((char *)event->key.agreement);
	free((char *)event->key.rule);
	for (size_t i = 0; i < event->key.n_cameras; i++)
		free((char *)event->key.cameras[i]);
	free((void *)event->key.cameras);
}

void proposal_free(struct proposal *p)
{
	if (!p)
		return;
	free(p->organisation);
	free(p->subject);
	free(p->effect);
	free(p->trial);
	free(p->name);
	agreement_release(p->agreement);
	register_release(p->cameras);
	charter_free(p->charter);
	free(p->about);
	for (size_t i = 0; i < p->n_consents; i++) {
		free(p->consents[i].organisation);
		free(p->consents[i].subject);
	}
	free(p->consents);
	free(p);
}

static void organisation_fini(struct organisation *o)
{
	free(o->id);
	buffer_free(&o->trust_root);
	for (size_t i = 0; i < o->n_people; i++)
		free(o->people[i].subject);
	free(o->people);
	for (size_t i = 0; i < o->n_revoked; i++)
		revocation_list_free(o->revoked[i]);
	free(o->revoked);
	free(o->revoked_der);
}

static void partner_fini(struct partner *p)
{
	free(p->id);
	free(p->organisation);
	memory_free_texts(p->push_subjects, p->n_push_subjects);
	for (size_t i = 0; i < p->n_registers; i++)
		register_release((struct camera_register *)p->registers[i].cameras);
	free(p->registers);
	free(p->register_entries);
	for (size_t i = 0; i < p->n_agreements; i++) {
		agreement_release((struct agreement *)p->agreements[i].agreement);
		schedule_release((struct schedule *)p->agreements[i].schedule);
	}
	free(p->agreements);
	free(p->facts);
	struct switch_state *s = p->states;
	HASH_CLEAR(hh, p->states);
	while (s) {
		struct switch_state *next = s->hh.next;
		free(s);
		s = next;
	}
	for (size_t i = 0; i < p->n_switches; i++)
		switch_event_fini(&p->switches[i]);
	free(p->switches);
	memory_free_texts(p->selectors, p->n_switches);
}

static void history_free(struct governance *g)
{
	for (uint64_t i = 0; i < g->sequence; i++) {
		struct history *h = &g->history[i];
		free(h->node);
		free(h->organisation);
		free(h->subject);
		free(h->reason);
		free(h->effect);
		free(h->about);
		free(h->partners);
	}
	free(g->history);
	struct seen *s = g->seen;
	HASH_CLEAR(hh, g->seen);
	while (s) {
		struct seen *next = s->hh.next;
		free(s);
		s = next;
	}
}

void governance_free(struct governance *g)
{
	if (!g)
		return;
	history_free(g);
	for (size_t i = 0; i < g->n_organisations; i++)
		organisation_fini(&g->organisations[i]);
	for (size_t i = 0; i < g->n_partners; i++)
		partner_fini(&g->partners[i]);
	for (size_t i = 0; i < g->n_proposals; i++)
		proposal_free(g->proposals[i]);
	for (size_t i = 0; i < g->n_stops; i++) {
		free(g->stops[i].node);
		free(g->stops[i].partner);
	}
	for (size_t i = 0; i < g->n_pending; i++)
		free((void *)g->pending[i].partners);
	free(g->pending);
	for (size_t i = 0; i < g->n_keys; i++)
		free(g->key_facts[i].node);
	free(g->key_facts);
	free(g->organisations);
	free(g->partners);
	free(g->proposals);
	free(g->periods);
	free(g->stops);
	free(g->keys);
	free(g->partner_list);
	free(g->organisation_list);
	free(g->gateway);
	free(g);
}

struct status state_refuse(struct error *e, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	error_add(e, NULL, 0, 0, "%s", n < 0 ? "refused" : text);
	if (n >= 0)
		free(text);
	return S_REFUSED;
}

uint64_t governance_sequence(const struct governance *g)
{
	return g->sequence;
}

const struct digest *governance_head(const struct governance *g)
{
	return &g->head;
}

struct utc_ms governance_time(const struct governance *g)
{
	return g->time;
}

const struct organisation *state_organisation(const struct governance *g, const char *id)
{
	for (size_t i = 0; i < g->n_organisations; i++)
		if (strcmp(g->organisations[i].id, id) == 0)
			return &g->organisations[i];
	return NULL;
}

size_t state_partner(const struct governance *g, const char *id)
{
	for (size_t i = 0; i < g->n_partners; i++)
		if (strcmp(g->partners[i].id, id) == 0)
			return i;
	return NOWHERE;
}

const struct proposal *state_proposal(const struct governance *g, uint64_t number)
{
	for (size_t i = 0; i < g->n_proposals; i++)
		if (g->proposals[i]->number == number)
			return g->proposals[i];
	return NULL;
}

const struct history *state_history(const struct governance *g, uint64_t number)
{
	return number >= 1 && number <= g->sequence ? &g->history[number - 1] : NULL;
}

bool version_alive(const struct policy_agreement_version *v, struct utc_ms at)
{
	return v->ended.v == 0 && at.v < v->agreement->until.v;
}

size_t partner_agreement(const struct partner *p, const char *id, struct utc_ms at)
{
	for (size_t i = p->n_agreements; i-- > 0;)
		if (version_alive(&p->agreements[i], at) && strcmp(p->agreements[i].agreement->id, id) == 0)
			return i;
	return NOWHERE;
}

size_t partners_alive(const struct partner *p, struct utc_ms at)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n_agreements; i++)
		n += version_alive(&p->agreements[i], at);
	return n;
}

const struct camera_register *partner_register(const struct partner *p)
{
	return p->n_registers ? p->registers[p->n_registers - 1].cameras : NULL;
}

bool organisation_decides(const struct organisation *o)
{
	for (size_t i = 0; i < o->n_people; i++)
		if (o->people[i].roles & DECIDERS)
			return true;
	return false;
}

bool partner_has_side(const struct partner *p, const char *organisation, struct utc_ms at)
{
	if (strcmp(p->organisation, organisation) == 0)
		return true;
	for (size_t i = 0; i < p->n_agreements; i++)
		if (version_alive(&p->agreements[i], at) &&
			strcmp(p->agreements[i].agreement->recipient, organisation) == 0)
			return true;
	return false;
}

unsigned governance_roles(const struct governance *g, const char *organisation, const char *subject)
{
	const struct organisation *o = state_organisation(g, organisation);
	for (size_t i = 0; o && i < o->n_people; i++)
		if (strcmp(o->people[i].subject, subject) == 0)
			return o->people[i].roles;
	return 0;
}

size_t governance_partners(const struct governance *g, const struct governance_partner **out)
{
	*out = g->partner_list;
	return g->n_partners;
}

uint32_t governance_publishers(const struct governance *g)
{
	return g->publishers;
}

size_t governance_organisations(const struct governance *g, const struct governance_organisation **out)
{
	*out = g->organisation_list;
	return g->n_organisations;
}

uint64_t governance_gap_acknowledged(const struct governance *g, const char *partner, struct utc_ms *at)
{
	size_t i = state_partner(g, partner);
	if (i == NOWHERE)
		return 0;
	*at = g->partners[i].gap_at;
	return g->partners[i].gap_entry;
}

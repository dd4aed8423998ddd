/* SPDX-License-Identifier: Apache-2.0
 *
 * Carrying a plan out. Everything was judged, so nothing here may fail.
 */
#include "gateway/governance/plan.h"

#include "gateway/base/memory.h"
#include "gateway/governance/resolve.h"

#include <stdlib.h>

void plan_init(struct plan *p, const struct governance *g)
{
	*p = (struct plan){
		.g = g, .partner = NOWHERE, .replaces = NOWHERE, .withdraws = NOWHERE, .action = ""};
	p->touched = memory_new(g->n_partners, sizeof *p->touched);
}

void plan_fini(struct plan *p)
{
	free(p->touched);
	buffer_free(&p->effect);
	free(p->change);
	for (size_t i = 0; i < p->n_switches; i++) {
		switch_event_fini(&p->switches[i].event);
		free(p->switches[i].selectors);
	}
	free(p->switches);
	proposal_free(p->proposal);
	agreement_release(p->agreement);
	schedule_release(p->schedule);
	register_release(p->cameras);
	charter_free(p->narrowed);
	revocation_list_free(p->revokes);
	free(p->about);
	*p = (struct plan){0};
}

void plan_touch(struct plan *p, size_t partner)
{
	p->touched[partner] = true;
}

void plan_switch(struct plan *p, size_t partner, enum switch_position position, struct utc_ms at,
	struct utc_ms until, const struct switch_key *key, char *selectors)
{
	GROW(p->switches, p->n_switches);
	p->switches[p->n_switches++] = (struct planned_switch){
		.partner = partner,
		.event = {.at = at, .until = until, .position = position, .key = *key},
		.selectors = selectors,
	};
	plan_touch(p, partner);
}

static struct proposal *proposal_numbered(struct governance *g, uint64_t number)
{
	return (struct proposal *)state_proposal(g, number);
}

static void consent_add(struct proposal *to, const struct plan *p, uint64_t number)
{
	GROW(to->consents, to->n_consents);
	to->consents[to->n_consents++] =
		(struct consent){memory_text(p->command->organisation), memory_text(p->subject), number};
}

/* Other proposals about the same thing were made, and consented to, against what no longer is. */
static void supersede(struct governance *g, const struct proposal *but, size_t partner, const char *agreement)
{
	for (size_t i = 0; i < g->n_proposals; i++) {
		struct proposal *o = g->proposals[i];
		if (o == but || o->state != PROPOSAL_OPEN || o->partner != partner)
			continue;
		if (agreement ? o->agreement && strcmp(o->agreement->id, agreement) == 0 : o->cameras != NULL)
			o->state = PROPOSAL_SUPERSEDED;
	}
}

static void register_take(struct partner *to, struct plan *p, uint64_t number)
{
	GROW(to->register_entries, to->n_registers);
	GROW(to->registers, to->n_registers);
	to->register_entries[to->n_registers] = number;
	to->registers[to->n_registers++] = (struct policy_register_version){p->at, p->cameras};
	p->cameras = NULL;
}

static void agreement_take(struct partner *to, struct plan *p, uint64_t proposal, uint64_t number)
{
	if (p->replaces != NOWHERE)
		to->agreements[p->replaces].ended = p->at;
	GROW(to->facts, to->n_agreements);
	GROW(to->agreements, to->n_agreements);
	to->facts[to->n_agreements] = (struct agreement_facts){.proposal = proposal, .entry = number};
	to->agreements[to->n_agreements++] =
		(struct policy_agreement_version){p->at, {0}, p->agreement, p->schedule};
	p->agreement = NULL;
	p->schedule = NULL;
}

static void withdraw_take(struct governance *g, struct plan *p, struct partner *partner, uint64_t number)
{
	struct policy_agreement_version *v = &partner->agreements[p->withdraws];
	v->ended = p->accepted;
	partner->facts[p->withdraws].withdrawn = number;
	supersede(g, NULL, p->partner, v->agreement->id);
}

static void partner_take(struct governance *g, struct plan *p, const struct proposal *about, uint64_t number)
{
	struct partner *partner = &g->partners[p->partner];
	if (p->agreement && about) {
		supersede(g, about, p->partner, p->agreement->id);
		agreement_take(partner, p, about->number, number);
	}
	if (p->cameras) {
		supersede(g, about, p->partner, NULL);
		register_take(partner, p, number);
	}
	if (p->withdraws != NOWHERE)
		withdraw_take(g, p, partner, number);
	if (p->acknowledges) {
		partner->gap_entry = number;
		partner->gap_at = p->at;
	}
}

static void switches_take(struct governance *g, struct plan *p, uint64_t number)
{
	for (size_t i = 0; i < p->n_switches; i++) {
		p->switches[i].event.entry = number;
		switch_take(g, p->switches[i].partner, &p->switches[i].event, p->switches[i].selectors);
	}
	p->n_switches = 0;
}

/* The proposal that the plan makes or consents to; NULL = none. */
static struct proposal *proposal_take(struct governance *g, struct plan *p, uint64_t number)
{
	struct proposal *about = p->proposal;
	if (about) {
		about->number = number;
		g->proposals = memory_grow(g->proposals, g->n_proposals, sizeof(struct proposal *));
		g->proposals[g->n_proposals++] = about;
		p->proposal = NULL;
	} else if (p->consents_to) {
		about = proposal_numbered(g, p->consents_to);
	}
	if (!about)
		return NULL;
	consent_add(about, p, number);
	if (p->completes)
		about->state = PROPOSAL_EFFECTIVE;
	return about;
}

void plan_execute(struct governance *g, struct plan *p, uint64_t number)
{
	const struct proposal *about = proposal_take(g, p, number);
	struct proposal *closed = p->closes ? proposal_numbered(g, p->closes) : NULL;
	if (closed)
		closed->state = PROPOSAL_REFUSED;
	if (p->partner != NOWHERE)
		partner_take(g, p, about, number);
	switches_take(g, p, number);
	charter_take(g, p, number);
}

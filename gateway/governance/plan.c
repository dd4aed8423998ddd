/* SPDX-License-Identifier: Apache-2.0
 *
 * Carrying a plan out. Everything was judged, so nothing here may fail.
 */
#include "gateway/governance/plan.h"

#include "gateway/governance/memory.h"
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
	for (size_t i = 0; i < p->n_switches; i++) {
		switch_event_fini(&p->switches[i].event);
		free(p->switches[i].selectors);
	}
	free(p->switches);
	proposal_free(p->proposal);
	agreement_release(p->agreement);
	schedule_release(p->schedule);
	register_release(p->cameras);
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
	return (struct proposal *)(uintptr_t)state_proposal(g, number);
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

static void withdraw_take(struct governance *g, struct plan *p, uint64_t number)
{
	struct partner *partner = &g->partners[p->partner];
	struct policy_agreement_version *v = &partner->agreements[p->withdraws];
	v->ended = p->accepted;
	partner->facts[p->withdraws].withdrawn = number;
	supersede(g, NULL, p->partner, v->agreement->id);
}

static void effects_take(struct governance *g, struct plan *p, const struct proposal *about, uint64_t number)
{
	struct partner *partner = p->partner != NOWHERE ? &g->partners[p->partner] : NULL;
	if (p->agreement) {
		supersede(g, about, p->partner, p->agreement->id);
		agreement_take(partner, p, about->number, number);
	}
	if (p->cameras) {
		supersede(g, about, p->partner, NULL);
		register_take(partner, p, number);
	}
	if (p->withdraws != NOWHERE)
		withdraw_take(g, p, number);
	if (p->acknowledges) {
		partner->gap_entry = number;
		partner->gap_at = p->at;
	}
	for (size_t i = 0; i < p->n_switches; i++) {
		p->switches[i].event.entry = number;
		switch_take(g, p->switches[i].partner, &p->switches[i].event, p->switches[i].selectors);
	}
	p->n_switches = 0;
}

void plan_execute(struct governance *g, struct plan *p, uint64_t number)
{
	struct proposal *about = NULL;
	if (p->proposal) {
		about = p->proposal;
		about->number = number;
		GROW(g->proposals, g->n_proposals);
		g->proposals[g->n_proposals++] = about;
		p->proposal = NULL;
	} else if (p->consents_to) {
		about = proposal_numbered(g, p->consents_to);
	}
	if (about)
		consent_add(about, p, number);
	if (p->closes)
		proposal_numbered(g, p->closes)->state = PROPOSAL_REFUSED;
	if (p->completes)
		about->state = PROPOSAL_EFFECTIVE;
	effects_take(g, p, about, number);
}

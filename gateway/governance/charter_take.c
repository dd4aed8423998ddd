/* SPDX-License-Identifier: Apache-2.0
 *
 * Organisations, partners, node keys and revocation lists taken into the state. Everything was judged.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/plan.h"

#include <stdlib.h>

/* Lists that the CAs of now have not signed are no longer anybody's. */
static void revoked_keep(struct organisation *o)
{
	size_t kept = 0;
	for (size_t i = 0; i < o->n_revoked; i++) {
		if (!revocation_list_issued_by(o->revoked[i], buffer_span(&o->trust_root))) {
			revocation_list_free(o->revoked[i]);
			continue;
		}
		o->revoked_der[kept] = o->revoked_der[i];
		o->revoked[kept++] = o->revoked[i];
	}
	o->n_revoked = kept;
}

static void people_take(struct organisation *o, const struct charter *c)
{
	for (size_t i = 0; i < o->n_people; i++)
		free(o->people[i].subject);
	free(o->people);
	o->people = memory_new(c->n_people, sizeof *o->people);
	o->n_people = c->n_people;
	for (size_t i = 0; i < c->n_people; i++)
		o->people[i] = (struct person){memory_text(c->people[i].subject), c->people[i].roles};
}

static void organisation_take(struct governance *g, const struct charter *c, uint64_t number)
{
	struct organisation *o = (struct organisation *)state_organisation(g, c->id);
	if (!o) {
		GROW(g->organisations, g->n_organisations);
		o = &g->organisations[g->n_organisations++];
		*o = (struct organisation){.id = memory_text(c->id)};
	}
	if (c->ca) {
		buffer_free(&o->trust_root);
		text_add_bytes(&o->trust_root, span_text(c->ca));
		revoked_keep(o);
	}
	people_take(o, c);
	o->entry = number;
}

static void partner_take(struct governance *g, const struct charter *c, uint64_t number)
{
	size_t i = state_partner(g, c->id);
	if (i == NOWHERE) {
		GROW(g->partners, g->n_partners);
		i = g->n_partners++;
		g->partners[i] = (struct partner){.id = memory_text(c->id)};
	}
	struct partner *p = &g->partners[i];
	free(p->organisation);
	memory_free_texts(p->push_subjects, p->n_push_subjects);
	p->organisation = memory_text(c->organisation);
	p->clock_bound_ms = c->clock_bound_ms;
	p->push_subjects = memory_new(c->n_push_subjects, sizeof *p->push_subjects);
	p->n_push_subjects = c->n_push_subjects;
	for (size_t k = 0; k < c->n_push_subjects; k++)
		p->push_subjects[k] = memory_text(c->push_subjects[k]);
	p->entry = number;
}

static void node_key_take(struct governance *g, const struct charter *c, uint64_t number)
{
	size_t old = c->retires ? node_key_find(g, c->retired) : NOWHERE;
	if (c->adds)
		node_key_add(g, c->id, c->key, number, old);
	else
		g->key_facts[old].retired = number;
}

static void take(struct governance *g, const struct charter *c, uint64_t number)
{
	switch (c->kind) {
	case CHARTER_ORGANISATION:
		organisation_take(g, c, number);
		break;
	case CHARTER_PARTNER:
		partner_take(g, c, number);
		break;
	case CHARTER_NODE_KEY:
		node_key_take(g, c, number);
		break;
	case CHARTER_NONE:
		break;
	}
}

static void revocation_take(struct governance *g, struct plan *p)
{
	struct organisation *o = (struct organisation *)state_organisation(g, p->command->organisation);
	size_t i = 0;
	while (i < o->n_revoked && !revocation_list_same_issuer(o->revoked[i], p->revokes))
		i++;
	if (i == o->n_revoked) {
		GROW(o->revoked, o->n_revoked);
		GROW(o->revoked_der, o->n_revoked);
		o->n_revoked++;
	} else {
		revocation_list_free(o->revoked[i]);
	}
	o->revoked[i] = p->revokes;
	o->revoked_der[i] = revocation_list_der(p->revokes);
	p->revokes = NULL;
}

/* What else is proposed about it was consented to against what no longer is. */
static void overtake(struct governance *g, const struct charter *but, const char *about)
{
	for (size_t i = 0; i < g->n_proposals; i++) {
		struct proposal *o = g->proposals[i];
		if (o->state == PROPOSAL_OPEN && o->charter && o->charter != but &&
			strcmp(o->about, about) == 0)
			o->state = PROPOSAL_SUPERSEDED;
	}
}

void charter_take(struct governance *g, struct plan *p, uint64_t number)
{
	const struct charter *own = p->enacts;
	if (p->narrowed) {
		take(g, p->narrowed, number);
		/* one made by the same command is about the rest */
		for (size_t i = 0; !own && i < g->n_proposals; i++)
			if (g->proposals[i]->number == number)
				own = g->proposals[i]->charter;
	}
	if (p->enacts)
		take(g, p->enacts, number);
	if (p->narrowed || p->enacts)
		overtake(g, own, p->about);
	if (p->revokes)
		revocation_take(g, p);
	if (p->narrowed || p->enacts || p->about)
		lists_make(g);
}

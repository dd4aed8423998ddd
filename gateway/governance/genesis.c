/* SPDX-License-Identifier: Apache-2.0
 *
 * The first entry: who there is. And the same list made from a configuration held against it later: what was
 * decided since rules, whatever the configuration still says.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/state.h"
#include "gateway/record/form.h"

#include <stdlib.h>

#define CLOCK_BOUND_MS 2000 /* unless agreed otherwise */

static struct status organisations_judge(const Anpr__V1__Genesis *s, struct error *e)
{
	for (size_t i = 0; i < s->n_organisations; i++) {
		const Anpr__V1__Organisation *o = s->organisations[i];
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->organisations[k]->id, o->id) == 0)
				return state_refuse(e, "organisation %s twice", o->id);
		for (size_t k = 0; k < o->n_people; k++)
			for (size_t m = 0; m < k; m++)
				if (strcmp(o->people[m]->subject, o->people[k]->subject) == 0)
					return state_refuse(
						e, "%s of %s twice", o->people[k]->subject, o->id);
	}
	return S_OK;
}

static bool has_organisation(const Anpr__V1__Genesis *s, const char *id)
{
	for (size_t i = 0; i < s->n_organisations; i++)
		if (strcmp(s->organisations[i]->id, id) == 0)
			return true;
	return false;
}

static struct status partners_judge(const Anpr__V1__Genesis *s, struct error *e)
{
	for (size_t i = 0; i < s->n_partners; i++) {
		const Anpr__V1__Partner *p = s->partners[i];
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->partners[k]->id, p->id) == 0)
				return state_refuse(e, "partner %s twice", p->id);
		if (!has_organisation(s, p->organisation))
			return state_refuse(
				e, "partner %s is of %s, which is no organisation", p->id, p->organisation);
	}
	return S_OK;
}

struct status genesis_judge(const Anpr__V1__Genesis *s, struct error *e)
{
	TRY(organisations_judge(s, e));
	TRY(partners_judge(s, e));
	if (s->n_node_keys > KEYS_MAX)
		return state_refuse(e, "more than %d node keys", KEYS_MAX);
	for (size_t i = 0; i < s->n_node_keys; i++)
		for (size_t k = 0; k < i; k++)
			if (span_equal(span_binary(s->node_keys[k]->public_key),
				    span_binary(s->node_keys[i]->public_key)))
				return state_refuse(e, "the same key for two nodes");
	return S_OK;
}

static unsigned role_bits(const Anpr__V1__Person *p)
{
	unsigned bits = 0;
	for (size_t i = 0; i < p->n_roles; i++)
		bits |= ROLE_BIT(p->roles[i]);
	return bits;
}

static void organisation_take(struct organisation *to, const Anpr__V1__Organisation *from)
{
	*to = (struct organisation){0};
	to->id = memory_text(from->id);
	text_add_bytes(&to->trust_root, span_binary(from->trust_root));
	to->people = memory_new(from->n_people, sizeof *to->people);
	to->n_people = from->n_people;
	for (size_t i = 0; i < from->n_people; i++)
		to->people[i] =
			(struct person){memory_text(from->people[i]->subject), role_bits(from->people[i])};
}

static int64_t clock_bound(const Anpr__V1__Partner *p)
{
	return p->clock_bound_ms ? (int64_t)p->clock_bound_ms : CLOCK_BOUND_MS;
}

static void partner_take(struct partner *to, const Anpr__V1__Partner *from)
{
	*to = (struct partner){0};
	to->id = memory_text(from->id);
	to->organisation = memory_text(from->organisation);
	to->clock_bound_ms = clock_bound(from);
	to->push_subjects = memory_new(from->n_push_subjects, sizeof *to->push_subjects);
	to->n_push_subjects = from->n_push_subjects;
	for (size_t i = 0; i < from->n_push_subjects; i++)
		to->push_subjects[i] = memory_text(from->push_subjects[i]);
}

void lists_make(struct governance *g)
{
	free(g->partner_list);
	free(g->organisation_list);
	g->partner_list = memory_new(g->n_partners, sizeof *g->partner_list);
	for (size_t i = 0; i < g->n_partners; i++) {
		const struct partner *p = &g->partners[i];
		g->partner_list[i] = (struct governance_partner){p->id, p->organisation, p->clock_bound_ms,
			(const char *const *)p->push_subjects, p->n_push_subjects};
	}
	g->organisation_list = memory_new(g->n_organisations, sizeof *g->organisation_list);
	for (size_t i = 0; i < g->n_organisations; i++)
		g->organisation_list[i] = (struct governance_organisation){g->organisations[i].id,
			buffer_span(&g->organisations[i].trust_root), g->organisations[i].revoked_der,
			g->organisations[i].n_revoked};
}

void genesis_execute(struct governance *g, const Anpr__V1__Genesis *s)
{
	g->gateway = memory_text(s->gateway);
	g->publishers = s->publishers;
	for (size_t i = 0; i < s->n_organisations; i++) {
		GROW(g->organisations, i);
		organisation_take(&g->organisations[g->n_organisations++], s->organisations[i]);
	}
	for (size_t i = 0; i < s->n_partners; i++) {
		GROW(g->partners, i);
		partner_take(&g->partners[g->n_partners++], s->partners[i]);
	}
	for (size_t i = 0; i < s->n_node_keys; i++)
		node_key_add(g, s->node_keys[i]->node, s->node_keys[i]->public_key.data, 1, NOWHERE);
	lists_make(g);
}

/* --- the configuration against the journal --- */

static void people_match(const struct governance *g, const struct organisation *o,
	const Anpr__V1__Organisation *s, struct error *e)
{
	for (size_t i = 0; i < s->n_people; i++)
		if (governance_roles(g, o->id, s->people[i]->subject) != role_bits(s->people[i]))
			error_add(e, NULL, 0, 0, "organisation %s: %s has other roles in the journal", o->id,
				s->people[i]->subject);
	for (size_t i = 0; i < o->n_people; i++) {
		bool found = false;
		for (size_t k = 0; k < s->n_people; k++)
			found |= strcmp(s->people[k]->subject, o->people[i].subject) == 0;
		if (!found)
			error_add(e, NULL, 0, 0, "organisation %s: %s is in the journal only", o->id,
				o->people[i].subject);
	}
}

static void organisations_match(const struct governance *g, const Anpr__V1__Genesis *s, struct error *e)
{
	for (size_t i = 0; i < s->n_organisations; i++) {
		const struct organisation *o = state_organisation(g, s->organisations[i]->id);
		if (!o) {
			error_add(e, NULL, 0, 0,
				"organisation %s is not in the journal: it has to be proposed (anprctl "
				"propose)",
				s->organisations[i]->id);
			continue;
		}
		if (o->entry)
			continue; /* changed by consent since: the journal rules */
		if (!span_equal(buffer_span(&o->trust_root), span_binary(s->organisations[i]->trust_root)))
			error_add(e, NULL, 0, 0, "organisation %s has another trust root in the journal",
				o->id);
		people_match(g, o, s->organisations[i], e);
	}
	for (size_t i = 0; i < g->n_organisations; i++)
		if (!g->organisations[i].entry && !has_organisation(s, g->organisations[i].id))
			error_add(e, NULL, 0, 0, "organisation %s is in the journal only",
				g->organisations[i].id);
}

static bool same_subjects(const struct partner *p, const Anpr__V1__Partner *s)
{
	size_t found = 0;
	for (size_t i = 0; i < p->n_push_subjects; i++)
		for (size_t k = 0; k < s->n_push_subjects; k++)
			if (strcmp(p->push_subjects[i], s->push_subjects[k]) == 0) {
				found++;
				break;
			}
	return p->n_push_subjects == s->n_push_subjects && found == s->n_push_subjects;
}

static void partners_match(const struct governance *g, const Anpr__V1__Genesis *s, struct error *e)
{
	size_t known = 0, first = 0;
	for (size_t i = 0; i < g->n_partners; i++)
		first += !g->partners[i].entry;
	for (size_t i = 0; i < s->n_partners; i++) {
		size_t at = state_partner(g, s->partners[i]->id);
		if (at == NOWHERE) {
			error_add(e, NULL, 0, 0,
				"partner %s is not in the journal: it has to be proposed (anprctl propose)",
				s->partners[i]->id);
			continue;
		}
		const struct partner *p = &g->partners[at];
		if (p->entry)
			continue; /* changed by consent since: the journal rules */
		known++;
		if (strcmp(p->organisation, s->partners[i]->organisation) != 0)
			error_add(
				e, NULL, 0, 0, "partner %s is of %s in the journal", p->id, p->organisation);
		if (p->clock_bound_ms != clock_bound(s->partners[i]))
			error_add(e, NULL, 0, 0, "partner %s has a clock bound of %lld ms in the journal",
				p->id, (long long)p->clock_bound_ms);
		if (!same_subjects(p, s->partners[i]))
			error_add(e, NULL, 0, 0, "partner %s has other push subjects in the journal", p->id);
	}
	if (known < first)
		error_add(e, NULL, 0, 0, "%zu partners are in the journal only", first - known);
}

/* A node that signed with a key nobody knows would break the journal for all. */
static void keys_match(const struct governance *g, const Anpr__V1__Genesis *s, struct error *e)
{
	for (size_t i = 0; i < s->n_node_keys; i++) {
		const char *node = s->node_keys[i]->node;
		size_t at = node_key_find(g, s->node_keys[i]->public_key.data);
		if (at == NOWHERE)
			error_add(e, NULL, 0, 0,
				"the signing key of node %s is not in the journal: it has to be proposed "
				"(anprctl "
				"propose)",
				node);
		else if (strcmp(g->key_facts[at].node, node) != 0)
			error_add(e, NULL, 0, 0, "the key of node %s is node %s's in the journal", node,
				g->key_facts[at].node);
		else if (g->key_facts[at].retired)
			error_add(e, NULL, 0, 0, "the signing key of node %s was retired by entry %llu", node,
				(unsigned long long)g->key_facts[at].retired);
	}
}

struct status governance_matches(
	const struct governance *g, const Anpr__V1__Genesis *genesis, struct error *e)
{
	if (g->sequence == 0)
		return S_OK;
	struct error found = {0};
	struct error *into = e ? e : &found;
	size_t before = into->n + into->more;
	organisations_match(g, genesis, into);
	partners_match(g, genesis, into);
	keys_match(g, genesis, into);
	if (genesis->publishers && genesis->publishers != g->publishers)
		error_add(into, NULL, 0, 0, "the journal has %u publishers", g->publishers);
	bool same = into->n + into->more == before;
	error_free(&found);
	return same ? S_OK : S_REFUSED;
}

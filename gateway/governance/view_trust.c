/* SPDX-License-Identifier: Apache-2.0
 *
 * Who there is, as JSON: one object of
 *
 * gateway, organisations [id, trust_root (PEM), identity (SHA-256 over its certificates), people [subject,
 * roles
 * []], revoked (certificates, by the lists in force), entry (the newest that changed it) | null], partners
 * [id, organisation, push_subjects [], clock_bound_ms, entry | null], node_keys [node, key (hexadecimal),
 * since, retired (entries) | null]
 *
 * and who asks: organisation, subject, roles [], signs (false: what comes over a connection bears no
 * signature).
 */
#include "gateway/governance/view.h"

#include "gateway/base/memory.h"
#include "gateway/base/pem.h"

static json_t *roles_view(unsigned roles)
{
	json_t *list = json_array();
	for (unsigned i = 1; i < 5; i++)
		if (roles & 1u << i)
			json_array_append_new(list, json_string(charter_roles[i]));
	return list;
}

static json_t *organisation_view(const struct organisation *o)
{
	struct buffer root = o->trust_root;
	struct digest identity;
	bool readable = !pem_ca(buffer_span(&o->trust_root), &identity);
	json_t *people = json_array();
	size_t revoked = 0;
	for (size_t i = 0; i < o->n_people; i++)
		json_array_append_new(people, json_pack("{s:s, s:o}", "subject", o->people[i].subject,
						      "roles", roles_view(o->people[i].roles)));
	for (size_t i = 0; i < o->n_revoked; i++)
		revoked += revocation_list_count(o->revoked[i]);
	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:o}", "id", o->id, "trust_root", buffer_text(&root),
		"identity", view_text(readable ? DIGEST_TEXT(&identity) : NULL), "people", people, "revoked",
		(json_int_t)revoked, "entry", view_number(o->entry));
}

static json_t *partner_view(const struct partner *p)
{
	return json_pack("{s:s, s:s, s:o, s:I, s:o}", "id", p->id, "organisation", p->organisation,
		"push_subjects", view_texts(p->push_subjects, p->n_push_subjects), "clock_bound_ms",
		(json_int_t)p->clock_bound_ms, "entry", view_number(p->entry));
}

static json_t *key_view(const struct governance *g, size_t i)
{
	const struct key_facts *f = &g->key_facts[i];
	return json_pack("{s:s, s:s, s:I, s:o}", "node", f->node, "key",
		hex_format((char[65]){0}, span_of(g->keys[i], 32)), "since", (json_int_t)f->since, "retired",
		view_number(f->retired));
}

char *governance_view_trust(const struct governance *g)
{
	json_t *organisations = json_array(), *partners = json_array(), *keys = json_array();
	for (size_t i = 0; i < g->n_organisations; i++)
		json_array_append_new(organisations, organisation_view(&g->organisations[i]));
	for (size_t i = 0; i < g->n_partners; i++)
		json_array_append_new(partners, partner_view(&g->partners[i]));
	for (size_t i = 0; i < g->n_keys; i++)
		json_array_append_new(keys, key_view(g, i));
	return view_finish(json_pack("{s:o, s:o, s:o, s:o}", "gateway", view_text(g->gateway),
		"organisations", organisations, "partners", partners, "node_keys", keys));
}

char *governance_view_whoami(const struct governance *g, const char *organisation, const char *subject)
{
	return view_finish(json_pack("{s:s, s:s, s:o, s:b}", "organisation", organisation, "subject", subject,
		"roles", roles_view(governance_roles(g, organisation, subject)), "signs", 0));
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Drafts: parsed by the parsers of proposals, compiled by the compiler of policy, for nobody but a trial.
 */
#include "gateway/governance/draft.h"

#include "gateway/base/memory.h"
#include "gateway/governance/plan.h"
#include "gateway/text/text.h"

#include <stdlib.h>

static bool has(char *const *list, size_t n, const char *organisation)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], organisation) == 0)
			return true;
	return false;
}

/* Whether the body would be asked to consent to it, or is the partner's own. */
static bool is_concerned(
	const struct partner *p, const struct agreement *a, const char *organisation, struct utc_ms now)
{
	bool concerned = strcmp(p->organisation, organisation) == 0;
	if (a)
		return concerned || has(a->consents, a->n_consents, organisation);
	for (size_t i = 0; i < p->n_agreements && !concerned; i++) {
		const struct policy_agreement_version *v = &p->agreements[i];
		concerned = version_alive(v, now) &&
			    has(v->agreement->consents, v->agreement->n_consents, organisation);
	}
	return concerned;
}

static struct status judge(const struct governance *g, const struct draft_ask *ask, const struct draft *d,
	size_t *partner, struct utc_ms now, struct error *e)
{
	*partner = state_partner(g, d->agreement ? d->agreement->partner : ask->partner);
	if (*partner == NOWHERE)
		return state_refuse(e, "%s is no partner of this gateway",
			d->agreement ? d->agreement->partner : ask->partner);
	if (!(governance_roles(g, ask->organisation, ask->subject) & DECIDERS))
		return state_refuse(e, "%s of %s is neither policy-admin nor controller", ask->subject,
			ask->organisation);
	if (!is_concerned(&g->partners[*partner], d->agreement, ask->organisation, now))
		return state_refuse(
			e, "%s is not among the bodies that the draft concerns", ask->organisation);
	if (d->agreement && !partner_register(&g->partners[*partner]))
		return state_refuse(
			e, "%s has no register yet, so nothing can be covered", g->partners[*partner].id);
	return S_OK;
}

/* The agreement alone, since ever, and nothing off. */
static struct status compile_agreement(const struct partner *p, struct draft *d, struct utc_ms now)
{
	struct policy_register_version registers = {.cameras = partner_register(p)};
	struct policy_agreement_version version = {.agreement = d->agreement};
	struct policy_partner_input in;
	struct schedule *schedule = NULL;
	if (d->agreement->from.v > now.v)
		d->agreement->from.v = 0;
	TRY(schedule_resolve(d->agreement, registers.cameras, &schedule));
	version.schedule = schedule;
	partner_input(p, &in);
	in.registers = &registers;
	in.agreements = &version;
	in.n_registers = in.n_agreements = 1;
	in.n_switches = 0;
	d->cameras = register_hold(registers.cameras);
	struct status s = snapshot_compile(&in, 1, 1, now, &d->snapshot);
	schedule_release(schedule);
	return s;
}

/* The register in the place of all there were. */
static struct status compile_register(const struct partner *p, struct draft *d, struct utc_ms now)
{
	struct policy_register_version registers = {.cameras = d->cameras};
	struct policy_partner_input in;
	partner_input(p, &in);
	in.registers = &registers;
	in.n_registers = 1;
	return snapshot_compile(&in, 1, 1, now, &d->snapshot);
}

struct status governance_draft(const struct governance *g, const struct draft_ask *ask, struct utc_ms now,
	struct draft *out, struct error *e)
{
	size_t partner;
	*out = (struct draft){.sha256 = digest_of(ask->text)};
	if (ask->partner)
		TRY(register_parse(ask->text, ask->name, &out->cameras, e));
	else
		TRY(agreement_parse(ask->text, ask->name, &out->agreement, e));
	TRY(judge(g, ask, out, &partner, now, e));
	out->partner = memory_text(g->partners[partner].id);
	out->by_partner = strcmp(g->partners[partner].organisation, ask->organisation) == 0;
	return out->agreement ? compile_agreement(&g->partners[partner], out, now)
			      : compile_register(&g->partners[partner], out, now);
}

void draft_free(struct draft *d)
{
	free(d->partner);
	agreement_release(d->agreement);
	register_release(d->cameras);
	snapshot_release(d->snapshot);
	*d = (struct draft){0};
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether an agreement fits what there is: asked when it is proposed, and again at its last consent, since
 * other things may have come into force in between.
 */
#include "gateway/governance/plan.h"
#include "gateway/record/form.h"
#include "policy/decide.h"

static bool lists(char *const *items, size_t n, const char *want)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(items[i], want) == 0)
			return true;
	return false;
}

/* Commands name agreements and rules, so both must be nameable. */
static struct status check_names(const struct agreement *a, struct error *e)
{
	if (!form_id(a->id))
		return state_refuse(e, "the agreement's name is not 1-64 of A-Z a-z 0-9 . _ -");
	for (size_t i = 0; i < a->n_rules; i++)
		if (!form_id(a->rules[i].name))
			return state_refuse(
				e, "rule %zu has a name that is not 1-64 of A-Z a-z 0-9 . _ -", i + 1);
	return S_OK;
}

static struct status check_bodies(
	const struct governance *g, const struct partner *p, const struct agreement *a, struct error *e)
{
	if (!state_organisation(g, a->recipient))
		return state_refuse(e, "the recipient %s is no organisation of this gateway", a->recipient);
	if (!lists(a->consents, a->n_consents, p->organisation))
		return state_refuse(e, "consents leave out %s, whose cameras they are", p->organisation);
	if (!lists(a->consents, a->n_consents, a->recipient))
		return state_refuse(e, "consents leave out the recipient %s", a->recipient);
	for (size_t i = 0; i < a->n_consents; i++) {
		const struct organisation *o = state_organisation(g, a->consents[i]);
		if (!o)
			return state_refuse(e, "consents name %s, which is no organisation of this gateway",
				a->consents[i]);
		if (!organisation_decides(o))
			return state_refuse(e, "consents name %s, which has nobody who may consent", o->id);
	}
	return S_OK;
}

static struct status check_others(const struct governance *g, size_t partner, const struct agreement *a,
	struct utc_ms at, struct error *e)
{
	size_t others = 0;
	for (size_t i = 0; i < g->n_partners; i++) {
		for (size_t k = 0; k < g->partners[i].n_agreements; k++) {
			const struct policy_agreement_version *v = &g->partners[i].agreements[k];
			bool same = strcmp(v->agreement->id, a->id) == 0;
			if (same && i != partner)
				return state_refuse(
					e, "agreement %s is partner %s's", a->id, g->partners[i].id);
			if (i != partner || !version_alive(v, at))
				continue;
			if (same && strcmp(v->agreement->recipient, a->recipient) != 0)
				return state_refuse(e,
					"agreement %s is with %s: another recipient is another agreement",
					a->id, v->agreement->recipient);
			if (same)
				continue;
			others++;
			if (strcmp(v->agreement->topic, a->topic) == 0)
				return state_refuse(
					e, "topic %s is agreement %s's already", a->topic, v->agreement->id);
		}
	}
	if (others >= FEEDS_MAX)
		return state_refuse(
			e, "partner %s has %d agreements already", g->partners[partner].id, FEEDS_MAX);
	return S_OK;
}

struct status agreement_check(
	const struct governance *g, const struct agreement *a, struct utc_ms at, struct error *e)
{
	size_t partner = state_partner(g, a->partner);
	TRY(check_names(a, e));
	if (partner == NOWHERE)
		return state_refuse(e, "%s is no partner of this gateway", a->partner);
	TRY(check_bodies(g, &g->partners[partner], a, e));
	if (a->until.v <= at.v)
		return state_refuse(e, "the agreement ends at %s, which is past", CLOCK_TEXT(a->until));
	if (!partner_register(&g->partners[partner]))
		return state_refuse(
			e, "partner %s has no camera register yet: propose that first", a->partner);
	return check_others(g, partner, a, at, e);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Every version of every agreement that came into effect, handed out one by one, with its terms.
 */
#include "gateway/governance/state.h"

void governance_agreements(const struct governance *g,
	void (*each)(void *context, const struct governance_agreement *agreement), void *context)
{
	for (size_t i = 0; i < g->n_partners; i++) {
		const struct partner *p = &g->partners[i];

		for (size_t k = 0; k < p->n_agreements; k++) {
			const struct policy_agreement_version *v = &p->agreements[k];
			const struct agreement_facts *f = &p->facts[k];

			each(context, &(struct governance_agreement){.terms = v->agreement,
					      .schedule = v->schedule,
					      .agreed = v->agreed,
					      .ended = v->ended,
					      .proposal = f->proposal,
					      .entry = f->entry,
					      .withdrawn = f->withdrawn});
		}
	}
}

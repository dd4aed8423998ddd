/* SPDX-License-Identifier: Apache-2.0
 *
 * From what a person asked a switch to cover to the switch itself, by the partner's newest register. Within
 * governance only.
 */
#ifndef ANPR_GOVERNANCE_RESOLVE_H
#define ANPR_GOVERNANCE_RESOLVE_H

#include "gateway/governance/state.h"

/* What was asked for, in words that are equal for equal selectors: "agreement=A rule=r class=read
 * cameras=U1,U2* area=City"; empty = everything. Owned. */
char *selectors_text(const Anpr__V1__SetSwitch *ask);
/* The same for a whole agreement. Owned. */
char *selectors_of_agreement(const char *agreement);

struct resolved {
	struct switch_key key; /* owns its texts */
	size_t unmatched;      /* patterns that match no camera */
	bool nothing;          /* cameras were asked for, and none is meant */
};
/* The switch over the partner's newest register as it is now. */
void resolve(const struct partner *p, const Anpr__V1__SetSwitch *ask, const char *side, struct resolved *out);
void resolved_fini(struct resolved *r);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A draft agreement or register compiled beside the real policy, for a trial (gateway/core/trial.c). Nothing
 * of it is kept in the state.
 */
#ifndef ANPR_GOVERNANCE_DRAFT_H
#define ANPR_GOVERNANCE_DRAFT_H

#include "gateway/governance/governance.h"

struct draft {
	char *partner;
	struct agreement *agreement;     /* NULL for a register */
	struct camera_register *cameras; /* those it was compiled with: the draft, or the newest one */
	struct policy_snapshot *snapshot;
	struct digest sha256;
	bool by_partner; /* the partner's own body asked */
};

struct draft_ask {
	const char *organisation, *subject; /* who wants it tried */
	const char *partner;                /* whose register it is; NULL = the text is an agreement */
	struct span text;
	const char *name; /* the file's, for messages */
};

/* Read, judge and compile a draft. An agreement is taken alone, as in force since long ago and on on both
 * sides, so that what it shares can be counted before it begins; a register takes the place of the partner's,
 * all else as it is. Only a policy-admin or controller of a body that would have to consent, or of the
 * partner, may. errors  REFUSED, BAD_INPUT with why in `e`; OVERLOAD */
MUST struct status governance_draft(const struct governance *g, const struct draft_ask *ask,
	struct utc_ms now, struct draft *out, struct error *e);
void draft_free(struct draft *d);

#endif

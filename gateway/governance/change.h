/* SPDX-License-Identifier: Apache-2.0
 *
 * What an agreement or a register would change of what is in force: policy's comparison, asked about the
 * state. Asked anew whenever somebody proposes, looks or approves, as other things may have come into force
 * meanwhile. Within governance only.
 */
#ifndef ANPR_GOVERNANCE_CHANGE_H
#define ANPR_GOVERNANCE_CHANGE_H

#include "gateway/governance/plan.h"
#include "policy/difference.h"

struct change {
	struct difference difference;
	struct schedule *schedule; /* of a proposed agreement, resolved now; owned */
};

/* `at` decides what is in force. Borrows from the state and from what is compared. */
void change_of_agreement(const struct governance *g, size_t partner, const struct agreement *a,
	struct utc_ms at, struct change *out);
void change_of_register(const struct governance *g, size_t partner, const struct camera_register *cameras,
	struct utc_ms at, struct change *out);
/* Of an agreement or a register that is proposed. */
void change_of(const struct governance *g, const struct proposal *p, struct utc_ms at, struct change *out);
void change_fini(struct change *c);

/* Tell it in the plan's effect and as its change. */
void plan_tell(struct plan *p, const struct change *c);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A decision rule by rule: what people ask for after policy_decide has said yes or no, from the same compiled
 * policy and by the same steps. And what policy was, from all that is known by now, at an earlier moment.
 */
#ifndef ANPR_POLICY_EXPLAIN_H
#define ANPR_POLICY_EXPLAIN_H

#include "gateway/base/arena.h"
#include "policy/decide.h"

/* What one rule makes of a read. */
struct rule_answer {
	const struct feed_policy *feed; /* borrowed from the snapshot */
	const struct rule *rule;        /* of the agreement's newest version */
	bool covers;                    /* any version of the rule covers the camera */
	enum reason reason;             /* REASON_UNSPECIFIED: it permits the read */
	unsigned classes;               /* CLASS_* it lets through, where it permits */
};
typedef void rule_answer_fn(void *context, const struct rule_answer *answer);

/* Ask every rule of every agreement. The furthest reason told is policy_decide's, unless it denies for want
 * of any agreement; rules that permit are those of its permits.
 * shape   as policy_decide; `each` is called once a rule, in no order to rely on
 * thread  any; no locks, no allocation; rules that share a timeline are asked for their hours one by one
 * source  DESIGN.md 5.5, 'the one latest in it (the read got furthest there)' */
void policy_explain(const struct partner_policy *p, const struct read *read, struct utc_ms received,
	struct utc_ms now, rule_answer_fn *each, void *context);

/* An off that stood against a read under a rule. */
struct off_told {
	uint64_t began_by, ended_by;     /* journal numbers; ended_by 0: by its own time, or not yet */
	struct utc_ms from, until;       /* until 0 = no end */
	const struct switch_key *key;    /* borrowed from the events */
	bool at_capture, at_publication; /* at capture: widened by the clock bound */
};
typedef void off_told_fn(void *context, const struct off_told *off);

struct off_question {
	const char *agreement, *rule,
		*camera; /* rule NULL: those over every rule; camera NULL: over every one */
	unsigned class;  /* CLASS_* */
	struct utc_ms captured, published;
};

/* The offs over a read, by whose decision; `in` as policy_input_known made it for the publication.
 * errors  OVERLOAD when out of memory */
MUST struct status policy_offs_tell(const struct policy_partner_input *in, const struct off_question *q,
	off_told_fn *each, void *context);

/* What of a partner's past was known at that moment: registers, agreements and switches that came later are
 * left out, and an agreement that ended later had not ended.
 * shape   out: its arrays from `arena`, what they point to borrowed from `in`
 * errors  OVERLOAD when out of memory */
MUST struct status policy_input_known(const struct policy_partner_input *in, struct utc_ms at,
	struct arena *arena, struct policy_partner_input *out);

#endif

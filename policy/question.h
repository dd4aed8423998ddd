/* SPDX-License-Identifier: Apache-2.0
 *
 * What is asked of every track alike, for deciding (decide.c) and for saying rule by rule how it came to that
 * (explain.c). Within policy only.
 */
#ifndef ANPR_POLICY_QUESTION_H
#define ANPR_POLICY_QUESTION_H

#include "policy/timeline.h"

struct question {
	const struct read *read;
	struct utc_ms received, now;
	const struct camera *camera; /* NULL = unregistered */
	const struct profile *profile;
	enum reason identity; /* what is known against the camera's id itself */
};

/* What there is to ask of this partner about the read. */
struct question question_of(
	const struct partner_policy *p, const struct read *read, struct utc_ms received, struct utc_ms now);
/* REASON_UNSPECIFIED: permitted, for the classes in *classes, which always have the read itself. */
enum reason track_decide(
	const struct track *track, const struct limits *limits, const struct question *q, unsigned *classes);

#endif

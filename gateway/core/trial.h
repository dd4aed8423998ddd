/* SPDX-License-Identifier: Apache-2.0
 *
 * A trial: a draft decides the live reads of a partner a second time, and what it would have shared is
 * counted beside what was. It shares nothing and keeps no read. One at a time on a node; it ends when its
 * time is up, or when whoever asked has not looked for a while.
 */
#ifndef ANPR_CORE_TRIAL_H
#define ANPR_CORE_TRIAL_H

#include "gateway/governance/draft.h"
#include "policy/decide.h"

struct trial;

/* Owns the draft from here on, also where it fails.
 * errors  OVERLOAD when out of memory */
struct trial_terms {
	const char *name, *organisation, *subject; /* of the draft's file; who asked */
	struct utc_ms now;
	int64_t for_ms;
	uint64_t policy_version;
};
MUST struct status trial_new(struct draft *draft, const struct trial_terms *terms, struct trial **out);
struct trial *trial_hold(struct trial *t);
void trial_release(struct trial *t); /* NULL is fine */
const char *trial_id(const struct trial *t);
const char *trial_partner(const struct trial *t);
bool trial_is_of(const struct trial *t, const char *organisation, const char *subject);
/* Whether it goes on: its time is not up, and somebody has looked lately. Any thread. */
bool trial_runs(const struct trial *t, struct utc_ms now);
/* How it stands as JSON; whoever asks keeps it going. Any thread; the caller frees. */
char *trial_view(struct trial *t, struct utc_ms now);

/* --- the publisher's thread; t NULL: no trial, nothing happens --- */

/* Whether the partner is to be connected although nothing of it is on. Its own body may have it so; nobody
 * else's trial makes a partner send. */
bool trial_connects(const struct trial *t, const char *partner, struct utc_ms now);

/* One read that policy has just decided: what would the draft have made of it. Not counted before
 * trial_settle. No lock, no allocation. */
void trial_read(struct trial *t, const char *partner, const struct read *read, const struct decision *today,
	struct utc_ms received, struct utc_ms now);
/* The transaction of these reads is committed, so they count; or it is not, and they are decided afresh. */
void trial_settle(struct trial *t, bool committed);

#endif

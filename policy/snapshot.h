/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that was ever agreed and switched, compiled for deciding: immutable, shared between threads by
 * count.
 *
 * The compiled form is a timeline per (agreement, camera): what was permitted from when. Cameras with the
 * same past share one. A decision looks the camera up by hash and the timeline by binary search, at capture
 * and at publication.
 */
#ifndef ANPR_POLICY_SNAPSHOT_H
#define ANPR_POLICY_SNAPSHOT_H

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/base/span.h"
#include "policy/agreement.h"
#include "policy/register.h"
#include "policy/switches.h"

struct policy_snapshot;
struct partner_policy;

/* One agreement in force or to come, compiled. */
struct feed_policy {
	const struct agreement *agreement; /* owned by the snapshot (a shared reference) */
	const char *const *purposes;
	size_t n_purposes;
	const char *topic;
	int64_t keep_for_ms;
	unsigned index; /* 0.. within the partner */
};

/* What policy is compiled from. Everything is borrowed for the call; agreements and registers are
 * reference-counted and kept. Arrays in journal order. */
struct policy_register_version {
	struct utc_ms from;
	const struct camera_register *cameras;
};
struct policy_agreement_version {
	struct utc_ms agreed; /* when the last consent was appended */
	struct utc_ms ended;  /* withdrawn or replaced; 0 = not */
	const struct agreement *agreement;
	const struct schedule *schedule; /* its rules resolved to cameras when it was agreed */
};
struct policy_partner_input {
	const char *partner;
	const char *organisation; /* the partner's side of the switches */
	int64_t clock_bound_ms;
	const struct policy_register_version *registers;
	size_t n_registers;
	const struct policy_agreement_version *agreements;
	size_t n_agreements;
	const struct switch_event *switches;
	size_t n_switches;
};

#define POLICY_REACH_MS (INT64_C(7) * 24 * 3600 * 1000)

/* Compile.
 * shape   version: the journal number of the last entry included
 * units   now: timelines reach back from here as far as the longest max_age, two clock bounds and
 * POLICY_REACH_MS, for reads that waited for a broker; a read captured earlier still is too_old errors
 * OVERLOAD when out of memory; nothing else */
MUST struct status snapshot_compile(const struct policy_partner_input *partners, size_t n, uint64_t version,
	struct utc_ms now, struct policy_snapshot **out);
uint64_t snapshot_version(const struct policy_snapshot *s);
/* NULL where there is no such partner. Borrowed. */
const struct partner_policy *snapshot_partner(const struct policy_snapshot *s, struct span partner);
/* Whether any read of the partner published at `now` could be permitted, if it was captured in its hours and
 * while sharing was on: false = do not even connect. */
bool partner_policy_any_on(const struct partner_policy *p, struct utc_ms now);
/* Since when something has been on without a break up to `now`; `now` where nothing is. */
struct utc_ms partner_policy_on_since(const struct partner_policy *p, struct utc_ms now);
/* The first moment after `after` at which an agreement of the partner, or an `on` for a while, ends by
 * itself; INT64_MAX: none, as things stand. Log in the ends to come. */
struct utc_ms partner_policy_next_end(const struct partner_policy *p, struct utc_ms after);
/* The feeds: agreements that were not over when compiled. */
size_t partner_policy_feeds(const struct partner_policy *p, const struct feed_policy *const **feeds);
/* Cameras of the newest register; 0 = none. */
size_t partner_policy_cameras(const struct partner_policy *p, const struct camera **cameras);
/* Cameras for which something is on now, of those scheduled by any agreement. For status. */
size_t partner_policy_cameras_on(const struct partner_policy *p, struct utc_ms now);

struct policy_snapshot *snapshot_hold(struct policy_snapshot *s);
void snapshot_release(struct policy_snapshot *s); /* NULL is fine */

#endif

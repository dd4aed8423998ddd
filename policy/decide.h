/* SPDX-License-Identifier: Apache-2.0
 *
 * May this read go to the police, and if not, why not. Pure: no input or output, no clock, no allocation.
 *
 * What DESIGN.md 5.5 and 5.6 leave open is decided so:
 * - Every rule of an agreement's newest version is asked, through its versions by name: it must share at
 * capture in the version then and at publication in the version now. Hours are asked of both, at the time of
 * capture.
 * - `valid.until`, the end of an agreement and the end of an off are not included; `from` is.
 * - An off of an agreement counts as partner_off. One that names a class is class_off, else one that names
 * cameras is camera_off, else one that names a rule is rule_off.
 * - A camera that the newest register has not is unknown_camera, never not_in_schedule. An id that meant
 * another camera at capture than it does now is unknown, too.
 * - The limits (quality) are those of the version now.
 */
#ifndef ANPR_POLICY_DECIDE_H
#define ANPR_POLICY_DECIDE_H

#include "policy/snapshot.h"
#include "proto/read.h"

/* Numbers as in ledger.proto; the order decides which reason is told (DESIGN.md 5.5). */
enum reason {
	REASON_UNSPECIFIED = 0,
	REASON_NO_AGREEMENT,
	REASON_NOT_STARTED,
	REASON_EXPIRED,
	REASON_PARTNER_OFF,
	REASON_RULE_OFF,
	REASON_CAMERA_OFF,
	REASON_CLASS_OFF,
	REASON_NOT_IN_SCHEDULE,
	REASON_UNKNOWN_CAMERA,
	REASON_CAMERA_NOT_LIVE,
	REASON_OUTSIDE_HOURS,
	REASON_CAPTURED_WHILE_OFF,
	REASON_TOO_OLD,
	REASON_IN_FUTURE,
	REASON_LOW_CONFIDENCE,
	REASON_WRONG_KIND,
	REASON_DUPLICATE,
	REASON_COUNT
};
const char *reason_name(enum reason reason); /* "no_agreement" ... */

enum verdict { VERDICT_DENY = 0, VERDICT_PERMIT = 1 };

/* Numbers as in read.proto's QualityFlag; the core finds the last two. */
enum quality {
	QUALITY_UNSPECIFIED = 0,
	QUALITY_NO_CONFIDENCE,
	QUALITY_POSITION_MISMATCH,
	QUALITY_VRM_FORMAT,
	QUALITY_CLOCK_OFFSET,
	QUALITY_MISREAD_SUSPECT
};
/* A position in the payload further than this from the register's is a mismatch. */
#define POSITION_MISMATCH_M 100.0

/* At most this many agreements of one partner may be in force at once. */
#define FEEDS_MAX 8

/* One agreement that permits the read. */
struct permit {
	const struct feed_policy *feed; /* borrowed from the snapshot */
	unsigned classes;               /* CLASS_* to be sent; the others are dropped */
};

struct decision {
	enum verdict verdict; /* zeroed memory denies */
	enum reason reason;   /* where denied */
	unsigned n;           /* permits */
	struct permit permits[FEEDS_MAX];
	const struct camera *camera; /* from the register, by id or external id; NULL = unregistered */
	unsigned quality;            /* where permitted; bit n set: enum quality n */
	bool class_dropped;          /* it carried an image that no permit shares */
};

/* Decide whether one read may go anywhere.
 * shape   p: the partner whose socket the read came on, NULL where policy knows none; read: validated,
 * borrowed units   received, now: UTC milliseconds, both by the gateway's clock errors  none: whatever cannot
 * be decided is denied, with the reason. Duplicates are the caller's to find. thread  any; no locks, no
 * allocation; constant time in cameras and rules, log in switch changes within reach; each rule over the
 * camera that was switched by itself within reach costs another look source  DESIGN.md 5.5 (reasons), 5.6
 * (which clock rules what) */
void policy_decide(const struct partner_policy *p, const struct read *read, struct utc_ms received,
	struct utc_ms now, struct decision *out);

/* The same for a read whose stamp is local (read->local): *resolved is the read with the moment it means, and
 * where it may mean two, as clocks are set back, what both would share. false: the register gives its camera
 * no zone, or no clock there ever showed that time: the stamp is none, reject it. Two decisions at most. */
bool policy_decide_local(const struct partner_policy *p, const struct read *read, struct utc_ms received,
	struct utc_ms now, struct read *resolved, struct decision *out);
/* What a decision permits into that feed: CLASS_*; 0 = nothing. */
unsigned decision_classes(const struct decision *d, const struct feed_policy *feed);

/* Whether an end that falls due after `now` and by `until` covers the read: it is permitted now, and less of
 * it would be from then on. Costs a decision for each of these ends. */
bool policy_ends_by(const struct partner_policy *p, const struct read *read, struct utc_ms received,
	struct utc_ms now, struct utc_ms until);

/* Drop what the agreement does not share: classes not in `classes`, fields it drops; replace position and
 * camera id by the register's. The cursor is left out. Twice is the same as once. A zeroed permit leaves
 * nothing. `out` borrows from `in` and from the snapshot. */
void policy_minimise(
	const struct permit *permit, const struct camera *camera, const struct read *in, struct read *out);

/* Upper case (ASCII and Latin-1), no spaces or hyphens, at most READ_VRM_MAX characters into `to`
 * (VRM_BYTES); returned as a span. */
struct span vrm_normalise(struct span vrm, char *to);
#define VRM_BYTES 65
/* Whether a normalised VRM has the syntax of any class of mark known in the United Kingdom. */
bool vrm_is_uk(struct span normalised);

#endif

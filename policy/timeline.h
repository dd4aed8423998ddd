/* SPDX-License-Identifier: Apache-2.0
 *
 * The compiled form that deciding reads. Within policy only: compile*.c make it, snapshot.c and decide.c read
 * it.
 *
 * Cameras that every agreement, register and switch treats alike share a profile. A profile has, for each
 * feed, one track for each group of rules that were always switched alike and cover it alike; nearly always
 * that is one. A track is a step function of time: what stands against sharing a read published then, or
 * captured then.
 */
#ifndef ANPR_POLICY_TIMELINE_H
#define ANPR_POLICY_TIMELINE_H

#include "gateway/base/arena.h"
#include "policy/decide.h"
#include "policy/hours.h"
#include "policy/snapshot.h"

/* From one moment until the next cell's. A zeroed cell shares nothing, as it has no classes. */
struct cell {
	int64_t from;              /* ms */
	const struct hours *hours; /* NULL = any */
	uint8_t now, capture; /* enum reason: the first thing against a read published or captured then; 0 =
				 none */
	uint8_t now_classes, capture_classes;
	uint8_t kinds;   /* bit n: enum read_kind n */
	uint8_t version; /* of the agreement, whose limits hold */
};

struct track {
	const struct cell *cells; /* ascending; the first begins at INT64_MIN */
	uint32_t n, n_rules;
	const uint32_t *rules; /* of the newest version, which it is the timeline of */
	bool covers;           /* any version of them covers the camera */
};

struct tracks {
	const struct track *tracks;
	uint32_t n;
};

struct profile {
	const struct tracks *feeds; /* n_feeds of the partner */
	uint32_t cameras;           /* that have it, of the newest register */
};

struct limits {
	int64_t max_age_ms, max_future_ms;
	double min_confidence;
};

struct feed {
	struct feed_policy policy;
	const struct limits *limits; /* per version */
};

struct partner_policy {
	const char *id;
	const struct camera_register *cameras;           /* the newest register; NULL = none yet */
	const struct policy_register_version *registers; /* in force at the horizon or since */
	size_t n_registers;
	int64_t horizon; /* ms; timelines begin here */
	struct feed *feeds;
	size_t n_feeds;
	const struct feed_policy **listed; /* of `feeds`, those that are not over */
	size_t n_listed;
	const int64_t *ends; /* ms, ascending: when something of it ends by itself */
	size_t n_ends;
	bool had_agreement;         /* one that ended too long ago for a timeline */
	const uint32_t *profile_of; /* per camera of the newest register */
	const struct profile *profiles;
	size_t n_profiles;
	struct profile unregistered;
};

struct policy_snapshot {
	int references; /* atomic */
	uint64_t version;
	struct arena arena; /* everything but this struct */
	struct partner_policy *partners;
	size_t n;
};

/* The cell that holds at that moment. */
const struct cell *track_at(const struct track *t, int64_t at);

/* Fill one partner in; registers and agreements are held for the snapshot, also where it fails. */
struct status partner_compile(const struct policy_partner_input *in, struct utc_ms now, struct arena *keep,
	struct partner_policy *out);

/* Whether the read carries an image that no permit shares. */
bool decision_drops_image(const struct read *read, const struct decision *d);

/* The reason that comes first; 0 = none. */
static inline enum reason reason_first(enum reason a, enum reason b)
{
	if (a == 0 || b == 0)
		return a == 0 ? b : a;
	return a < b ? a : b;
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts of reads by what became of them: received = permitted + denied + rejected, always. By camera only
 * for registered ones; the unregistered are counted together, so that a hostile partner cannot make a table
 * grow.
 */
#ifndef ANPR_CORE_TOTALS_H
#define ANPR_CORE_TOTALS_H

#include "gateway/record/record.h"
#include "policy/decide.h"

/* What is noticed about a camera's reads; as in ledger.proto's CameraCount. */
enum notice {
	NOTICE_LOW_CONFIDENCE,
	NOTICE_REPEAT,
	NOTICE_NO_CONFIDENCE,
	NOTICE_POSITION_MISMATCH,
	NOTICE_UNKNOWN_FORMAT,
	NOTICE_MISREAD_SUSPECT,
	NOTICES
};

struct camera_count {
	char id[READ_CAMERA_MAX + 1]; /* "" = the unregistered ones */
	uint64_t received, permitted, denied;
	uint64_t noticed[NOTICES];
	uint64_t timed;         /* reads whose arrival minus capture is known */
	int64_t least_delay_ms; /* the least of these */
};

struct totals {
	uint64_t received, permitted, published, classes_dropped;
	uint64_t denied[REASON_COUNT];
	uint64_t rejected[REJECTION_COUNT];
	struct camera_count *cameras; /* owned; sorted by id */
	size_t n_cameras, cap_cameras;
};

void totals_free(struct totals *t);
/* Forget the counts, keep the memory. */
void totals_clear(struct totals *t);
/* Add one camera's counts (its id is `camera`, not more->id). errors: OVERLOAD when out of memory. */
MUST struct status totals_camera(struct totals *t, struct span camera, const struct camera_count *more);
/* t += more. Cameras too if `with_cameras`. */
MUST struct status totals_add(struct totals *t, const struct totals *more, bool with_cameras);
uint64_t totals_denied(const struct totals *t);
uint64_t totals_rejected(const struct totals *t);

/* As a message, everything from the arena (cameras from..to of t->cameras). NULL when out of memory. */
Anpr__V1__Totals *totals_message(const struct totals *t, size_t from, size_t to, struct arena *arena);
/* t += message. errors: BAD_INPUT on an unknown reason; OVERLOAD. */
MUST struct status totals_add_message(struct totals *t, const Anpr__V1__Totals *m);

#endif

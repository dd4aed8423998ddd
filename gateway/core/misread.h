/* SPDX-License-Identifier: Apache-2.0
 *
 * Two marks that differ only in characters easily confused, read by one camera within seconds, are probably
 * one vehicle read twice, once wrongly. What was published lately is remembered here for that, as keyed
 * hashes, for MISREAD_WINDOW_MS and no longer: then it is wiped. Nothing of this is ever written down but the
 * flag.
 */
#ifndef ANPR_CORE_MISREAD_H
#define ANPR_CORE_MISREAD_H

#include "gateway/base/clock.h"
#include "proto/read.h"

#define MISREAD_WINDOW_MS 10000

struct misread_entry;
/* A ring of the newest, numbered from 1, chained by hash. Zero it, then misreads_init. */
struct misreads {
	struct misread_entry *entries; /* owned */
	uint64_t *newest;              /* per bucket: number of its newest entry; owned */
	uint64_t tail, head;           /* entries tail to head - 1 are in use */
	uint64_t mark;                 /* those from here on are the transaction's in hand */
	uint8_t key[16];
};

/* errors: OVERLOAD when out of memory */
MUST struct status misreads_init(struct misreads *m);
void misreads_fini(struct misreads *m);

enum misread {
	MISREAD_NONE = 0,
	MISREAD_THIS,   /* the earlier one is to be believed */
	MISREAD_EARLIER /* this one is: it is the more confident */
};
/* Look at a read of a VRM that is about to be published, and remember it. Constant time, no allocation; where
 * too many come within the window, the oldest are forgotten. camera: as registered; vrm: normalised. */
enum misread misread_look(struct misreads *m, struct span partner, struct span camera, struct span vrm,
	const struct read *read, struct utc_ms now);

/* What is remembered from here on belongs to one transaction... */
void misreads_begin(struct misreads *m);
/* ... which was aborted: forget it. */
void misreads_take_back(struct misreads *m);
/* Wipe what is older than the window. */
void misreads_expire(struct misreads *m, struct utc_ms now);

#endif

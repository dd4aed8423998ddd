/* SPDX-License-Identifier: Apache-2.0
 *
 * One partner as its publisher knows it: the source that feeds it, how far it has got, what it has come to.
 * Belongs to the publisher's thread, but for `held`, which others may touch.
 */
#ifndef ANPR_CORE_PARTNER_H
#define ANPR_CORE_PARTNER_H

#include "gateway/core/feed.h"
#include "gateway/core/totals.h"
#include "gateway/wire/frame.h"
#include "proto/read.h"

#include <stdatomic.h>

/* What was counted of one camera in the transaction in hand, by its index in the register. */
struct tally {
	int64_t least_delay_ms;
	uint32_t received, permitted, timed;
	uint32_t noticed[NOTICES];
};

/* A camera's clock as its reads tell: the least of arrival minus capture, over this period and the one
 * before. */
#define CLOCK_PERIOD_MS 600000
#define CLOCK_READS_MIN 10 /* fewer say nothing: they may all have come late */
struct camera_clock {
	int64_t period; /* arrival divided by CLOCK_PERIOD_MS; 0 = no read yet */
	int64_t least_ms, before_ms;
	uint32_t reads;
};

struct partner {
	char *id; /* owned */
	int64_t clock_bound_ms;

	/* The source. */
	struct channel channel; /* fd -1 = none attached */
	uint64_t epoch;         /* of the newest start; older batches are not its */
	bool started;
	char detail[128];      /* from the newest report; fixed words of the source's */
	unsigned source_state; /* anpr.v1.SourceState */

	/* How far. */
	char cursor[READ_CURSOR_MAX + 1];   /* committed; "" = none: start by time */
	char gathered[READ_CURSOR_MAX + 1]; /* newest in memory */
	int64_t since_ms;                   /* where to start when there is no cursor */
	int64_t newest_arrival_ms;

	/* Off, held. */
	atomic_int held; /* an off is on its way: nothing of this partner is committed */
	bool on;         /* something of it is shared */
	bool wanted;     /* it is to be connected: on, or for a trial of its own body */
	struct end_guard {
		int64_t until_ms; /* UTC; an end that falls due then covers reads of it: they wait; 0 = none
				   */
		int64_t since_ms; /* arrival of the first that waits */
	} guarded;
	bool blocked;           /* its topic is missing or not as agreed */
	Anpr__V1__GapCause gap; /* to be told in a record; 0 = none */
	int64_t gap_from_ms;
	uint64_t off_entry;   /* journal number of the newest off in force; 0 = none */
	int64_t off_at_ms;    /* since when it is */
	uint64_t suppressed;  /* reads denied by any off since then, or since this process knows of it */
	int64_t off_since_ms; /* told off in the ledger and no read since; 0 = not */

	/* As committed. */
	struct feed_set feeds;
	struct totals hour, ever;
	int64_t hour_ms; /* which clock hour `hour` is about; 0 = none yet */
	/* A copy of the two for others, under the publisher's lock. */
	struct totals shown_hour;
	int64_t shown_hour_ms;

	/* As the transaction in hand would leave it. */
	Anpr__V1__GapCause work_gap; /* told in its record: the source may report another meanwhile */
	int64_t work_gap_from_ms;
	struct feed_set work_feeds;
	struct totals work;
	struct tally *tallies; /* by camera index; the last one for the unregistered */
	size_t n_tallies;
	struct camera_clock *clocks; /* by camera index; of `clocks_of`, begun anew with every register */
	const struct camera *clocks_of;
	uint32_t *touched; /* indexes of tallies in use */
	size_t n_touched;
	const struct camera *cameras; /* register of the snapshot the tallies are for */
	uint64_t *permitted;          /* window hashes added */
	size_t n_permitted, cap_permitted;
	bool in_hand;            /* part of the transaction */
	const char *work_cursor; /* in the batch's arena */
};

MUST struct status partner_new(const char *id, int64_t clock_bound_ms, struct partner **out);
void partner_free(struct partner *p);

/* The other end of a source, new or after its restart. Takes the descriptor. */
void partner_attach(struct partner *p, int fd);
void partner_detach(struct partner *p);
/* Ask the source for everything after what is in memory. */
void partner_start(struct partner *p);
void partner_stop(struct partner *p);
/* Forget what is in memory but not committed: the source will be asked for it again. */
void partner_rewind(struct partner *p);

/* The newest off in force, 0 = none: from here on what offs suppress is counted anew. */
void partner_off(struct partner *p, uint64_t entry, struct utc_ms since);

/* Begin, fill and end the transaction's own counts. */
MUST struct status partner_work_begin(struct partner *p, const struct camera *cameras, size_t n_cameras);
void partner_count(struct partner *p, const struct decision *d);
/* It was noticed about the camera's read in hand, which is counted already; NULL: an unregistered one. */
void partner_notice(struct partner *p, const struct camera *camera, enum notice what);
/* A read of a registered camera, which is counted already, took so long from capture to arrival. */
void partner_timed(struct partner *p, const struct camera *camera, int64_t delay_ms, int64_t arrival_ms);
/* Whether the camera's clock is off by more than the partner's bound, as far as its reads tell. */
bool partner_clock_is_off(const struct partner *p, const struct camera *camera);
void partner_rejected(struct partner *p, enum rejection why, uint64_t n);
MUST struct status partner_permitted(struct partner *p, uint64_t hash);
/* off_since_ms as the transaction in hand leaves it. */
int64_t partner_off_since_after(const struct partner *p);
/* Move the tallies into work.cameras. */
MUST struct status partner_work_cameras(struct partner *p);
/* The transaction is committed: its state becomes the partner's. */
MUST struct status partner_work_committed(struct partner *p);
/* A record tells this gap, so it need not be told again; another that came meanwhile stays. */
void partner_gap_told(struct partner *p, Anpr__V1__GapCause cause, int64_t from_ms);

/* --- partner_recorded.c: what is in the topics becomes the state --- */
MUST struct status partner_take_head(struct partner *p, const Anpr__V1__PartnerHead *m);
/* own: it is what this publisher was not sure to have committed. */
MUST struct status partner_take_record(struct partner *p, const Anpr__V1__PartnerRecord *m, bool own);

#endif

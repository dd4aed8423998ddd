/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads on their way to the core: encoded as they come, sent when there are enough or the first has waited
 * long enough. One thread.
 */
#ifndef ANPR_SOURCE_GATHER_H
#define ANPR_SOURCE_GATHER_H

#include "gateway/wire/frame.h"
#include "proto/read.h"

#define GATHER_READS   512
#define GATHER_BYTES   (256u << 10)
#define GATHER_WAIT_MS 20

struct gather {
	struct buffer bytes; /* the reads, as an anpr.v1.ReadBatch begun */
	size_t reads;
	uint64_t rejected[REJECTION_COUNT]; /* to be sent with them */
	/* Rejected since the last cursor. They are counted with the next one (DESIGN.md 5.1), so that a
	 * connection that breaks in between, and then sends them again, does not count them twice. */
	uint64_t held[REJECTION_COUNT];
	uint8_t cursor[READ_CURSOR_MAX]; /* the last item's that had one; kept when the batch is sent */
	size_t cursor_n;
	bool due;         /* there is something to send */
	int64_t since_ms; /* since when, monotonic */
};

void gather_fini(struct gather *g);
/* Forget everything, the cursor included. */
void gather_clear(struct gather *g);
/* The connection broke: what had no cursor after it will come again. */
void gather_forget_held(struct gather *g);
uint64_t gather_held(const struct gather *g);
struct span gather_cursor(const struct gather *g);

/* errors: BAD_INPUT, OVERLOAD: not taken. */
MUST struct status gather_read(struct gather *g, const struct read *r, int64_t now_ms);
void gather_rejected(struct gather *g, enum rejection why, struct span cursor, int64_t now_ms);

/* Milliseconds until something is to be sent: 0 = now, -1 = there is nothing. */
int64_t gather_wait_ms(const struct gather *g, int64_t now_ms);
bool gather_full(const struct gather *g);
/* Send what there is. errors: as channel_send; with OVERLOAD it stays for later. */
MUST struct status gather_send(struct gather *g, struct channel *core, uint64_t epoch);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * For the targets that feed a partner's bytes to a decoder, whole and cut in two: whatever comes, only
 * validated reads come out, and the cut makes no difference.
 */
#ifndef ANPR_TESTS_FUZZ_DECODE_H
#define ANPR_TESTS_FUZZ_DECODE_H

#include "gateway/source/decode.h"
#include "tests/fuzz/fuzz.h"

struct tally {
	uint64_t reads, rejected[REJECTION_COUNT], heartbeats, sum;
};

static struct tally tally;

static void on_read(void *self, const struct read *r)
{
	enum rejection why;

	(void)self;
	NEVER(!ok(read_validate(r, &why)));
	tally.reads++;
	tally.sum = tally.sum * 31 + r->read_id.n + r->vrm.n + (uint64_t)r->captured_at.v + r->has +
		    r->overview.n;
}

static void on_rejected(void *self, enum rejection why, struct span cursor)
{
	(void)self;
	NEVER(why <= REJECTION_UNSPECIFIED || why >= REJECTION_COUNT || !cursor_is_good(cursor));
	tally.rejected[why]++;
	tally.sum = tally.sum * 31 + cursor.n;
}

static void on_heartbeat(void *self)
{
	(void)self;
	tally.heartbeats++;
}

static const struct decode_sink sink = {on_read, on_rejected, on_heartbeat, NULL};

/* false: it gave up. */
static bool feed(struct decoder *d, struct span bytes)
{
	struct status fed = decoder_feed(d, bytes);

	NEVER(!ok(fed) && fed.kind != STATUS_BAD_INPUT);
	return ok(fed);
}

#endif

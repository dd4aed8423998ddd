/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's bytes, whole and cut in two: whatever comes, only validated reads come out, the cuts make no
 * difference, and what is handed on survives the way to the core.
 */
#include "gateway/source/decode.h"
#include "tests/fuzz/fuzz.h"

struct tally {
	uint64_t reads, rejected[REJECTION_COUNT], heartbeats, sum;
};

static void on_read(void *self, const struct read *r)
{
	struct tally *t = self;
	enum rejection why;

	NEVER(!ok(read_validate(r, &why)));
	t->reads++;
	t->sum = t->sum * 31 + r->read_id.n + r->vrm.n + (uint64_t)r->captured_at.v + r->has + r->overview.n;
}

static void on_rejected(void *self, enum rejection why, struct span cursor)
{
	struct tally *t = self;

	NEVER(why <= REJECTION_UNSPECIFIED || why >= REJECTION_COUNT || !cursor_is_good(cursor));
	t->rejected[why]++;
	t->sum = t->sum * 31 + cursor.n;
}

static void on_heartbeat(void *self)
{
	struct tally *t = self;

	t->heartbeats++;
}

static struct tally tally;

/* One decoder for all runs, as making it takes longer than using it; the end of a line is its clean state. */
static struct decoder *the_decoder(void)
{
	static const struct decode_sink sink = {on_read, on_rejected, on_heartbeat, &tally};
	static struct decoder *d;

	if (!d)
		d = decoder_new(DECODE_NDJSON, &sink);
	NEVER(!d);
	return d;
}

static struct tally decode(const uint8_t *bytes, size_t n, size_t cut)
{
	struct decoder *d = the_decoder();

	tally = (struct tally){0};
	NEVER(!ok(decoder_feed(d, span_of(bytes, cut))));
	NEVER(!ok(decoder_feed(d, span_of(bytes + cut, n - cut))));
	NEVER(!ok(decoder_feed(d, span_text("\n"))));
	return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct tally whole = decode(bytes, n, n), cut = decode(bytes, n, n / 2);

	NEVER(memcmp(&whole, &cut, sizeof whole) != 0);
	return 0;
}

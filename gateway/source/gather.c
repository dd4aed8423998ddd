/* SPDX-License-Identifier: Apache-2.0
 *
 * A batch is encoded read by read into the frame it goes out in, and completed with epoch, counts and cursor
 * when it is sent: messages laid end to end are one message (read_batch_encode relies on the same).
 */
#include "gateway/source/gather.h"

void gather_fini(struct gather *g)
{
	buffer_free(&g->bytes);
}

void gather_clear(struct gather *g)
{
	buffer_free(&g->bytes);
	*g = (struct gather){0};
}

void gather_forget_held(struct gather *g)
{
	memset(g->held, 0, sizeof g->held);
}

uint64_t gather_held(const struct gather *g)
{
	uint64_t sum = 0;

	for (int why = 0; why < REJECTION_COUNT; why++)
		sum += g->held[why];
	return sum;
}

struct span gather_cursor(const struct gather *g)
{
	return span_of(g->cursor, g->cursor_n);
}

static void reach(struct gather *g, struct span cursor, int64_t now_ms)
{
	memcpy(g->cursor, cursor.p, cursor.n);
	g->cursor_n = cursor.n;
	for (int why = 0; why < REJECTION_COUNT; why++)
		g->rejected[why] += g->held[why];
	gather_forget_held(g);
	if (!g->due)
		g->since_ms = now_ms;
	g->due = true;
}

struct status gather_read(struct gather *g, const struct read *r, int64_t now_ms)
{
	struct read copy = *r; /* read_batch wants it writable, and does not write */

	TRY(read_batch_encode(&(struct read_batch){.reads = &copy, .n = 1, .before = g->reads}, &g->bytes));
	g->reads++;
	reach(g, r->cursor, now_ms);
	return S_OK;
}

void gather_rejected(struct gather *g, enum rejection why, struct span cursor, int64_t now_ms)
{
	g->held[why]++;
	if (cursor.n > 0)
		reach(g, cursor, now_ms);
}

bool gather_full(const struct gather *g)
{
	return g->reads >= GATHER_READS || g->bytes.n >= GATHER_BYTES;
}

int64_t gather_wait_ms(const struct gather *g, int64_t now_ms)
{
	int64_t left = g->since_ms + GATHER_WAIT_MS - now_ms;

	if (!g->due)
		return -1;
	return gather_full(g) || left < 0 ? 0 : left;
}

struct status gather_send(struct gather *g, struct channel *core, uint64_t epoch)
{
	struct read_batch rest = {.epoch = epoch, .cursor = gather_cursor(g)};
	size_t reads_end = g->bytes.n;
	struct status sent;

	REQUIRE(g->due, S_OK);
	memcpy(rest.rejected, g->rejected, sizeof rest.rejected);
	sent = read_batch_encode(&rest, &g->bytes);
	if (ok(sent))
		sent = channel_send(core, FRAME_READ_BATCH, buffer_span(&g->bytes), -1);
	g->bytes.n = reads_end;
	TRY(sent);
	g->bytes.n = 0;
	g->reads = 0;
	memset(g->rejected, 0, sizeof g->rejected);
	g->due = false;
	return S_OK;
}

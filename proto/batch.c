/* SPDX-License-Identifier: Apache-2.0
 *
 * What a source sends at once. Decoding takes memory from the arena only, and trusts nothing that came.
 */
#include "proto/message.h"

#include "anpr/v1/frame.pb-c.h"

/* One read as a batch of its own: messages laid end to end are one message with all their elements (protobuf
 * encoding, 'Last One Wins'), so no array of messages has to be built. */
static struct status append_read(const struct read *r, size_t place, struct buffer *out)
{
	Anpr__V1__ReadBatch batch = ANPR__V1__READ_BATCH__INIT;
	Anpr__V1__Read message, *messages[] = {&message};
	struct scratch scratch;
	uint32_t local = (uint32_t)place;

	scratch.n = 0;
	scratch.full = false;
	message_of_read(r, &scratch, &message);
	REQUIRE(!scratch.full, S_BAD_INPUT);
	batch.n_reads = 1;
	batch.reads = messages;
	batch.n_local = r->local ? 1 : 0;
	batch.local = &local;
	return message_append(&batch.base, out);
}

static struct status append_rest(const struct read_batch *in, struct buffer *out)
{
	Anpr__V1__ReadBatch batch = ANPR__V1__READ_BATCH__INIT;
	Anpr__V1__RejectionCount counts[REJECTION_COUNT], *used[REJECTION_COUNT];
	char cursor[READ_CURSOR_MAX + 1] = {0};

	REQUIRE(in->cursor.n <= READ_CURSOR_MAX, S_BAD_INPUT);
	if (in->cursor.n > 0)
		memcpy(cursor, in->cursor.p, in->cursor.n);
	batch.epoch = in->epoch;
	batch.cursor = cursor;
	batch.rejected = used;
	for (int why = 0; why < REJECTION_COUNT; why++) {
		if (in->rejected[why] == 0)
			continue;
		anpr__v1__rejection_count__init(&counts[why]);
		counts[why].rejection = (Anpr__V1__Rejection)why;
		counts[why].n = in->rejected[why];
		used[batch.n_rejected++] = &counts[why];
	}
	return message_append(&batch.base, out);
}

struct status read_batch_encode(const struct read_batch *batch, struct buffer *out)
{
	for (size_t i = 0; i < batch->n; i++)
		TRY(append_read(&batch->reads[i], batch->before + i, out));
	return append_rest(batch, out);
}

/* Counts that came are added up; one of an unknown reason, or so many that they would wrap, is not a batch of
 * ours. */
static struct status take_rejected(const Anpr__V1__ReadBatch *batch, struct read_batch *out)
{
	for (size_t i = 0; i < batch->n_rejected; i++) {
		const Anpr__V1__RejectionCount *count = batch->rejected[i];

		REQUIRE((unsigned)count->rejection < REJECTION_COUNT, S_BAD_INPUT);
		REQUIRE(count->n <= UINT32_MAX && out->rejected[count->rejection] <= UINT32_MAX, S_BAD_INPUT);
		out->rejected[count->rejection] += count->n;
	}
	return S_OK;
}

/* `local` is ascending, as a source writes it: a place passed over, or none, is not a batch of ours. */
static struct status take_reads(const Anpr__V1__ReadBatch *batch, struct read_batch *out)
{
	enum rejection why;
	size_t local = 0;

	for (size_t i = 0; i < batch->n_reads; i++) {
		read_of_message(batch->reads[i], &out->reads[out->n]);
		out->reads[out->n].local = local < batch->n_local && batch->local[local] == i;
		local += out->reads[out->n].local;
		if (ok(read_validate(&out->reads[out->n], &why)))
			out->n++;
		else
			out->rejected[why]++;
	}
	return local == batch->n_local ? S_OK : S_BAD_INPUT;
}

struct status read_batch_decode(struct span bytes, struct arena *arena, struct read_batch *out)
{
	ProtobufCAllocator allocator = arena_allocator(arena);
	Anpr__V1__ReadBatch *batch = anpr__v1__read_batch__unpack(&allocator, bytes.n, bytes.p);

	REQUIRE(batch, S_BAD_INPUT);
	*out = (struct read_batch){.epoch = batch->epoch, .cursor = span_text(batch->cursor)};
	REQUIRE(cursor_is_good(out->cursor), S_BAD_INPUT);
	TRY(take_rejected(batch, out));
	REQUIRE(batch->n_reads <= SIZE_MAX / sizeof *out->reads, S_BAD_INPUT);
	out->reads = arena_alloc(arena, batch->n_reads * sizeof *out->reads);
	REQUIRE(out->reads, S_BAD_INPUT);
	return take_reads(batch, out);
}

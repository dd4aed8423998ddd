/* SPDX-License-Identifier: Apache-2.0
 *
 * What a source in its partner's hands may send the core: what is taken is valid, bounded, and the same again
 * when it has been encoded once more. The same bytes are tried as a SharedRead.
 */
#include "proto/read.h"
#include "tests/fuzz/fuzz.h"

static void again(const struct read_batch *batch)
{
	struct arena arena = {0};
	struct buffer bytes = {0};
	struct read_batch out;

	NEVER(!ok(read_batch_encode(batch, &bytes)));
	NEVER(!ok(read_batch_decode(buffer_span(&bytes), &arena, &out)));
	NEVER(out.n != batch->n || out.epoch != batch->epoch || !span_equal(out.cursor, batch->cursor));
	for (size_t i = 0; i < out.n; i++)
		NEVER(!span_equal(out.reads[i].vrm, batch->reads[i].vrm) ||
			out.reads[i].has != batch->reads[i].has);
	arena_free(&arena);
	buffer_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena = {.max = 8 << 20};
	struct read_batch batch;
	struct shared_read shared;
	enum rejection why;

	if (ok(read_batch_decode(span_of(bytes, n), &arena, &batch))) {
		for (size_t i = 0; i < batch.n; i++)
			NEVER(!ok(read_validate(&batch.reads[i], &why)));
		again(&batch);
	}
	arena_reset(&arena);
	if (ok(shared_read_decode(span_of(bytes, n), &arena, &shared)))
		NEVER(!text_is_safe(shared.read.vrm) || !text_is_safe(shared.partner_id));
	arena_free(&arena);
	return 0;
}

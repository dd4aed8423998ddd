/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's delimited protobuf. A decoder that gave up is never fed again, so each run has its own. The
 * same bytes are tried as one message, so that the fuzzer need not guess its length.
 */
#include "tests/fuzz/decode.h"

static struct tally decode(const uint8_t *bytes, size_t n, size_t cut)
{
	struct decoder *d = decoder_new(DECODE_PROTOBUF, &sink);

	NEVER(!d);
	tally = (struct tally){0};
	if (feed(d, span_of(bytes, cut)))
		(void)feed(d, span_of(bytes + cut, n - cut));
	decoder_free(d);
	return tally;
}

/* Either a validated read or a reason, out of bounded memory. */
static void one_message(struct span bytes)
{
	struct arena arena = {.max = 4 << 20};
	struct read r;
	enum rejection why;

	if (ok(read_decode(bytes, &arena, &r, &why)))
		NEVER(!ok(read_validate(&r, &why)) || r.cursor.n == 0 || r.cursor.n > bytes.n);
	else
		NEVER(why <= REJECTION_UNSPECIFIED || why >= REJECTION_COUNT);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct tally whole = decode(bytes, n, n), cut = decode(bytes, n, n / 2);

	NEVER(memcmp(&whole, &cut, sizeof whole) != 0);
	one_message(span_of(bytes, n));
	return 0;
}

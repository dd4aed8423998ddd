/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's server-sent events.
 */
#include "tests/fuzz/decode.h"

/* One decoder for all runs, as making it takes longer than using it; two ends of a line end any event. */
static struct decoder *the_decoder(void)
{
	static struct decoder *d;

	if (d)
		return d;
	d = decoder_new(DECODE_EVENT_STREAM, &sink);
	NEVER(!d || !feed(d, span_text("\n"))); /* a byte order mark matters only before it */
	return d;
}

static struct tally decode(const uint8_t *bytes, size_t n, size_t cut)
{
	struct decoder *d = the_decoder();

	tally = (struct tally){0};
	NEVER(!feed(d, span_of(bytes, cut)) || !feed(d, span_of(bytes + cut, n - cut)));
	NEVER(!feed(d, span_text("\n\n")));
	return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct tally whole = decode(bytes, n, n), cut = decode(bytes, n, n / 2);

	NEVER(memcmp(&whole, &cut, sizeof whole) != 0);
	return 0;
}

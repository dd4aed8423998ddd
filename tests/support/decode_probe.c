/* SPDX-License-Identifier: Apache-2.0
 *
 * What the gateway's decoders make of the bytes on standard input, for the tests. One line each: "read
 * CURSOR", "rejected REASON CURSOR", "heartbeat"; "broken" at the end where the decoder gave up.
 *
 *   decode_probe CONTENT_TYPE
 *   decode_probe --accept          what the gateway offers
 */
#include "gateway/source/decode.h"

#include <stdio.h>

static void on_read(void *self, const struct read *r)
{
	(void)self;
	printf("read %.*s\n", SPAN_ARG(r->cursor));
}

static void on_rejected(void *self, enum rejection why, struct span cursor)
{
	(void)self;
	printf("rejected %s %.*s\n", rejection_name(why), SPAN_ARG(cursor));
}

static void on_heartbeat(void *self)
{
	(void)self;
	puts("heartbeat");
}

int main(int argc, char **argv)
{
	static const struct decode_sink sink = {on_read, on_rejected, on_heartbeat, NULL};
	struct status fed = S_OK;
	uint8_t bytes[16384];
	struct decoder *d;

	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "--accept") == 0)
		return puts(decode_accept()) < 0;
	d = decoder_new(decode_format_of(argv[1]), &sink);
	if (!d)
		return 2;
	for (size_t n; ok(fed) && (n = fread(bytes, 1, sizeof bytes, stdin)) > 0;)
		fed = decoder_feed(d, span_of(bytes, n));
	decoder_free(d);
	if (!ok(fed))
		puts("broken");
	return 0;
}

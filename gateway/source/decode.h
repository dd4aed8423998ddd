/* SPDX-License-Identifier: Apache-2.0
 *
 * A partner's bytes into reads, whatever format it picked. A format is a file of its own beside ndjson.c and
 * a row in decode.c. No I/O and no clock; a decoder may be fed anything.
 */
#ifndef ANPR_SOURCE_DECODE_H
#define ANPR_SOURCE_DECODE_H

#include "proto/read.h"

enum decode_format {
	DECODE_UNKNOWN = 0,
	DECODE_NDJSON,
	DECODE_PROTOBUF,
	DECODE_EVENT_STREAM,
};

/* What to offer in Accept: all there are, the cheapest first. */
const char *decode_accept(void);
/* Of a Content-Type, parameters ignored. */
enum decode_format decode_format_of(const char *content_type);

/* Who takes what was decoded. Everything handed over is borrowed for the call. */
struct decode_sink {
	void (*read)(void *self, const struct read *r); /* validated */
	/* An item that is no read. cursor: its own where it had a good one, else empty. */
	void (*rejected)(void *self, enum rejection why, struct span cursor);
	void (*heartbeat)(void *self);
	void *self;
};

struct decoder;

/* sink is borrowed. NULL: unknown format, or out of memory. */
struct decoder *decoder_new(enum decode_format format, const struct decode_sink *sink);
/* Frees and cleanses; what was begun and never ended is dropped. */
void decoder_free(struct decoder *d);
/* The next bytes, cut anywhere. errors: OVERLOAD when out of memory; BAD_INPUT where nobody can tell any more
 * where the next item begins: the decoder is then of no further use. */
MUST struct status decoder_feed(struct decoder *d, struct span bytes);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Delimited protobuf: the length of an anpr.v1.Read as a varint, then the Read; a length of 0 is the
 * heartbeat (DESIGN.md 5.1). What a Read may hold is proto/'s business.
 */
#include "gateway/source/format.h"

#include <stdlib.h>

/* protobuf's own limit for a message is 2 GiB. A length beyond it, or a varint that does not end, is no
 * length: where the next message begins is then unknown, and the stream has to be asked for again. */
#define LENGTH_BYTES 5
#define LENGTH_MAX   INT32_MAX

struct protobuf {
	const struct decode_sink *sink;
	struct arena arena;    /* of one message */
	struct buffer partial; /* of the message begun */
	uint64_t length;       /* so far; then of the message begun */
	unsigned length_bytes; /* of the length that came */
	size_t skipping;       /* bytes yet to come of a message too long */
	bool in_message;
};

static void message_take(struct protobuf *d, struct span message)
{
	struct read r;
	enum rejection why;

	if (ok(read_decode(message, &d->arena, &r, &why)))
		d->sink->read(d->sink->self, &r);
	else
		d->sink->rejected(d->sink->self, why, cursor_is_good(r.cursor) ? r.cursor : span_of(NULL, 0));
	arena_reset(&d->arena);
}

/* The length is whole. */
static void message_begin(struct protobuf *d)
{
	if (d->length == 0) {
		d->sink->heartbeat(d->sink->self);
	} else if (d->length > READ_MESSAGE_MAX) {
		d->sink->rejected(d->sink->self, REJECTION_TOO_LONG, span_of(NULL, 0));
		d->skipping = (size_t)d->length;
	} else {
		d->in_message = true;
		return;
	}
	d->length = 0;
}

/* errors: BAD_INPUT: not a length. */
static struct status length_take(struct protobuf *d, uint8_t byte)
{
	d->length |= (uint64_t)(byte & 0x7F) << 7 * d->length_bytes++;
	if (byte & 0x80)
		return d->length_bytes < LENGTH_BYTES ? S_OK : S_BAD_INPUT;
	REQUIRE(d->length <= LENGTH_MAX, S_BAD_INPUT);
	d->length_bytes = 0;
	message_begin(d);
	return S_OK;
}

/* As much of the message begun as there is. *taken: how much that was. */
static struct status body_take(struct protobuf *d, struct span bytes, size_t *taken)
{
	size_t missing = (size_t)d->length - d->partial.n;

	*taken = bytes.n < missing ? bytes.n : missing;
	if (d->partial.n > 0 || *taken < missing) {
		TRY(buffer_append(&d->partial, span_of(bytes.p, *taken)));
		if (*taken < missing)
			return S_OK;
		message_take(d, buffer_span(&d->partial));
	} else {
		message_take(d, span_of(bytes.p, *taken));
	}
	d->partial.n = 0;
	d->length = 0;
	d->in_message = false;
	return S_OK;
}

static struct status step(struct protobuf *d, struct span bytes, size_t *taken)
{
	if (d->in_message)
		return body_take(d, bytes, taken);
	if (d->skipping == 0) {
		*taken = 1;
		return length_take(d, bytes.p[0]);
	}
	*taken = bytes.n < d->skipping ? bytes.n : d->skipping;
	d->skipping -= *taken;
	return S_OK;
}

static struct status protobuf_feed(void *self, struct span bytes)
{
	struct protobuf *d = self;
	size_t taken;

	while (bytes.n > 0) {
		TRY(step(d, bytes, &taken));
		bytes = span_of(bytes.p + taken, bytes.n - taken);
	}
	return S_OK;
}

static void protobuf_close(void *self)
{
	struct protobuf *d = self;

	arena_free(&d->arena);
	buffer_free(&d->partial);
	free(d);
}

static void *protobuf_open(const struct decode_sink *sink)
{
	struct protobuf *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->sink = sink;
	d->partial.max = READ_MESSAGE_MAX;
	return d;
}

const struct format format_protobuf = {protobuf_open, protobuf_close, protobuf_feed};

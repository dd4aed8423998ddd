/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events (WHATWG HTML 9.2.6): an event's data is one JSON object, its id the cursor; a comment,
 * or an event without data, is the heartbeat (DESIGN.md 5.1). An id holds for its own event only, as cursors
 * are unique. The name of an event and `retry` are ignored: every event is a read, and when to come back is
 * our own back-off's.
 */
#include "gateway/source/format.h"
#include "gateway/source/lines.h"
#include "gateway/source/object.h"

#include <stdlib.h>

#define FIELD_NAME_MAX 6 /* "data: ", so that the longest object fits on a line */

struct event_stream {
	const struct decode_sink *sink;
	struct object_reader *objects;
	struct lines lines;
	struct status memory; /* of the lines being fed */
	bool begun;           /* the stream's first line came */

	/* the event begun */
	struct buffer data;
	bool has_data, too_long;
	uint8_t id[READ_CURSOR_MAX + 1]; /* one byte more, which makes it a bad cursor */
	size_t id_n;
};

static void event_clear(struct event_stream *d)
{
	d->data.n = 0;
	d->has_data = d->too_long = false;
	d->id_n = 0;
}

/* Told at once, as the end of the event may never come; what else belongs to it is passed over. */
static void give_up(struct event_stream *d)
{
	struct span id = span_of(d->id, d->id_n);

	if (d->too_long)
		return;
	d->too_long = true;
	buffer_free(&d->data);
	d->sink->rejected(d->sink->self, REJECTION_TOO_LONG, cursor_is_good(id) ? id : span_of(NULL, 0));
}

static struct status data_append(struct event_stream *d, struct span value)
{
	size_t before = d->has_data ? d->data.n + 1 : 0; /* an LF between two lines of data */

	if (d->too_long)
		return S_OK;
	if (before > READ_MESSAGE_MAX || value.n > READ_MESSAGE_MAX - before) {
		give_up(d);
		return S_OK;
	}
	TRY(buffer_reserve(&d->data, 1 + value.n + JSON_PADDING));
	if (d->has_data)
		TRY(buffer_append(&d->data, span_of("\n", 1)));
	d->has_data = true;
	return buffer_append(&d->data, value);
}

static void id_set(struct event_stream *d, struct span value)
{
	d->id_n = value.n < sizeof d->id ? value.n : sizeof d->id;
	if (d->id_n > 0)
		memcpy(d->id, value.p, d->id_n);
}

static void event_end(struct event_stream *d)
{
	if (d->data.n > 0)
		object_take(d->objects, buffer_span(&d->data), span_of(d->id, d->id_n));
	else if (!d->too_long)
		d->sink->heartbeat(d->sink->self);
	event_clear(d);
}

static struct status field_take(struct event_stream *d, struct span line)
{
	const uint8_t *colon = memchr(line.p, ':', line.n);
	struct span name = span_of(line.p, colon ? (size_t)(colon - line.p) : line.n);
	struct span value = span_of(line.p + line.n, 0);

	if (colon)
		value = span_of(colon + 1, line.n - name.n - 1);
	if (value.n > 0 && value.p[0] == ' ')
		value = span_of(value.p + 1, value.n - 1);
	if (span_is(name, "data"))
		return data_append(d, value);
	if (span_is(name, "id"))
		id_set(d, value);
	return S_OK;
}

/* Of the stream's first line: a byte order mark is no part of it. */
static struct span without_mark(struct span line)
{
	return line.n >= 3 && memcmp(line.p, "\xEF\xBB\xBF", 3) == 0 ? span_of(line.p + 3, line.n - 3) : line;
}

static void on_line(void *self, struct span line)
{
	struct event_stream *d = self;

	if (!ok(d->memory))
		return;
	if (!d->begun)
		line = without_mark(line);
	d->begun = true;
	if (line.n == 0)
		event_end(d);
	else if (line.p[0] == ':')
		d->sink->heartbeat(d->sink->self);
	else
		d->memory = field_take(d, line);
}

static void on_too_long(void *self)
{
	struct event_stream *d = self;

	d->begun = true;
	give_up(d);
}

static void event_stream_close(void *self)
{
	struct event_stream *d = self;

	object_reader_free(d->objects);
	lines_fini(&d->lines);
	buffer_free(&d->data);
	free(d);
}

static void *event_stream_open(const struct decode_sink *sink)
{
	struct event_stream *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->sink = sink;
	d->memory = S_OK;
	lines_init(&d->lines, FIELD_NAME_MAX + READ_MESSAGE_MAX, 0);
	d->lines.cr_ends = true;
	d->objects = object_reader_new(sink);
	if (d->objects)
		return d;
	event_stream_close(d);
	return NULL;
}

static struct status event_stream_feed(void *self, struct span bytes)
{
	struct event_stream *d = self;

	TRY(lines_feed(&d->lines, bytes, &(struct lines_to){on_line, on_too_long, d}));
	return d->memory;
}

const struct format format_event_stream = {event_stream_open, event_stream_close, event_stream_feed};

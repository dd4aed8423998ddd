/* SPDX-License-Identifier: Apache-2.0
 *
 * NDJSON: a line is a read, a blank line the heartbeat (DESIGN.md 5.1).
 */
#include "gateway/source/format.h"
#include "gateway/source/lines.h"
#include "gateway/source/object.h"

#include <stdlib.h>

struct ndjson {
	const struct decode_sink *sink;
	struct object_reader *objects;
	struct lines lines;
};

static bool is_blank(struct span line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] != ' ' && line.p[i] != '\t')
			return false;
	}
	return true;
}

static void on_line(void *self, struct span line)
{
	struct ndjson *d = self;

	if (is_blank(line))
		d->sink->heartbeat(d->sink->self);
	else
		object_take(d->objects, line, span_of(NULL, 0));
}

static void on_too_long(void *self)
{
	struct ndjson *d = self;

	d->sink->rejected(d->sink->self, REJECTION_TOO_LONG, span_of(NULL, 0));
}

static void ndjson_close(void *self)
{
	struct ndjson *d = self;

	object_reader_free(d->objects);
	lines_fini(&d->lines);
	free(d);
}

static void *ndjson_open(const struct decode_sink *sink)
{
	struct ndjson *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->sink = sink;
	lines_init(&d->lines, READ_MESSAGE_MAX, JSON_PADDING);
	d->objects = object_reader_new(sink);
	if (d->objects)
		return d;
	ndjson_close(d);
	return NULL;
}

static struct status ndjson_feed(void *self, struct span bytes)
{
	struct ndjson *d = self;

	return lines_feed(&d->lines, bytes, &(struct lines_to){on_line, on_too_long, d});
}

const struct format format_ndjson = {ndjson_open, ndjson_close, ndjson_feed};

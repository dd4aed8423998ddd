/* SPDX-License-Identifier: Apache-2.0
 *
 * Which formats there are, by the media type that names them.
 */
#include "gateway/source/format.h"

#include <stdlib.h>
#include <strings.h>

static const struct {
	const char *media_type;
	enum decode_format format;
} media_types[] = {
	{"application/x-ndjson", DECODE_NDJSON},
	{"application/ndjson", DECODE_NDJSON},
	{"application/jsonl", DECODE_NDJSON},
	{"application/x-protobuf", DECODE_PROTOBUF},
	{"application/protobuf", DECODE_PROTOBUF},
	{"text/event-stream", DECODE_EVENT_STREAM},
};

struct decoder {
	const struct format *format;
	void *self;
};

const char *decode_accept(void)
{
	return "application/x-protobuf; delimited=true, application/x-ndjson;q=0.8, text/event-stream;q=0.5";
}

enum decode_format decode_format_of(const char *content_type)
{
	size_t n = strcspn(content_type, "; \t");

	for (size_t i = 0; i < sizeof media_types / sizeof *media_types; i++) {
		if (strlen(media_types[i].media_type) == n &&
			strncasecmp(media_types[i].media_type, content_type, n) == 0)
			return media_types[i].format;
	}
	return DECODE_UNKNOWN;
}

static const struct format *format_find(enum decode_format format)
{
	switch (format) {
	case DECODE_UNKNOWN:
		return NULL;
	case DECODE_NDJSON:
		return &format_ndjson;
	case DECODE_PROTOBUF:
		return &format_protobuf;
	case DECODE_EVENT_STREAM:
		return &format_event_stream;
	}
	return NULL;
}

struct decoder *decoder_new(enum decode_format format, const struct decode_sink *sink)
{
	struct decoder *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->format = format_find(format);
	d->self = d->format ? d->format->open(sink) : NULL;
	if (d->self)
		return d;
	free(d);
	return NULL;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	d->format->close(d->self);
	free(d);
}

struct status decoder_feed(struct decoder *d, struct span bytes)
{
	return d->format->feed(d->self, bytes);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * NDJSON: a line is a read, a blank line the heartbeat (DESIGN.md 5.1). Members are taken by name and type
 * here; what they may hold is read_validate's business.
 */
#include "gateway/source/base64.h"
#include "gateway/source/format.h"
#include "gateway/source/json_read.h"
#include "gateway/source/lines.h"

#include <math.h>
#include <stdlib.h>

enum field {
	READ_ID,
	CURSOR,
	CAMERA_ID,
	CAPTURED_AT,
	KIND,
	VRM,
	TAG,
	LAT,
	LON,
	HEADING,
	LANE,
	DIRECTION,
	SPEED_KPH,
	CONFIDENCE,
	COUNTRY,
	PLATE_PATCH,
	OVERVIEW,
	FIELDS
};

static const char *const names[FIELDS] = {"read_id", "cursor", "camera_id", "captured_at", "kind", "vrm",
	"tag", "lat", "lon", "heading", "lane", "direction", "speed_kph", "confidence", "country",
	"plate_patch", "overview"};

struct ndjson {
	const struct decode_sink *sink;
	struct json_reader *json;
	struct lines lines;
	struct buffer patch, overview; /* decoded; used again and again */
	struct json_value values[FIELDS];
};

/* false: there, and not of that type. */
static bool take_text(const struct json_value *v, struct span *to)
{
	if (v->kind == JSON_TEXT)
		*to = v->text;
	return v->kind == JSON_TEXT || v->kind == JSON_ABSENT;
}

static bool take_number(const struct json_value *v, struct read *r, unsigned has, double *to)
{
	if (v->kind == JSON_NUMBER) {
		*to = v->number;
		r->has |= has;
	}
	return v->kind == JSON_NUMBER || v->kind == JSON_ABSENT;
}

static bool take_lane(const struct json_value *v, struct read *r)
{
	double lane = 0;

	if (!take_number(v, r, READ_HAS_LANE, &lane) || !(lane >= 0 && lane <= UINT32_MAX) ||
		lane != floor(lane))
		return false;
	r->lane = (uint32_t)lane;
	return true;
}

static bool take_direction(const struct json_value *v, struct read *r)
{
	struct span text = {0};

	if (!take_text(v, &text))
		return false;
	if (span_is(text, "towards"))
		r->direction = READ_DIRECTION_TOWARDS;
	else if (span_is(text, "away"))
		r->direction = READ_DIRECTION_AWAY;
	else
		return v->kind == JSON_ABSENT;
	return true;
}

static bool take_kind(const struct json_value *v, struct read *r)
{
	struct span text = {0};

	if (!take_text(v, &text))
		return false;
	if (v->kind == JSON_ABSENT || span_is(text, "vrm"))
		r->kind = READ_KIND_VRM;
	else if (span_is(text, "hashed_tag"))
		r->kind = READ_KIND_HASHED_TAG;
	else if (span_is(text, "no_plate"))
		r->kind = READ_KIND_NO_PLATE;
	else
		return false;
	return true;
}

static bool take_image(const struct json_value *v, struct buffer *decoded, struct span *to)
{
	decoded->n = 0;
	if (v->kind == JSON_ABSENT)
		return true;
	if (v->kind != JSON_TEXT || !ok(base64_decode(v->text, decoded)))
		return false;
	*to = buffer_span(decoded);
	return true;
}

static bool take_plain(const struct json_value *v, struct read *r)
{
	return take_text(&v[READ_ID], &r->read_id) && take_text(&v[CURSOR], &r->cursor) &&
	       take_text(&v[CAMERA_ID], &r->camera_id) && take_text(&v[VRM], &r->vrm) &&
	       take_text(&v[TAG], &r->tag) && take_text(&v[COUNTRY], &r->country) &&
	       take_number(&v[LAT], r, READ_HAS_LAT, &r->lat) &&
	       take_number(&v[LON], r, READ_HAS_LON, &r->lon) &&
	       take_number(&v[HEADING], r, READ_HAS_HEADING, &r->heading) &&
	       take_number(&v[SPEED_KPH], r, READ_HAS_SPEED, &r->speed_kph) &&
	       take_number(&v[CONFIDENCE], r, READ_HAS_CONFIDENCE, &r->confidence) &&
	       take_lane(&v[LANE], r) && take_direction(&v[DIRECTION], r);
}

static enum rejection read_take(struct ndjson *d, struct read *r)
{
	const struct json_value *v = d->values;
	enum rejection why;

	if (!take_plain(v, r))
		return REJECTION_BAD_FIELD;
	if (v[CAPTURED_AT].kind == JSON_ABSENT)
		return REJECTION_MISSING_FIELD;
	if (v[CAPTURED_AT].kind != JSON_TEXT || !ok(clock_parse(v[CAPTURED_AT].text, &r->captured_at)))
		return REJECTION_BAD_TIMESTAMP;
	if (!take_kind(&v[KIND], r))
		return REJECTION_BAD_KIND;
	if (!take_image(&v[PLATE_PATCH], &d->patch, &r->plate_patch) ||
		!take_image(&v[OVERVIEW], &d->overview, &r->overview))
		return REJECTION_BAD_IMAGE;
	return ok(read_validate(r, &why)) ? REJECTION_UNSPECIFIED : why;
}

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
	const struct json_value *cursor = &d->values[CURSOR];
	struct read r = {0};
	enum rejection why;

	if (is_blank(line)) {
		d->sink->heartbeat(d->sink->self);
		return;
	}
	if (!json_object_read(d->json, line, names, FIELDS, d->values)) {
		d->sink->rejected(d->sink->self, REJECTION_NOT_JSON, span_of(NULL, 0));
		return;
	}
	why = read_take(d, &r);
	if (why == REJECTION_UNSPECIFIED)
		d->sink->read(d->sink->self, &r);
	else
		d->sink->rejected(d->sink->self, why,
			cursor->kind == JSON_TEXT && cursor_is_good(cursor->text) ? cursor->text
										  : span_of(NULL, 0));
}

static void on_too_long(void *self)
{
	struct ndjson *d = self;

	d->sink->rejected(d->sink->self, REJECTION_TOO_LONG, span_of(NULL, 0));
}

static void ndjson_close(void *self)
{
	struct ndjson *d = self;

	json_reader_free(d->json);
	lines_fini(&d->lines);
	buffer_free(&d->patch);
	buffer_free(&d->overview);
	free(d);
}

static void *ndjson_open(const struct decode_sink *sink)
{
	struct ndjson *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->sink = sink;
	lines_init(&d->lines, READ_MESSAGE_MAX, JSON_PADDING);
	d->json = json_reader_new(READ_MESSAGE_MAX);
	if (d->json)
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

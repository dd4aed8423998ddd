/* SPDX-License-Identifier: Apache-2.0
 *
 * One JSON object into one read (DESIGN.md 5.1). Members are taken by name and type here; what they may hold
 * is read_validate's business, and where an object begins and ends that of the format it comes in.
 */
#include "gateway/source/object.h"

#include "gateway/source/base64.h"
#include "gateway/source/json_read.h"

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

struct object_reader {
	const struct decode_sink *sink;
	struct json_reader *json;
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

/* What carried the object may give its cursor, or give it again. */
static bool take_id(struct span id, struct read *r)
{
	if (r->cursor.n == 0)
		r->cursor = id;
	return id.n == 0 || span_equal(id, r->cursor);
}

static enum rejection read_take(struct object_reader *o, struct span id, struct read *r)
{
	const struct json_value *v = o->values;
	enum rejection why;
	bool has_offset = true;

	if (!take_plain(v, r) || !take_id(id, r))
		return REJECTION_BAD_FIELD;
	if (v[CAPTURED_AT].kind == JSON_ABSENT)
		return REJECTION_MISSING_FIELD;
	if (v[CAPTURED_AT].kind != JSON_TEXT ||
		!ok(clock_parse_local(v[CAPTURED_AT].text, &r->captured_at, &has_offset)))
		return REJECTION_BAD_TIMESTAMP;
	r->local = !has_offset; /* whether the register gives the camera a zone is the core's to know */
	if (!take_kind(&v[KIND], r))
		return REJECTION_BAD_KIND;
	if (!take_image(&v[PLATE_PATCH], &o->patch, &r->plate_patch) ||
		!take_image(&v[OVERVIEW], &o->overview, &r->overview))
		return REJECTION_BAD_IMAGE;
	return ok(read_validate(r, &why)) ? REJECTION_UNSPECIFIED : why;
}

/* The cursor to go on from after an object that is no read. An object and its id that differ give none. */
static struct span cursor_left(const struct object_reader *o, struct span id)
{
	const struct json_value *v = &o->values[CURSOR];
	struct span cursor = v->kind == JSON_TEXT && v->text.n > 0 ? v->text : id;

	if (v->kind != JSON_TEXT && v->kind != JSON_ABSENT)
		return span_of(NULL, 0);
	return cursor_is_good(cursor) && (id.n == 0 || span_equal(id, cursor)) ? cursor : span_of(NULL, 0);
}

void object_take(struct object_reader *o, struct span text, struct span id)
{
	struct read r = {0};
	enum rejection why;

	if (!json_object_read(o->json, text, names, FIELDS, o->values)) {
		o->sink->rejected(
			o->sink->self, REJECTION_NOT_JSON, cursor_is_good(id) ? id : span_of(NULL, 0));
		return;
	}
	why = read_take(o, id, &r);
	if (why == REJECTION_UNSPECIFIED)
		o->sink->read(o->sink->self, &r);
	else
		o->sink->rejected(o->sink->self, why, cursor_left(o, id));
}

struct object_reader *object_reader_new(const struct decode_sink *sink)
{
	struct object_reader *o = calloc(1, sizeof *o);

	if (!o)
		return NULL;
	o->sink = sink;
	o->json = json_reader_new(READ_MESSAGE_MAX);
	if (o->json)
		return o;
	object_reader_free(o);
	return NULL;
}

void object_reader_free(struct object_reader *o)
{
	if (!o)
		return;
	json_reader_free(o->json);
	buffer_free(&o->patch);
	buffer_free(&o->overview);
	free(o);
}

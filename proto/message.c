/* SPDX-License-Identifier: Apache-2.0
 *
 * Field by field between `struct read` and the generated message, and protobuf-c's memory out of an arena.
 */
#include "proto/message.h"

char *scratch_text(struct scratch *s, struct span text)
{
	char *at = s->bytes + s->n;

	if (text.n == 0)
		return NULL;
	if (text.n >= sizeof s->bytes - s->n) {
		s->full = true;
		return NULL;
	}
	memcpy(at, text.p, text.n);
	at[text.n] = 0;
	s->n += text.n + 1;
	return at;
}

/* protobuf-c never writes through these while packing, but its types do not say so. */
static ProtobufCBinaryData bytes_of(struct span s)
{
	return (ProtobufCBinaryData){.len = s.n, .data = (uint8_t *)s.p};
}

static void numbers_to_message(const struct read *r, Anpr__V1__Read *out)
{
	out->has_lat = (r->has & READ_HAS_LAT) != 0;
	out->lat = r->lat;
	out->has_lon = (r->has & READ_HAS_LON) != 0;
	out->lon = r->lon;
	out->has_heading = (r->has & READ_HAS_HEADING) != 0;
	out->heading = r->heading;
	out->has_lane = (r->has & READ_HAS_LANE) != 0;
	out->lane = r->lane;
	out->has_speed_kph = (r->has & READ_HAS_SPEED) != 0;
	out->speed_kph = r->speed_kph;
	out->has_confidence = (r->has & READ_HAS_CONFIDENCE) != 0;
	out->confidence = r->confidence;
}

void message_of_read(const struct read *r, struct scratch *s, Anpr__V1__Read *out)
{
	anpr__v1__read__init(out);
	out->read_id = scratch_text(s, r->read_id);
	out->cursor = scratch_text(s, r->cursor);
	out->camera_id = scratch_text(s, r->camera_id);
	out->vrm = scratch_text(s, r->vrm);
	out->tag = scratch_text(s, r->tag);
	out->country = scratch_text(s, r->country);
	out->has_captured_at_ms = 1;
	out->captured_at_ms = r->captured_at.v;
	out->has_kind = 1;
	out->kind = (Anpr__V1__Kind)r->kind;
	out->has_direction = r->direction != READ_DIRECTION_UNSPECIFIED;
	out->direction = (Anpr__V1__Direction)r->direction;
	numbers_to_message(r, out);
	out->has_plate_patch = r->plate_patch.n > 0;
	out->plate_patch = bytes_of(r->plate_patch);
	out->has_overview = r->overview.n > 0;
	out->overview = bytes_of(r->overview);
}

static unsigned present(const Anpr__V1__Read *m)
{
	return (m->has_lat ? READ_HAS_LAT : 0u) | (m->has_lon ? READ_HAS_LON : 0u) |
	       (m->has_heading ? READ_HAS_HEADING : 0u) | (m->has_lane ? READ_HAS_LANE : 0u) |
	       (m->has_speed_kph ? READ_HAS_SPEED : 0u) | (m->has_confidence ? READ_HAS_CONFIDENCE : 0u);
}

void read_of_message(const Anpr__V1__Read *m, struct read *out)
{
	bool has_kind = m->has_kind && m->kind != ANPR__V1__KIND__KIND_UNSPECIFIED;

	*out = (struct read){
		.read_id = span_text(m->read_id),
		.cursor = span_text(m->cursor),
		.camera_id = span_text(m->camera_id),
		.vrm = span_text(m->vrm),
		.tag = span_text(m->tag),
		.country = span_text(m->country),
		.plate_patch = span_of(m->plate_patch.data, m->plate_patch.len),
		.overview = span_of(m->overview.data, m->overview.len),
		.captured_at = {m->has_captured_at_ms ? m->captured_at_ms
						      : INT64_MIN}, /* which no check lets through */
		.kind = has_kind ? (enum read_kind)m->kind : READ_KIND_VRM,
		.direction =
			m->has_direction ? (enum read_direction)m->direction : READ_DIRECTION_UNSPECIFIED,
		.has = present(m),
		.lane = m->lane,
		.lat = m->lat,
		.lon = m->lon,
		.heading = m->heading,
		.speed_kph = m->speed_kph,
		.confidence = m->confidence,
	};
}

static void *arena_take(void *arena, size_t n)
{
	return arena_alloc(arena, n);
}

static void arena_keep(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

ProtobufCAllocator arena_allocator(struct arena *arena)
{
	return (ProtobufCAllocator){.alloc = arena_take, .free = arena_keep, .allocator_data = arena};
}

struct status message_append(const ProtobufCMessage *m, struct buffer *out)
{
	TRY(buffer_reserve(out, protobuf_c_message_get_packed_size(m)));
	out->n += protobuf_c_message_pack(m, out->p + out->n);
	return S_OK;
}

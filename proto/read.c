/* SPDX-License-Identifier: Apache-2.0
 *
 * What makes a read a read: presence, lengths, characters, ranges, and that kind, vrm and tag agree
 * (DESIGN.md 5.1). Decoders only fill in; every check is here, and runs again in the core because a source
 * may be in its partner's hands. No I/O, no allocation.
 */
#include "proto/read.h"

#include <math.h>

#define TIME_END_MS   INT64_C(253402300800000) /* 10000-01-01: RFC 3339 has four digits for the year */
#define LANE_MAX      99                       /* some count the hard shoulder as 0 */
#define SPEED_MAX_KPH 1000.0

const char *rejection_name(enum rejection why)
{
	static const char *const names[REJECTION_COUNT] = {
		[REJECTION_UNSPECIFIED] = "unspecified",
		[REJECTION_NOT_JSON] = "not_json",
		[REJECTION_TOO_LONG] = "too_long",
		[REJECTION_MISSING_FIELD] = "missing_field",
		[REJECTION_BAD_FIELD] = "bad_field",
		[REJECTION_BAD_TIMESTAMP] = "bad_timestamp",
		[REJECTION_BAD_KIND] = "bad_kind",
		[REJECTION_BAD_IMAGE] = "bad_image",
		[REJECTION_NOT_PROTOBUF] = "not_protobuf",
	};

	return (unsigned)why < REJECTION_COUNT ? names[why] : "unspecified";
}

/* Bytes of the character at t.p[at], or 0 where it is not UTF-8 (RFC 3629: shortest form, no surrogates). */
static size_t character_take(struct span t, size_t at, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = t.p[at];
	size_t n = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;

	if (n == 0 || n > t.n - at)
		return 0;
	*code = n == 1 ? first : first & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((t.p[at + i] & 0xC0) != 0x80)
			return 0;
		*code = *code << 6 | (t.p[at + i] & 0x3F);
	}
	if (*code < least[n] || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
		return 0;
	return n;
}

/* Control characters end up in terminals and logs; line separators and bidirectional overrides make a list of
 * cameras say something else than it holds. */
static bool character_is_safe(uint32_t c)
{
	return c >= 0x20 && (c < 0x7F || c > 0x9F) && c != 0x2028 && c != 0x2029 &&
	       !(c >= 0x202A && c <= 0x202E) && !(c >= 0x2066 && c <= 0x2069) && c != 0xFEFF;
}

/* Characters and, among them, blanks; false where one is not safe. */
static bool text_count(struct span t, size_t *characters, size_t *blanks)
{
	uint32_t code;
	size_t n;

	*characters = *blanks = 0;
	for (size_t at = 0; at < t.n; at += n, ++*characters) {
		n = character_take(t, at, &code);
		if (n == 0 || !character_is_safe(code))
			return false;
		*blanks += code == ' ';
	}
	return true;
}

bool text_is_safe(struct span text)
{
	size_t characters, blanks;

	return text_count(text, &characters, &blanks);
}

bool cursor_is_good(struct span cursor)
{
	return cursor.n <= READ_CURSOR_MAX && text_is_safe(cursor);
}

/* A text that says something: safe, and not only blanks. */
static bool id_is_good(struct span t, size_t bytes_max)
{
	size_t characters, blanks;

	return t.n <= bytes_max && text_count(t, &characters, &blanks) && blanks < characters;
}

static bool vrm_is_good(struct span t)
{
	size_t characters, blanks;

	return t.n <= (size_t)4 * READ_VRM_MAX && text_count(t, &characters, &blanks) &&
	       characters <= READ_VRM_MAX && blanks < characters;
}

static bool texts_are_good(const struct read *r)
{
	bool country =
		r->country.n == 0 || (r->country.n == 2 && r->country.p[0] >= 'A' && r->country.p[0] <= 'Z' &&
					     r->country.p[1] >= 'A' && r->country.p[1] <= 'Z');

	return country && id_is_good(r->read_id, READ_ID_MAX) && id_is_good(r->cursor, READ_CURSOR_MAX) &&
	       id_is_good(r->camera_id, READ_CAMERA_MAX) && !memchr(r->camera_id.p, '/', r->camera_id.n) &&
	       (r->tag.n == 0 || id_is_good(r->tag, READ_TAG_MAX)) && (r->vrm.n == 0 || vrm_is_good(r->vrm));
}

static bool within(const struct read *r, unsigned has, double value, double least, double most)
{
	return !(r->has & has) || (isfinite(value) && value >= least && value <= most);
}

static bool numbers_are_good(const struct read *r)
{
	bool lat = r->has & READ_HAS_LAT, lon = r->has & READ_HAS_LON;

	return lat == lon && within(r, READ_HAS_LAT, r->lat, -90, 90) &&
	       within(r, READ_HAS_LON, r->lon, -180, 180) &&
	       within(r, READ_HAS_HEADING, r->heading, 0, 360) &&
	       within(r, READ_HAS_LANE, r->lane, 0, LANE_MAX) &&
	       within(r, READ_HAS_SPEED, r->speed_kph, 0, SPEED_MAX_KPH) &&
	       within(r, READ_HAS_CONFIDENCE, r->confidence, 0, 1) &&
	       (unsigned)r->direction <= READ_DIRECTION_AWAY;
}

/* A tag is never passed off as a VRM, nor the other way round. */
static enum rejection kind_check(const struct read *r)
{
	switch (r->kind) {
	case READ_KIND_VRM:
		return r->tag.n > 0    ? REJECTION_BAD_KIND
		       : r->vrm.n == 0 ? REJECTION_MISSING_FIELD
				       : REJECTION_UNSPECIFIED;
	case READ_KIND_HASHED_TAG:
		return r->vrm.n > 0    ? REJECTION_BAD_KIND
		       : r->tag.n == 0 ? REJECTION_MISSING_FIELD
				       : REJECTION_UNSPECIFIED;
	case READ_KIND_NO_PLATE:
		return r->vrm.n > 0 || r->tag.n > 0 ? REJECTION_BAD_KIND : REJECTION_UNSPECIFIED;
	case READ_KIND_UNSPECIFIED:
		break;
	}
	return REJECTION_BAD_KIND;
}

/* A JPEG begins with SOI and another marker (ITU-T T.81 B.2.1). */
static bool image_is_good(struct span image)
{
	return image.n == 0 ||
	       (image.n > 3 && image.p[0] == 0xFF && image.p[1] == 0xD8 && image.p[2] == 0xFF);
}

static bool images_are_good(const struct read *r)
{
	return r->plate_patch.n <= READ_MESSAGE_MAX && r->overview.n <= READ_MESSAGE_MAX - r->plate_patch.n &&
	       image_is_good(r->plate_patch) && image_is_good(r->overview);
}

static enum rejection check(const struct read *r)
{
	enum rejection why;

	if (r->read_id.n == 0 || r->cursor.n == 0 || r->camera_id.n == 0)
		return REJECTION_MISSING_FIELD;
	if (!texts_are_good(r))
		return REJECTION_BAD_FIELD;
	if (r->captured_at.v < 0 || r->captured_at.v >= TIME_END_MS)
		return REJECTION_BAD_TIMESTAMP;
	why = kind_check(r);
	if (why != REJECTION_UNSPECIFIED)
		return why;
	if (!numbers_are_good(r))
		return REJECTION_BAD_FIELD;
	return images_are_good(r) ? REJECTION_UNSPECIFIED : REJECTION_BAD_IMAGE;
}

struct status read_validate(const struct read *r, enum rejection *why)
{
	*why = check(r);
	return *why == REJECTION_UNSPECIFIED ? S_OK : S_BAD_INPUT;
}

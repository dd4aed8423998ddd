/* SPDX-License-Identifier: Apache-2.0
 *
 * What makes a read a read: one good read, and every way of spoiling it that DESIGN.md 5.1 and 6 name.
 */
#include "tests/unit/test_proto.h"

#include <math.h>

#define JPEG "\xff\xd8\xff\xe0"

struct read good_read(void)
{
	return (struct read){
		.read_id = span_text("r-1"),
		.cursor = span_text("c-000000000001"),
		.camera_id = span_text("ULEZ-00001"),
		.vrm = span_text("AB12 CDE"),
		.country = span_text("GB"),
		.plate_patch = span_text(JPEG "patch"),
		.overview = span_text(JPEG "overview"),
		.captured_at = {1793534400000},
		.kind = READ_KIND_VRM,
		.direction = READ_DIRECTION_AWAY,
		.has = READ_HAS_LAT | READ_HAS_LON | READ_HAS_HEADING | READ_HAS_LANE | READ_HAS_SPEED |
		       READ_HAS_CONFIDENCE,
		.lat = 51.4893,
		.lon = -0.1335,
		.heading = 350,
		.lane = 2,
		.speed_kph = 0,
		.confidence = 0.97,
	};
}

/* Which field a row alters; the others stay as in good_read(). */
enum field { READ_ID, CURSOR, CAMERA, VRM, TAG, COUNTRY, PATCH };

static const struct text_row {
	const char *name, *text;
	enum field field;
	enum rejection want;
} text_rows[] = {
	{"no read_id", "", READ_ID, REJECTION_MISSING_FIELD},
	{"no cursor", "", CURSOR, REJECTION_MISSING_FIELD},
	{"no camera", "", CAMERA, REJECTION_MISSING_FIELD},
	{"no vrm", "", VRM, REJECTION_MISSING_FIELD},
	{"no country", "", COUNTRY, REJECTION_UNSPECIFIED},
	{"no patch", "", PATCH, REJECTION_UNSPECIFIED},
	{"read_id of 64", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", READ_ID,
		REJECTION_UNSPECIFIED},
	{"read_id of 65", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", READ_ID,
		REJECTION_BAD_FIELD},
	{"read_id of blanks", "   ", READ_ID, REJECTION_BAD_FIELD},
	{"read_id with newline", "r\n1", READ_ID, REJECTION_BAD_FIELD},
	{"read_id with escape", "r\x1b[2J", READ_ID, REJECTION_BAD_FIELD},
	{"read_id with DEL", "r\x7f", READ_ID, REJECTION_BAD_FIELD},
	{"read_id with C1",
		"r\xc2\x9b"
		"2J",
		READ_ID, REJECTION_BAD_FIELD},
	{"camera with slash", "tfl/1", CAMERA, REJECTION_BAD_FIELD},
	{"camera with blank inside", "gantry 4 north", CAMERA, REJECTION_UNSPECIFIED},
	{"camera in Welsh", "Tŷ-01", CAMERA, REJECTION_UNSPECIFIED},
	{"camera with override",
		"a\xe2\x80\xae"
		"b",
		CAMERA, REJECTION_BAD_FIELD},
	{"camera with isolate",
		"a\xe2\x81\xa6"
		"b",
		CAMERA, REJECTION_BAD_FIELD},
	{"camera with line separator",
		"a\xe2\x80\xa8"
		"b",
		CAMERA, REJECTION_BAD_FIELD},
	{"camera with byte order mark",
		"\xef\xbb\xbf"
		"a",
		CAMERA, REJECTION_BAD_FIELD},
	{"vrm of 16", "ABCDEFGH12345678", VRM, REJECTION_UNSPECIFIED},
	{"vrm of 17", "ABCDEFGH123456789", VRM, REJECTION_BAD_FIELD},
	{"vrm of 16 Greek letters", "ΑΒΓΔΕΖΗΘΑΒΓΔΕΖΗΘ", VRM, REJECTION_UNSPECIFIED},
	{"vrm of 17 Greek letters", "ΑΒΓΔΕΖΗΘΑΒΓΔΕΖΗΘΑ", VRM, REJECTION_BAD_FIELD},
	{"vrm not UTF-8", "AB\xff\xfe", VRM, REJECTION_BAD_FIELD},
	{"vrm cut short", "AB\xce", VRM, REJECTION_BAD_FIELD},
	{"vrm cut in the middle",
		"AB\xe2\x82"
		"CD",
		VRM, REJECTION_BAD_FIELD},
	{"vrm in overlong form", "AB\xc1\x81", VRM, REJECTION_BAD_FIELD},
	{"vrm in overlong form of three", "AB\xe0\x81\x81", VRM, REJECTION_BAD_FIELD},
	{"vrm with a surrogate", "AB\xed\xa0\x80", VRM, REJECTION_BAD_FIELD},
	{"vrm beyond Unicode", "AB\xf4\x90\x80\x80", VRM, REJECTION_BAD_FIELD},
	{"vrm with five-byte form", "AB\xf8\x88\x80\x80\x80", VRM, REJECTION_BAD_FIELD},
	{"vrm begins with continuation", "\x80", VRM, REJECTION_BAD_FIELD},
	{"vrm and tag", "4711", TAG, REJECTION_BAD_KIND},
	{"country in lower case", "gb", COUNTRY, REJECTION_BAD_FIELD},
	{"country of three", "GBR", COUNTRY, REJECTION_BAD_FIELD},
	{"country of digits", "44", COUNTRY, REJECTION_BAD_FIELD},
	{"patch is no JPEG", "\x89PNG\r\n", PATCH, REJECTION_BAD_IMAGE},
	{"patch too short", "\xff\xd8\xff", PATCH, REJECTION_BAD_IMAGE},
};

static struct span *field_of(struct read *r, enum field field)
{
	struct span *const fields[] = {[READ_ID] = &r->read_id,
		[CURSOR] = &r->cursor,
		[CAMERA] = &r->camera_id,
		[VRM] = &r->vrm,
		[TAG] = &r->tag,
		[COUNTRY] = &r->country,
		[PATCH] = &r->plate_patch};

	return fields[field];
}

static enum rejection verdict(const struct read *r)
{
	enum rejection why = REJECTION_COUNT;
	struct status s = read_validate(r, &why);

	ck_assert_int_eq(ok(s), why == REJECTION_UNSPECIFIED);
	return why;
}

START_TEST(texts)
{
	const struct text_row *row = &text_rows[_i];
	struct read r = good_read();

	*field_of(&r, row->field) = span_text(row->text);
	ck_assert_msg(verdict(&r) == row->want, "%s", row->name);
}
END_TEST

START_TEST(an_embedded_zero)
{
	struct read r = good_read();

	r.camera_id = span_of("a\0b", 3);
	ck_assert_int_eq(verdict(&r), REJECTION_BAD_FIELD);
}
END_TEST

static const struct number_row {
	const char *name;
	size_t offset;
	double value;
	enum rejection want;
} number_rows[] = {
	{"north pole", offsetof(struct read, lat), 90, REJECTION_UNSPECIFIED},
	{"beyond the pole", offsetof(struct read, lat), 90.001, REJECTION_BAD_FIELD},
	{"lat not a number", offsetof(struct read, lat), NAN, REJECTION_BAD_FIELD},
	{"date line", offsetof(struct read, lon), -180, REJECTION_UNSPECIFIED},
	{"beyond the date line", offsetof(struct read, lon), -180.1, REJECTION_BAD_FIELD},
	{"lon infinite", offsetof(struct read, lon), INFINITY, REJECTION_BAD_FIELD},
	{"heading 360", offsetof(struct read, heading), 360, REJECTION_UNSPECIFIED},
	{"heading 361", offsetof(struct read, heading), 361, REJECTION_BAD_FIELD},
	{"heading below 0", offsetof(struct read, heading), -0.5, REJECTION_BAD_FIELD},
	{"backwards", offsetof(struct read, speed_kph), -1, REJECTION_BAD_FIELD},
	{"faster than sound", offsetof(struct read, speed_kph), 1235, REJECTION_BAD_FIELD},
	{"sure", offsetof(struct read, confidence), 1, REJECTION_UNSPECIFIED},
	{"in per cent", offsetof(struct read, confidence), 97, REJECTION_BAD_FIELD},
	{"confidence below 0", offsetof(struct read, confidence), -0.01, REJECTION_BAD_FIELD},
	{"confidence not a number", offsetof(struct read, confidence), NAN, REJECTION_BAD_FIELD},
};

START_TEST(numbers)
{
	const struct number_row *row = &number_rows[_i];
	struct read r = good_read();

	*(double *)(void *)((char *)&r + row->offset) = row->value;
	ck_assert_msg(verdict(&r) == row->want, "%s", row->name);
	r.has = 0; /* what is not there cannot be wrong */
	ck_assert_msg(verdict(&r) == REJECTION_UNSPECIFIED, "%s, absent", row->name);
}
END_TEST

START_TEST(other_fields)
{
	struct read r = good_read();

	r.has &= ~(unsigned)READ_HAS_LON;
	ck_assert_int_eq(verdict(&r), REJECTION_BAD_FIELD);
	r = good_read();
	r.lane = 100;
	ck_assert_int_eq(verdict(&r), REJECTION_BAD_FIELD);
	r = good_read();
	r.direction = (enum read_direction)3;
	ck_assert_int_eq(verdict(&r), REJECTION_BAD_FIELD);
	r = good_read();
	r.captured_at.v = -1;
	ck_assert_int_eq(verdict(&r), REJECTION_BAD_TIMESTAMP);
	r.captured_at.v = INT64_C(253402300800000);
	ck_assert_int_eq(verdict(&r), REJECTION_BAD_TIMESTAMP);
	r.captured_at.v--;
	ck_assert_int_eq(verdict(&r), REJECTION_UNSPECIFIED);
}
END_TEST

static const struct kind_row {
	const char *vrm, *tag;
	enum read_kind kind;
	enum rejection want;
} kind_rows[] = {
	{"A1", "", READ_KIND_VRM, REJECTION_UNSPECIFIED},
	{"", "t", READ_KIND_VRM, REJECTION_BAD_KIND},
	{"A1", "t", READ_KIND_VRM, REJECTION_BAD_KIND},
	{"", "t", READ_KIND_HASHED_TAG, REJECTION_UNSPECIFIED},
	{"", "", READ_KIND_HASHED_TAG, REJECTION_MISSING_FIELD},
	{"A1", "", READ_KIND_HASHED_TAG, REJECTION_BAD_KIND},
	{"A1", "t", READ_KIND_HASHED_TAG, REJECTION_BAD_KIND},
	{"", "", READ_KIND_NO_PLATE, REJECTION_UNSPECIFIED},
	{"A1", "", READ_KIND_NO_PLATE, REJECTION_BAD_KIND},
	{"", "t", READ_KIND_NO_PLATE, REJECTION_BAD_KIND},
	{"A1", "", READ_KIND_UNSPECIFIED, REJECTION_BAD_KIND},
	{"A1", "", (enum read_kind)4, REJECTION_BAD_KIND},
	{"A1", "", (enum read_kind)99, REJECTION_BAD_KIND},
};

START_TEST(kinds)
{
	const struct kind_row *row = &kind_rows[_i];
	struct read r = good_read();

	r.kind = row->kind;
	r.vrm = span_text(row->vrm);
	r.tag = span_text(row->tag);
	ck_assert_msg(verdict(&r) == row->want, "row %d", _i);
}
END_TEST

START_TEST(image_sizes)
{
	static uint8_t image[READ_MESSAGE_MAX + 1] = {0xFF, 0xD8, 0xFF, 0xE0};
	struct read r = good_read();

	r.plate_patch = span_of(NULL, 0);
	r.overview = span_of(image, READ_MESSAGE_MAX);
	ck_assert_int_eq(verdict(&r), REJECTION_UNSPECIFIED);
	r.overview.n++;
	ck_assert_int_eq(verdict(&r), REJECTION_BAD_IMAGE);
	r.overview.n = READ_MESSAGE_MAX - 10;
	r.plate_patch = span_of(image, 11);
	ck_assert_int_eq(verdict(&r), REJECTION_BAD_IMAGE);
	r.plate_patch.n = 10;
	ck_assert_int_eq(verdict(&r), REJECTION_UNSPECIFIED);
}
END_TEST

START_TEST(zeroed_memory_is_no_read)
{
	ck_assert_int_eq(verdict(&(struct read){0}), REJECTION_MISSING_FIELD);
}
END_TEST

START_TEST(names_of_rejections)
{
	ck_assert_str_eq(rejection_name(REJECTION_NOT_JSON), "not_json");
	ck_assert_str_eq(rejection_name(REJECTION_BAD_IMAGE), "bad_image");
	ck_assert_str_eq(rejection_name(REJECTION_COUNT), "unspecified");
	for (int why = 0; why < REJECTION_COUNT; why++)
		ck_assert_ptr_nonnull(rejection_name((enum rejection)why));
}
END_TEST

TCase *case_read(void)
{
	TCase *c = tcase_create("read");

	tcase_add_loop_test(c, texts, 0, ROWS(text_rows));
	tcase_add_test(c, an_embedded_zero);
	tcase_add_loop_test(c, numbers, 0, ROWS(number_rows));
	tcase_add_test(c, other_fields);
	tcase_add_loop_test(c, kinds, 0, ROWS(kind_rows));
	tcase_add_test(c, image_sizes);
	tcase_add_test(c, zeroed_memory_is_no_read);
	tcase_add_test(c, names_of_rejections);
	return c;
}

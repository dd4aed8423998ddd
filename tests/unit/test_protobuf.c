/* SPDX-License-Identifier: Apache-2.0
 *
 * Delimited protobuf: messages that are no reads, lengths that are no lengths, and what protobuf-c would let
 * through.
 */
#include "tests/unit/test_source.h"

#include <stdio.h>
#include <stdlib.h>

#define ID "\x0a\x03r-1"
#define CURSOR                                                                                               \
	"\x12\x03"                                                                                           \
	"c-1"
#define CAMERA                                                                                               \
	"\x1a\x03"                                                                                           \
	"CAM"
#define AT "\x20\xfb\xac\xec\xb7\x99\x34" /* 2026-11-01T12:00:00.123Z */
#define VRM                                                                                                  \
	"\x32\x04"                                                                                           \
	"AB12"
#define NEEDED ID CURSOR CAMERA AT
#define GOOD   NEEDED VRM /* 28 bytes */

static const struct message_row {
	const char *name;
	struct span message;
	const char *want;
} messages[] = {
	{"least there is", BYTES(GOOD), "+c-1:AB12 "},
	{"with its kind", BYTES(GOOD "\x28\x01"), "+c-1:AB12 "},
	{"kind 0 is a vrm", BYTES(GOOD "\x28\x00"), "+c-1:AB12 "},
	{"a tag",
		BYTES(NEEDED "\x28\x02\x3a\x04"
			     "4711"),
		"+c-1:4711 "},
	{"no plate", BYTES(NEEDED "\x28\x03"), "+c-1: "},
	{"in another order", BYTES(VRM AT CAMERA CURSOR ID), "+c-1:AB12 "},
	{"unknown fields",
		BYTES("\xc2\x3e\x03{1}" GOOD "\xc8\x3e\x07\xcd\x3e"
		      "1234\xd1\x3e"
		      "12345678"),
		"+c-1:AB12 "},
	{"the last of two counts",
		BYTES(GOOD "\x32\x02"
			   "B2"),
		"+c-1:B2 "},
	{"lane 0, which is there", BYTES(GOOD "\x58\x00"), "+c-1:AB12 "},
	{"images", BYTES(GOOD "\x82\x01\x04\xff\xd8\xff\xe0\x8a\x01\x05\xff\xd8\xff\xe0\x00"),
		"+c-1:AB12!4!5 "},
	{"empty images are none", BYTES(GOOD "\x82\x01\x00\x8a\x01\x00"), "+c-1:AB12 "},
	{"empty texts for nothing", BYTES(GOOD "\x3a\x00\x7a\x00"), "+c-1:AB12 "},
	{"a longer varint than needed", BYTES("\x8a\x00\x83\x80\x00r-1" CURSOR CAMERA AT VRM), "+c-1:AB12 "},
	/* not a Read */
	{"words", BYTES("Internal Server Error"), "-not_protobuf: "},
	{"JSON", BYTES("{\"read_id\":\"r-1\"}"), "-not_protobuf: "},
	{"a cut text",
		BYTES(NEEDED "\x32\x05"
			     "AB12"),
		"-not_protobuf: "},
	{"a cut number",
		BYTES(NEEDED VRM "\x41"
				 "1234567"),
		"-not_protobuf: "},
	{"a cut varint", BYTES(GOOD "\x58\x80"), "-not_protobuf: "},
	{"a cut tag", BYTES(GOOD "\x80"), "-not_protobuf: "},
	{"a varint of 11 bytes", BYTES(GOOD "\x58\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
		"-not_protobuf: "},
	{"a varint of 65 bits", BYTES(GOOD "\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
		"-not_protobuf: "},
	{"a tag of 65 bits", BYTES(GOOD "\xd8\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01"), "-not_protobuf: "},
	{"a text of 2^64 - 1",
		BYTES(NEEDED "\x32\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			     "A"),
		"-not_protobuf: "},
	{"a text of 2^32 + 4",
		BYTES(NEEDED "\x32\x84\x80\x80\x80\x10"
			     "AB12"),
		"-not_protobuf: "},
	{"a tag of 2^32 + vrm",
		BYTES(NEEDED "\xb2\x80\x80\x80\x80\x01\x04"
			     "AB12"),
		"-not_protobuf: "},
	{"field 0", BYTES(GOOD "\x00\x01"), "-not_protobuf: "},
	{"a group", BYTES(GOOD "\xc3\x3e\xc4\x3e"), "-not_protobuf: "},
	{"the end of a group", BYTES(GOOD "\xc4\x3e"), "-not_protobuf: "},
	{"wire type 6", BYTES(GOOD "\x5e"), "-not_protobuf: "},
	{"wire type 7", BYTES(GOOD "\x5f"), "-not_protobuf: "},
	{"vrm is a number", BYTES(NEEDED "\x30\x04"), "-not_protobuf: "},
	{"lat is a text",
		BYTES(GOOD "\x42\x01"
			   "1\x4a\x01"
			   "1"),
		"-not_protobuf: "},
	/* missing */
	{"one unknown field only", BYTES("\xc8\x3e\x07"), "-missing_field: "},
	{"no read_id", BYTES(CURSOR CAMERA AT VRM), "-missing_field:c-1 "},
	{"no cursor", BYTES(ID CAMERA AT VRM), "-missing_field: "},
	{"an empty cursor", BYTES(GOOD "\x12\x00"), "-missing_field: "},
	{"no camera", BYTES(ID CURSOR AT VRM), "-missing_field:c-1 "},
	{"no time", BYTES(ID CURSOR CAMERA VRM), "-missing_field:c-1 "},
	{"no vrm", BYTES(NEEDED), "-missing_field:c-1 "},
	{"no tag", BYTES(NEEDED "\x28\x02"), "-missing_field:c-1 "},
	/* impossible */
	{"a vrm with a zero in it",
		BYTES(NEEDED "\x32\x05"
			     "AB\0"
			     "12"),
		"-bad_field: "},
	{"a vrm with a zero after it",
		BYTES(NEEDED "\x32\x05"
			     "AB12\0"),
		"-bad_field: "},
	{"a cursor with a zero in it",
		BYTES(ID "\x12\x05"
			 "c-1\0x" CAMERA AT VRM),
		"-bad_field: "},
	{"a zero in the first of two",
		BYTES(NEEDED "\x32\x02"
			     "A\0" VRM),
		"-bad_field: "},
	{"bad UTF-8",
		BYTES(NEEDED "\x32\x03"
			     "A\xff\xfe"),
		"-bad_field:c-1 "},
	{"half a surrogate", BYTES(NEEDED "\x32\x03\xed\xa0\x80"), "-bad_field:c-1 "},
	{"a vrm with a newline",
		BYTES(NEEDED "\x32\x03"
			     "A\n1"),
		"-bad_field:c-1 "},
	{"a vrm of 17",
		BYTES(NEEDED "\x32\x11"
			     "ABCDEFGHJKLMNPRST"),
		"-bad_field:c-1 "},
	{"a camera with a slash",
		BYTES(ID CURSOR "\x1a\x03"
				"a/b" AT VRM),
		"-bad_field:c-1 "},
	{"a cursor with a newline",
		BYTES(ID "\x12\x03"
			 "c\n1" CAMERA AT VRM),
		"-bad_field: "},
	{"lat without lon", BYTES(GOOD "\x41\0\0\0\0\0\0\0\0"), "-bad_field:c-1 "},
	{"lat is not a number", BYTES(GOOD "\x41\0\0\0\0\0\0\xf8\x7f\x49\0\0\0\0\0\0\0\0"),
		"-bad_field:c-1 "},
	{"confidence without end", BYTES(GOOD "\x71\0\0\0\0\0\0\xf0\x7f"), "-bad_field:c-1 "},
	{"lane 100", BYTES(GOOD "\x58\x64"), "-bad_field:c-1 "},
	{"direction 3", BYTES(GOOD "\x60\x03"), "-bad_field:c-1 "},
	{"direction -1", BYTES(GOOD "\x60\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "-bad_field:c-1 "},
	{"a country in words",
		BYTES(GOOD "\x7a\x03"
			   "GBR"),
		"-bad_field:c-1 "},
	{"before 1970", BYTES(ID CURSOR CAMERA "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" VRM),
		"-bad_timestamp:c-1 "},
	{"after all years", BYTES(ID CURSOR CAMERA "\x20\x80\xc0\xbb\xd4\xe8\xb6\xce\x2f" VRM),
		"-bad_timestamp:c-1 "},
	{"kind 4", BYTES(GOOD "\x28\x04"), "-bad_kind:c-1 "},
	{"kind -1", BYTES(GOOD "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "-bad_kind:c-1 "},
	{"a tag for a vrm",
		BYTES(NEEDED "\x3a\x04"
			     "4711"),
		"-bad_kind:c-1 "},
	{"a plate on no plate", BYTES(GOOD "\x28\x03"), "-bad_kind:c-1 "},
	{"not a JPEG", BYTES(GOOD "\x8a\x01\x04\x89PNG"), "-bad_image:c-1 "},
};

/* Each with its length before it, and a read that has to come out of it after it. */
START_TEST(messages_one_by_one)
{
	const struct message_row *row = &messages[_i];
	struct buffer stream = {0}, want = {0};
	const char *got;

	ck_assert_uint_lt(row->message.n, 128);
	ck_assert(ok(buffer_append(&stream, span_of(&(uint8_t){(uint8_t)row->message.n}, 1))));
	ck_assert(ok(buffer_append(&stream, row->message)));
	ck_assert(ok(buffer_append(&stream, (struct span)BYTES("\x1c" GOOD))));
	ck_assert(ok(buffer_format(&want, "%s+c-1:AB12 ", row->want)));
	got = decoded(DECODE_PROTOBUF, buffer_span(&stream));
	ck_assert_msg(strcmp(got, buffer_text(&want)) == 0, "%s: %s", row->name, got);
	buffer_free(&stream);
	buffer_free(&want);
}
END_TEST

static const struct stream_row {
	const char *name;
	struct span bytes;
	const char *want;
} streams[] = {
	{"nothing", BYTES(""), ""},
	{"heartbeats", BYTES("\0\0\0"), "h h h "},
	{"heartbeats between reads", BYTES("\0\x1c" GOOD "\0\0\x1c" GOOD), "h +c-1:AB12 h h +c-1:AB12 "},
	{"a heartbeat padded to five bytes", BYTES("\x80\x80\x80\x80\x00\x1c" GOOD), "h +c-1:AB12 "},
	{"a length padded to five bytes", BYTES("\x9c\x80\x80\x80\x00" GOOD "\0"), "+c-1:AB12 h "},
	{"a message without end", BYTES("\x1c" GOOD "\x1c" NEEDED), "+c-1:AB12 "},
	{"a length without end", BYTES("\x1c" GOOD "\x9c"), "+c-1:AB12 "},
	{"a length of six bytes", BYTES("\x1c" GOOD "\x9c\x80\x80\x80\x80\x00" GOOD), "+c-1:AB12 broken"},
	{"2^31", BYTES("\x80\x80\x80\x80\x08"), "broken"},
	{"2^35 - 1", BYTES("\xff\xff\xff\xff\x7f"), "broken"},
	{"2^64 - 1", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "broken"},
	{"ones without end", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "broken"},
	{"2^31 - 1, and what little came", BYTES("\xff\xff\xff\xff\x07\x1c" GOOD), "-too_long: "},
	{"NDJSON under the wrong name", BYTES("{\"read_id\":\"r-1\"}\n"), ""}, /* waits for 123 bytes */
	{"HTML", BYTES("<html></html>                                                  "), "-not_protobuf: "},
};

START_TEST(streams_however_cut)
{
	const struct stream_row *row = &streams[_i];
	const char *got = decoded(DECODE_PROTOBUF, row->bytes);

	ck_assert_msg(strcmp(got, row->want) == 0, "%s: %s", row->name, got);
}
END_TEST

/* n as a varint of three bytes. */
static void append_varint(struct buffer *b, size_t n)
{
	uint8_t bytes[] = {(uint8_t)(n | 0x80), (uint8_t)(n >> 7 | 0x80), (uint8_t)(n >> 14)};

	ck_assert_uint_lt(n, 1 << 21);
	ck_assert(ok(buffer_append(b, span_of(bytes, sizeof bytes))));
}

/* GOOD and an overview that makes it exactly n bytes long, behind its length. */
static void append_long(struct buffer *b, size_t n)
{
	size_t image = n - (sizeof GOOD - 1) - 5;

	append_varint(b, n);
	ck_assert(ok(buffer_append(b, (struct span)BYTES(GOOD "\x8a\x01"))));
	append_varint(b, image);
	ck_assert(ok(buffer_reserve(b, image)));
	memset(b->p + b->n, 0, image);
	memcpy(b->p + b->n, "\xff\xd8\xff", 3);
	b->n += image;
}

START_TEST(the_longest_message)
{
	struct buffer stream = {0};
	char want[80];

	append_long(&stream, READ_MESSAGE_MAX);
	append_long(&stream, READ_MESSAGE_MAX + 1);
	append_long(&stream, READ_MESSAGE_MAX - 1);
	snprintf(want, sizeof want, "+c-1:AB12!0!%zu -too_long: +c-1:AB12!0!%zu ",
		(size_t)READ_MESSAGE_MAX - 33, (size_t)READ_MESSAGE_MAX - 34);
	ck_assert_str_eq(decoded(DECODE_PROTOBUF, buffer_span(&stream)), want);
	buffer_free(&stream);
}
END_TEST

/* 512 KiB of fields nobody knows would cost fifty times as much to keep as to send. */
START_TEST(a_message_of_nothing_but_unknown_fields)
{
	static const size_t counts[] = {200, 257, READ_MESSAGE_MAX / 3};
	static const char *const wants[] = {"-missing_field: ", "-not_protobuf: ", "-not_protobuf: "};
	struct buffer stream = {0};

	append_varint(&stream, counts[_i] * 3);
	for (size_t i = 0; i < counts[_i]; i++)
		ck_assert(ok(buffer_append(&stream, (struct span)BYTES("\xc8\x3e\x01"))));
	ck_assert_str_eq(decoded(DECODE_PROTOBUF, buffer_span(&stream)), wants[_i]);
	buffer_free(&stream);
}
END_TEST

TCase *case_protobuf(void)
{
	TCase *c = tcase_create("protobuf");

	tcase_add_loop_test(c, messages_one_by_one, 0, ROWS(messages));
	tcase_add_loop_test(c, streams_however_cut, 0, ROWS(streams));
	tcase_add_test(c, the_longest_message);
	tcase_add_loop_test(c, a_message_of_nothing_but_unknown_fields, 0, 3);
	return c;
}

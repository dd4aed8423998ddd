/* SPDX-License-Identifier: Apache-2.0
 *
 * NDJSON as partners should send it and as they do: each way of being wrong has its reason, its cursor is
 * kept where it had one, and the next line is read as if nothing had happened.
 */
#include "gateway/source/decode.h"
#include "tests/unit/test_source.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
	int reads, rejected, heartbeats;
	enum rejection why;
	char cursor[READ_CURSOR_MAX + 1];
	struct read read; /* numbers only: its texts are gone */
	char vrm[65], tag[65];
	size_t overview_n;
} got;

static void keep(char *to, struct span text)
{
	if (text.n > 0)
		memcpy(to, text.p, text.n);
	to[text.n] = 0;
}

static void on_read(void *self, const struct read *r)
{
	(void)self;
	got.reads++;
	got.read = *r;
	keep(got.cursor, r->cursor);
	keep(got.vrm, r->vrm);
	keep(got.tag, r->tag);
	got.overview_n = r->overview.n;
}

static void on_rejected(void *self, enum rejection why, struct span cursor)
{
	(void)self;
	got.rejected++;
	got.why = why;
	keep(got.cursor, cursor);
}

static void on_heartbeat(void *self)
{
	(void)self;
	got.heartbeats++;
}

static const struct decode_sink sink = {on_read, on_rejected, on_heartbeat, NULL};

static void feed(struct decoder *d, const char *text)
{
	ck_assert(ok(decoder_feed(d, span_text(text))));
}

static struct decoder *fresh(void)
{
	struct decoder *d = decoder_new(DECODE_NDJSON, &sink);

	memset(&got, 0, sizeof got);
	ck_assert_ptr_nonnull(d);
	return d;
}

#define NEEDED                                                                                               \
	"\"read_id\":\"r-1\",\"cursor\":\"c-1\",\"camera_id\":\"CAM\",\"captured_at\":\"2026-11-01T12:00:"   \
	"00.123Z\""
#define GOOD "{" NEEDED ",\"vrm\":\"AB12CDE\"}"

START_TEST(a_read_with_everything)
{
	struct decoder *d = fresh();

	feed(d, "{" NEEDED ",\"kind\":\"vrm\",\"vrm\":\"AB12 "
		"CDE\",\"lat\":51.4893,\"lon\":-0.1335,\"heading\":350,\"lane\":2,"
		"\"direction\":\"towards\",\"speed_kph\":47.5,\"confidence\":1,\"country\":\"GB\","
		"\"plate_patch\":\"/9j/4A==\",\"overview\":\"/9j/4AAA\"}\n");
	ck_assert_int_eq(got.reads, 1);
	ck_assert_str_eq(got.vrm, "AB12 CDE");
	ck_assert_str_eq(got.cursor, "c-1");
	ck_assert_int_eq(got.read.captured_at.v, 1793534400123);
	ck_assert_int_eq(got.read.kind, READ_KIND_VRM);
	ck_assert_int_eq(got.read.direction, READ_DIRECTION_TOWARDS);
	ck_assert_uint_eq(got.read.has, 63);
	ck_assert_uint_eq(got.read.lane, 2);
	ck_assert(got.read.lat == 51.4893 && got.read.lon == -0.1335 && got.read.heading == 350);
	ck_assert(got.read.speed_kph == 47.5 && got.read.confidence == 1);
	ck_assert_uint_eq(got.read.plate_patch.n, 4);
	ck_assert_uint_eq(got.overview_n, 6);
	decoder_free(d);
}
END_TEST

static const struct good_row {
	const char *name, *line;
	enum read_kind kind;
} good_rows[] = {
	{"least there is", GOOD, READ_KIND_VRM},
	{"blanks around", " \t" GOOD "  ", READ_KIND_VRM},
	{"a tag", "{" NEEDED ",\"kind\":\"hashed_tag\",\"tag\":\"4711\"}", READ_KIND_HASHED_TAG},
	{"no plate", "{" NEEDED ",\"kind\":\"no_plate\"}", READ_KIND_NO_PLATE},
	{"nothing said by null",
		"{" NEEDED ",\"vrm\":\"A1\",\"tag\":null,\"lat\":null,\"kind\":null,\"overview\":null}",
		READ_KIND_VRM},
	{"empty texts for nothing", "{" NEEDED ",\"vrm\":\"A1\",\"tag\":\"\",\"country\":\"\"}",
		READ_KIND_VRM},
	{"unknown members", "{\"x\":{\"vrm\":1,\"y\":[1,{\"kind\":0}]},\"z\":null," NEEDED ",\"vrm\":\"A1\"}",
		READ_KIND_VRM},
	{"unknown members twice", "{\"x\":1,\"x\":2," NEEDED ",\"vrm\":\"A1\"}", READ_KIND_VRM},
	{"escaped name", "{" NEEDED ",\"\\u0076rm\":\"A1\"}", READ_KIND_VRM},
	{"escaped value", "{" NEEDED ",\"vrm\":\"\\u00dc1\\/\"}", READ_KIND_VRM},
	{"a lane as 2.0", "{" NEEDED ",\"vrm\":\"A1\",\"lane\":2.0}", READ_KIND_VRM},
	{"an exponent", "{" NEEDED ",\"vrm\":\"A1\",\"confidence\":9e-1}", READ_KIND_VRM},
	{"offset of summer time",
		"{\"read_id\":\"r\",\"cursor\":\"c\",\"camera_id\":\"k\",\"captured_at\":"
		"\"2026-07-01T12:00:00+01:00\",\"vrm\":\"A1\"}",
		READ_KIND_VRM},
};

/* Whether the camera has a zone is the core's to know. */
START_TEST(a_stamp_without_an_offset_is_local)
{
	static const struct {
		const char *at;
		bool local;
	} rows[] = {{"2026-11-01T12:00:00Z", false}, {"2026-11-01T12:00:00", true},
		{"2026-11-01T14:00:00+02:00", false}, {"2026-11-01T12:00:00.000", true}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct decoder *d = fresh();
		char line[256];

		snprintf(line, sizeof line,
			"{\"read_id\":\"r\",\"cursor\":\"c\",\"camera_id\":\"k\",\"captured_at\":\"%s\","
			"\"vrm\":"
			"\"A1\"}\n",
			rows[i].at);
		feed(d, line);
		ck_assert_int_eq(got.reads, 1);
		ck_assert_msg(got.read.local == rows[i].local, "%s", rows[i].at);
		ck_assert_int_eq(got.read.captured_at.v, INT64_C(1793534400000));
		decoder_free(d);
	}
}
END_TEST

START_TEST(good_lines)
{
	const struct good_row *row = &good_rows[_i];
	struct decoder *d = fresh();

	feed(d, row->line);
	ck_assert_int_eq(got.reads + got.rejected, 0);
	feed(d, "\n");
	ck_assert_msg(got.reads == 1 && got.rejected == 0, "%s: %s", row->name, rejection_name(got.why));
	ck_assert_msg(got.read.kind == row->kind, "%s", row->name);
	decoder_free(d);
}
END_TEST

#define HAS_CURSOR "c-1"

static const struct bad_row {
	const char *name, *line;
	enum rejection want;
	const char *cursor;
} bad_rows[] = {
	/* not JSON, bad UTF-8 */
	{"words", "Internal Server Error", REJECTION_NOT_JSON, ""},
	{"a cut line", "{\"read_id\":\"r-1\",\"curs", REJECTION_NOT_JSON, ""},
	{"a brace too many", GOOD "}", REJECTION_NOT_JSON, ""},
	{"two objects", GOOD GOOD, REJECTION_NOT_JSON, ""},
	{"an array", "[" GOOD "]", REJECTION_NOT_JSON, ""},
	{"a number", "17", REJECTION_NOT_JSON, ""},
	{"a text", "\"vrm\"", REJECTION_NOT_JSON, ""},
	{"null", "null", REJECTION_NOT_JSON, ""},
	{"single quotes", "{'vrm':'A1'}", REJECTION_NOT_JSON, ""},
	{"comma at the end", "{" NEEDED ",\"vrm\":\"A1\",}", REJECTION_NOT_JSON, ""},
	{"no quotes", "{vrm:\"A1\"}", REJECTION_NOT_JSON, ""},
	{"a comment", "{" NEEDED ",\"vrm\":\"A1\"/* */}", REJECTION_NOT_JSON, ""},
	{"not a number", "{" NEEDED ",\"vrm\":\"A1\",\"lat\":NaN,\"lon\":0}", REJECTION_NOT_JSON, ""},
	{"a number beyond all", "{" NEEDED ",\"vrm\":\"A1\",\"lat\":1e999,\"lon\":0}", REJECTION_NOT_JSON,
		""},
	{"a leading zero", "{" NEEDED ",\"vrm\":\"A1\",\"lane\":02}", REJECTION_NOT_JSON, ""},
	{"a raw tab in a text", "{" NEEDED ",\"vrm\":\"A\t1\"}", REJECTION_NOT_JSON, ""},
	{"bad escape", "{" NEEDED ",\"vrm\":\"A\\x31\"}", REJECTION_NOT_JSON, ""},
	{"half a surrogate", "{" NEEDED ",\"vrm\":\"\\ud800\"}", REJECTION_NOT_JSON, ""},
	{"bad UTF-8",
		"{" NEEDED ",\"vrm\":\"AB\xff\xfe"
		"12\"}",
		REJECTION_NOT_JSON, ""},
	{"bad UTF-8 in a member nobody reads", "{" NEEDED ",\"vrm\":\"A1\",\"x\":\"\xc0\xaf\"}",
		REJECTION_NOT_JSON, ""},
	{"bad UTF-8 outside texts", "{" NEEDED ",\"vrm\":\"A1\"}\xff", REJECTION_NOT_JSON, ""},
	{"a member twice", "{" NEEDED ",\"vrm\":\"A1\",\"vrm\":\"B2\"}", REJECTION_NOT_JSON, ""},
	{"a member twice, once in disguise", "{" NEEDED ",\"vrm\":\"A1\",\"\\u0076rm\":\"B2\"}",
		REJECTION_NOT_JSON, ""},
	{"a cursor twice", "{" NEEDED ",\"vrm\":\"A1\",\"cursor\":null}", REJECTION_NOT_JSON, ""},
	{"a byte order mark", "\xef\xbb\xbf" GOOD, REJECTION_NOT_JSON, ""},
	{"too deep",
		"{" NEEDED ",\"vrm\":\"A1\",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]"
		"]]]]]]]]]]]]]]]]]"
		"]]]]}",
		REJECTION_NOT_JSON, ""},
	/* missing */
	{"nothing", "{}", REJECTION_MISSING_FIELD, ""},
	{"no read_id",
		"{\"cursor\":\"c-1\",\"camera_id\":\"k\",\"captured_at\":\"2026-11-01T12:00:00Z\",\"vrm\":"
		"\"A1\"}",
		REJECTION_MISSING_FIELD, HAS_CURSOR},
	{"no cursor",
		"{\"read_id\":\"r\",\"camera_id\":\"k\",\"captured_at\":\"2026-11-01T12:00:00Z\",\"vrm\":"
		"\"A1\"}",
		REJECTION_MISSING_FIELD, ""},
	{"an empty cursor",
		"{\"read_id\":\"r\",\"cursor\":\"\",\"camera_id\":\"k\",\"captured_at\":\"2026-11-01T12:00:"
		"00Z\","
		"\"vrm\":\"A1\"}",
		REJECTION_MISSING_FIELD, ""},
	{"no camera",
		"{\"read_id\":\"r\",\"cursor\":\"c-1\",\"captured_at\":\"2026-11-01T12:00:00Z\",\"vrm\":"
		"\"A1\"}",
		REJECTION_MISSING_FIELD, HAS_CURSOR},
	{"no time", "{\"read_id\":\"r\",\"cursor\":\"c-1\",\"camera_id\":\"k\",\"vrm\":\"A1\"}",
		REJECTION_MISSING_FIELD, HAS_CURSOR},
	{"no vrm", "{" NEEDED "}", REJECTION_MISSING_FIELD, HAS_CURSOR},
	{"an empty vrm", "{" NEEDED ",\"vrm\":\"\"}", REJECTION_MISSING_FIELD, HAS_CURSOR},
	{"no tag", "{" NEEDED ",\"kind\":\"hashed_tag\"}", REJECTION_MISSING_FIELD, HAS_CURSOR},
	/* impossible */
	{"vrm is a number", "{" NEEDED ",\"vrm\":12}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"vrm is a list", "{" NEEDED ",\"vrm\":[\"A1\"]}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"vrm with a zero byte", "{" NEEDED ",\"vrm\":\"A1\\u0000B2\"}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"vrm with a newline", "{" NEEDED ",\"vrm\":\"A1\\nB2\"}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"vrm of 17", "{" NEEDED ",\"vrm\":\"ABCDEFGHJKLMNPRST\"}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"lat in words", "{" NEEDED ",\"vrm\":\"A1\",\"lat\":\"51.5\",\"lon\":0}", REJECTION_BAD_FIELD,
		HAS_CURSOR},
	{"lat without lon", "{" NEEDED ",\"vrm\":\"A1\",\"lat\":51.5}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"lat beyond the pole", "{" NEEDED ",\"vrm\":\"A1\",\"lat\":91.5,\"lon\":0}", REJECTION_BAD_FIELD,
		HAS_CURSOR},
	{"lane and a half", "{" NEEDED ",\"vrm\":\"A1\",\"lane\":1.5}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"lane below 0", "{" NEEDED ",\"vrm\":\"A1\",\"lane\":-1}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"lane of 2^64", "{" NEEDED ",\"vrm\":\"A1\",\"lane\":18446744073709551615}", REJECTION_BAD_FIELD,
		HAS_CURSOR},
	{"lane is true", "{" NEEDED ",\"vrm\":\"A1\",\"lane\":true}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"sideways", "{" NEEDED ",\"vrm\":\"A1\",\"direction\":\"left\"}", REJECTION_BAD_FIELD, HAS_CURSOR},
	{"direction is a number", "{" NEEDED ",\"vrm\":\"A1\",\"direction\":1}", REJECTION_BAD_FIELD,
		HAS_CURSOR},
	{"confidence in per cent", "{" NEEDED ",\"vrm\":\"A1\",\"confidence\":97}", REJECTION_BAD_FIELD,
		HAS_CURSOR},
	{"cursor is a number",
		"{\"read_id\":\"r\",\"cursor\":17,\"camera_id\":\"k\",\"captured_at\":\"2026-11-01T12:00:"
		"00Z\","
		"\"vrm\":\"A1\"}",
		REJECTION_BAD_FIELD, ""},
	{"cursor with a newline",
		"{\"read_id\":\"r\",\"cursor\":\"c\\n1\",\"camera_id\":\"k\",\"captured_at\":"
		"\"2026-11-01T12:00:00Z\",\"vrm\":\"A1\"}",
		REJECTION_BAD_FIELD, ""},
	{"camera with a slash",
		"{\"read_id\":\"r\",\"cursor\":\"c-1\",\"camera_id\":\"nh/1\",\"captured_at\":"
		"\"2026-11-01T12:00:00Z\",\"vrm\":\"A1\"}",
		REJECTION_BAD_FIELD, HAS_CURSOR},
/* times */
#define AT(time)                                                                                             \
	"{\"read_id\":\"r\",\"cursor\":\"c-1\",\"camera_id\":\"k\",\"captured_at\":" time ",\"vrm\":\"A1\"}"
	{"half an offset", AT("\"2026-11-01T12:00:00+01\""), REJECTION_BAD_TIMESTAMP, HAS_CURSOR},
	{"without a time", AT("\"2026-11-01\""), REJECTION_BAD_TIMESTAMP, HAS_CURSOR},
	{"a number", AT("20261101120000"), REJECTION_BAD_TIMESTAMP, HAS_CURSOR},
	{"a day that does not exist", AT("\"2026-02-29T12:00:00Z\""), REJECTION_BAD_TIMESTAMP, HAS_CURSOR},
	{"month 13", AT("\"2026-13-40T25:61:00Z\""), REJECTION_BAD_TIMESTAMP, HAS_CURSOR},
	{"before all time", AT("\"1969-12-31T23:59:59Z\""), REJECTION_BAD_TIMESTAMP, HAS_CURSOR},
	{"empty", AT("\"\""), REJECTION_BAD_TIMESTAMP, HAS_CURSOR},
	/* kinds */
	{"unknown kind", "{" NEEDED ",\"kind\":\"plate\",\"vrm\":\"A1\"}", REJECTION_BAD_KIND, HAS_CURSOR},
	{"kind in capitals", "{" NEEDED ",\"kind\":\"VRM\",\"vrm\":\"A1\"}", REJECTION_BAD_KIND, HAS_CURSOR},
	{"kind is a number", "{" NEEDED ",\"kind\":1,\"vrm\":\"A1\"}", REJECTION_BAD_KIND, HAS_CURSOR},
	{"an empty kind", "{" NEEDED ",\"kind\":\"\",\"vrm\":\"A1\"}", REJECTION_BAD_KIND, HAS_CURSOR},
	{"a tag for a vrm", "{" NEEDED ",\"tag\":\"4711\"}", REJECTION_BAD_KIND, HAS_CURSOR},
	{"both", "{" NEEDED ",\"vrm\":\"A1\",\"tag\":\"4711\"}", REJECTION_BAD_KIND, HAS_CURSOR},
	{"a tag read with a vrm", "{" NEEDED ",\"kind\":\"hashed_tag\",\"vrm\":\"A1\",\"tag\":\"4711\"}",
		REJECTION_BAD_KIND, HAS_CURSOR},
	{"a plate on no plate", "{" NEEDED ",\"kind\":\"no_plate\",\"vrm\":\"A1\"}", REJECTION_BAD_KIND,
		HAS_CURSOR},
	/* images */
	{"not base64", "{" NEEDED ",\"vrm\":\"A1\",\"overview\":\"/9j/4A=\"}", REJECTION_BAD_IMAGE,
		HAS_CURSOR},
	{"a data URI", "{" NEEDED ",\"vrm\":\"A1\",\"overview\":\"data:image/jpeg;base64,/9j/4AAA\"}",
		REJECTION_BAD_IMAGE, HAS_CURSOR},
	{"not a JPEG", "{" NEEDED ",\"vrm\":\"A1\",\"plate_patch\":\"iVBORw0KGgo=\"}", REJECTION_BAD_IMAGE,
		HAS_CURSOR},
	{"an empty image", "{" NEEDED ",\"vrm\":\"A1\",\"plate_patch\":\"\"}", REJECTION_BAD_IMAGE,
		HAS_CURSOR},
	{"an image in pieces", "{" NEEDED ",\"vrm\":\"A1\",\"plate_patch\":[\"/9j/4AAA\"]}",
		REJECTION_BAD_IMAGE, HAS_CURSOR},
};

START_TEST(bad_lines)
{
	const struct bad_row *row = &bad_rows[_i];
	struct decoder *d = fresh();

	feed(d, row->line);
	feed(d, "\n");
	ck_assert_msg(got.reads == 0 && got.rejected == 1, "%s: %d reads", row->name, got.reads);
	ck_assert_msg(got.why == row->want, "%s: %s", row->name, rejection_name(got.why));
	ck_assert_msg(strcmp(got.cursor, row->cursor) == 0, "%s: cursor '%s'", row->name, got.cursor);
	feed(d, GOOD "\n");
	ck_assert_msg(got.reads == 1 && got.rejected == 1, "%s: the next line", row->name);
	ck_assert_msg(got.read.has == 0 && got.tag[0] == 0, "%s: left something behind", row->name);
	decoder_free(d);
}
END_TEST

START_TEST(heartbeats)
{
	struct decoder *d = fresh();

	feed(d, "\n\r\n  \n\t\n" GOOD "\n\n");
	ck_assert_int_eq(got.heartbeats, 5);
	ck_assert_int_eq(got.reads, 1);
	ck_assert_int_eq(got.rejected, 0);
	decoder_free(d);
}
END_TEST

/* A line of exactly n bytes: a read with an overview of whatever it takes, and blanks for the rest. */
static char *line_of(size_t n)
{
	static const char head[] = "{" NEEDED ",\"vrm\":\"A1\",\"overview\":\"/9j/", tail[] = "\"}";
	size_t image = (n - (sizeof head - 1) - (sizeof tail - 1)) / 4 * 4;
	char *line = malloc(n + 1);

	memset(line, ' ', n);
	memcpy(line, head, sizeof head - 1);
	memset(line + sizeof head - 1, 'A', image);
	memcpy(line + sizeof head - 1 + image, tail, sizeof tail - 1);
	line[n] = 0;
	return line;
}

/* In pieces as curl gives them. */
static void feed_slowly(struct decoder *d, const char *line)
{
	size_t n = strlen(line);

	for (size_t at = 0; at < n; at += 16384)
		ck_assert(ok(decoder_feed(d, span_of(line + at, n - at < 16384 ? n - at : 16384))));
}

START_TEST(the_longest_line)
{
	struct decoder *d = fresh();
	char *line = line_of(READ_MESSAGE_MAX);

	feed_slowly(d, line);
	feed(d, "\r\n");
	ck_assert_int_eq(got.reads, 1);
	ck_assert_uint_gt(got.overview_n, 390000);
	free(line);
	line = line_of(READ_MESSAGE_MAX + 1);
	feed_slowly(d, line);
	feed(d, "\n");
	ck_assert_int_eq(got.reads, 1);
	ck_assert_int_eq(got.rejected, 1);
	ck_assert_int_eq(got.why, REJECTION_TOO_LONG);
	feed(d, GOOD "\n");
	ck_assert_int_eq(got.reads, 2);
	free(line);
	decoder_free(d);
}
END_TEST

/* Whatever follows, not one byte more is kept, and it is one rejection. */
START_TEST(a_line_without_end)
{
	struct decoder *d = fresh();
	char *line = line_of(1 << 20);

	for (int i = 0; i < 32; i++)
		feed_slowly(d, line);
	ck_assert_int_eq(got.rejected, 1);
	feed(d, "\n" GOOD "\n");
	ck_assert_int_eq(got.rejected, 1);
	ck_assert_int_eq(got.reads, 1);
	free(line);
	decoder_free(d);
}
END_TEST

static const struct type_row {
	const char *content_type;
	enum decode_format want;
} type_rows[] = {
	{"application/x-ndjson", DECODE_NDJSON},
	{"application/x-ndjson; charset=utf-8", DECODE_NDJSON},
	{"Application/X-NDJSON", DECODE_NDJSON},
	{"application/ndjson", DECODE_NDJSON},
	{"", DECODE_UNKNOWN},
	{"application/json", DECODE_UNKNOWN},
	{"application/x-ndjsonp", DECODE_UNKNOWN},
	{"text/html", DECODE_UNKNOWN},
	{"application/x-protobuf; delimited=true", DECODE_PROTOBUF},
	{"application/x-protobuf;delimited=true", DECODE_PROTOBUF},
	{"application/x-protobuf-delimited", DECODE_UNKNOWN},
	{"text/event-stream", DECODE_EVENT_STREAM},
	{"text/event-stream;charset=UTF-8", DECODE_EVENT_STREAM},
	{"text/event-stream, application/x-ndjson", DECODE_UNKNOWN},
};

START_TEST(content_types)
{
	ck_assert_int_eq(decode_format_of(type_rows[_i].content_type), type_rows[_i].want);
	ck_assert_ptr_null(decoder_new(DECODE_UNKNOWN, &sink));
}
END_TEST

TCase *case_ndjson(void)
{
	TCase *c = tcase_create("ndjson");

	tcase_add_test(c, a_read_with_everything);
	tcase_add_test(c, a_stamp_without_an_offset_is_local);
	tcase_add_loop_test(c, good_lines, 0, ROWS(good_rows));
	tcase_add_loop_test(c, bad_lines, 0, ROWS(bad_rows));
	tcase_add_test(c, heartbeats);
	tcase_add_test(c, the_longest_line);
	tcase_add_test(c, a_line_without_end);
	tcase_add_loop_test(c, content_types, 0, ROWS(type_rows));
	return c;
}

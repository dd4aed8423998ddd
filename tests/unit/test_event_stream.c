/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events: lines, fields and ids as WHATWG HTML 9.2.6 has them, and what a partner may make of
 * them.
 */
#include "tests/unit/test_source.h"

#include <stdlib.h>

#define WITHOUT                                                                                              \
	"\"read_id\":\"r\",\"camera_id\":\"k\",\"captured_at\":\"2026-11-01T12:00:00Z\",\"vrm\":\"A1\""
#define BARE "{" WITHOUT "}"
#define GOOD "{\"cursor\":\"c-1\"," WITHOUT "}"

static const struct row {
	const char *name;
	struct span bytes;
	const char *want;
} rows[] = {
	/* events */
	{"a read", BYTES("data: " GOOD "\n\n"), "+c-1:A1 "},
	{"without the blank", BYTES("data:" GOOD "\n\n"), "+c-1:A1 "},
	{"with its cursor as id", BYTES("id: c-1\ndata: " GOOD "\n\n"), "+c-1:A1 "},
	{"the id after the data", BYTES("data: " BARE "\nid: c-9\n\n"), "+c-9:A1 "},
	{"the id instead of a cursor", BYTES("id: c-9\ndata: " BARE "\n\n"), "+c-9:A1 "},
	{"an empty cursor is none", BYTES("id: c-9\ndata: {\"cursor\":\"\"," WITHOUT "}\n\n"), "+c-9:A1 "},
	{"null is none", BYTES("id: c-9\ndata: {\"cursor\":null," WITHOUT "}\n\n"), "+c-9:A1 "},
	{"an empty id is none", BYTES("id\ndata: " GOOD "\n\nid:\ndata: " GOOD "\n\n"), "+c-1:A1 +c-1:A1 "},
	{"of two ids the last", BYTES("id: c-8\nid: c-9\ndata: " BARE "\n\n"), "+c-9:A1 "},
	{"several lines of data", BYTES("data: {\"cursor\":\"c-1\",\ndata:" WITHOUT "\ndata\ndata: }\n\n"),
		"+c-1:A1 "},
	{"an empty line of data first", BYTES("data:\ndata: " GOOD "\n\n"), "+c-1:A1 "},
	{"name and retry say nothing", BYTES("event: ping\nretry: 1\ndata: " GOOD "\n\n"), "+c-1:A1 "},
	{"unknown fields say nothing", BYTES("datum: x\n data: y\nDATA: z\n{}\ndata: " GOOD "\n\n"),
		"+c-1:A1 "},
	{"two events", BYTES("data: " GOOD "\n\ndata: " GOOD "\n\n"), "+c-1:A1 +c-1:A1 "},
	{"an event without its end", BYTES("data: " GOOD "\n"), ""},
	{"an id stays with its event", BYTES("id: c-9\ndata: " BARE "\n\ndata: " BARE "\n\n"),
		"+c-9:A1 -missing_field: "},
	{"an id alone is no event", BYTES("id: c-9\n\ndata: " BARE "\n\n"), "h -missing_field: "},
	/* lines */
	{"CR LF", BYTES("id: c-1\r\ndata: " GOOD "\r\n\r\n"), "+c-1:A1 "},
	{"CR", BYTES("id: c-1\rdata: " GOOD "\r\r"), "+c-1:A1 "},
	{"all of them", BYTES("id: c-9\rdata: " BARE "\r\n\ndata: " GOOD "\n\r\r\n\n"),
		"+c-9:A1 +c-1:A1 h h "},
	{"a byte order mark",
		BYTES("\xef\xbb\xbf"
		      "data: " GOOD "\n\n"),
		"+c-1:A1 "},
	{"another is none",
		BYTES("\n\xef\xbb\xbf"
		      "data: " GOOD "\n\n"),
		"h h "},
	{"a zero byte in a comment", BYTES(":\0\n"), "h "},
	/* heartbeats */
	{"comments", BYTES(":\n: still here\r\n:\r"), "h h h "},
	{"a comment in an event", BYTES("data: {\"cursor\":\"c-1\",\n: x\ndata: " WITHOUT "}\n\n"),
		"h +c-1:A1 "},
	{"an event without data", BYTES("event: ping\n\n"), "h "},
	{"an event with no data", BYTES("event: ping\ndata:\n\n"), "h "},
	{"blank lines", BYTES("\n\n"), "h h "},
	/* rejections */
	{"not JSON", BYTES("data: Internal Server Error\n\n"), "-not_json: "},
	{"not JSON, with an id", BYTES("id: c-3\ndata: {]\n\n"), "-not_json:c-3 "},
	{"not JSON, with a bad id", BYTES("id: c\t3\ndata: {]\n\n"), "-not_json: "},
	{"two objects", BYTES("id: c-3\ndata: " GOOD "\ndata: " GOOD "\n\n"), "-not_json:c-3 "},
	{"a text over two lines", BYTES("data: {\"cursor\":\"c-1\ndata: \"," WITHOUT "}\n\n"), "-not_json: "},
	{"a zero byte", BYTES("data: " GOOD "\0\n\n"), "-not_json: "},
	{"bad UTF-8", BYTES("data: {\"x\":\"\xff\"}\n\n"), "-not_json: "},
	{"an id that says otherwise", BYTES("id: c-2\ndata: " GOOD "\n\n"), "-bad_field: "},
	{"an id that says otherwise by a blank", BYTES("id:  c-1\ndata: " GOOD "\n\n"), "-bad_field: "},
	{"a cursor of the wrong type", BYTES("id: c-1\ndata: {\"cursor\":1," WITHOUT "}\n\n"),
		"-bad_field: "},
	{"an id with a zero byte",
		BYTES("id: c\0"
		      "9\ndata: " BARE "\n\n"),
		"-bad_field: "},
	{"an id of bad UTF-8", BYTES("id: \xc0\xaf\ndata: " BARE "\n\n"), "-bad_field: "},
	{"an id of blanks", BYTES("id:    \ndata: " BARE "\n\n"), "-bad_field:    "},
	{"no cursor anywhere", BYTES("data: " BARE "\n\n"), "-missing_field: "},
	{"no vrm",
		BYTES("id: c-9\ndata: {\"read_id\":\"r\",\"camera_id\":\"k\",\"captured_at\":"
		      "\"2026-11-01T12:00:00Z\"}\n\n"),
		"-missing_field:c-9 "},
	{"the next is read as if nothing had happened", BYTES("id: c-9\ndata: {\n\ndata: " GOOD "\n\n"),
		"-not_json:c-9 +c-1:A1 "},
};

START_TEST(streams_however_cut)
{
	const struct row *row = &rows[_i];
	const char *got = decoded(DECODE_EVENT_STREAM, row->bytes);

	ck_assert_msg(strcmp(got, row->want) == 0, "%s: %s", row->name, got);
}
END_TEST

/* An id of so many bytes. */
START_TEST(the_longest_id)
{
	struct buffer stream = {0};
	char id[READ_CURSOR_MAX + 64] = {0};

	memset(id, 'c', READ_CURSOR_MAX + (size_t)_i);
	ck_assert(ok(buffer_format(&stream, "id: %s\ndata: " BARE "\n\n", id)));
	if (_i == 0)
		ck_assert_str_eq(
			decoded(DECODE_EVENT_STREAM, buffer_span(&stream)) + READ_CURSOR_MAX, "c:A1 ");
	else
		ck_assert_str_eq(decoded(DECODE_EVENT_STREAM, buffer_span(&stream)), "-bad_field: ");
	buffer_free(&stream);
}
END_TEST

static void append_many(struct buffer *b, char c, size_t n)
{
	ck_assert(ok(buffer_reserve(b, n)));
	memset(b->p + b->n, c, n);
	b->n += n;
}

/* An object of exactly 512 KiB + _i bytes over so many lines, blanks making up for what it lacks. */
static void append_long(struct buffer *b, size_t n, size_t lines)
{
	size_t blanks = n - (sizeof GOOD - 1) - (lines - 1);

	ck_assert(ok(buffer_append_text(b, "data: " GOOD)));
	for (size_t i = 1; i < lines; i++)
		ck_assert(ok(buffer_append_text(b, "\ndata:")));
	if (blanks > 0 && lines > 1)
		ck_assert(ok(buffer_append_text(b, " "))); /* which is no part of it */
	append_many(b, ' ', blanks);
	ck_assert(ok(buffer_append_text(b, "\n\n")));
}

static const struct long_row {
	size_t n, lines;
	const char *want;
} long_rows[] = {
	{READ_MESSAGE_MAX, 1, "+c-1:A1 +c-1:A1 "},
	{READ_MESSAGE_MAX + 1, 1, "-too_long: +c-1:A1 "},
	{READ_MESSAGE_MAX, 2, "+c-1:A1 +c-1:A1 "},
	{READ_MESSAGE_MAX + 1, 2, "-too_long: +c-1:A1 "},
	{READ_MESSAGE_MAX, 1000, "+c-1:A1 +c-1:A1 "},
	{READ_MESSAGE_MAX + 1, 1000, "-too_long: +c-1:A1 "},
	{(size_t)3 * READ_MESSAGE_MAX, 1, "-too_long: +c-1:A1 "},
	{(size_t)3 * READ_MESSAGE_MAX, (size_t)2 * READ_MESSAGE_MAX, "-too_long: +c-1:A1 "},
};

START_TEST(long_events)
{
	const struct long_row *row = &long_rows[_i];
	struct buffer stream = {0};

	append_long(&stream, row->n, row->lines);
	ck_assert(ok(buffer_append_text(&stream, "data: " GOOD "\n\n")));
	ck_assert_str_eq(decoded(DECODE_EVENT_STREAM, buffer_span(&stream)), row->want);
	buffer_free(&stream);
}
END_TEST

/* Told at once, and once, with the cursor where it came before. */
START_TEST(an_event_without_end)
{
	struct buffer stream = {0};

	ck_assert(ok(buffer_append_text(&stream, "id: c-7\ndata: ")));
	append_many(&stream, 'x', (size_t)4 * READ_MESSAGE_MAX);
	ck_assert_str_eq(decoded(DECODE_EVENT_STREAM, buffer_span(&stream)), "-too_long:c-7 ");
	buffer_free(&stream);
}
END_TEST

TCase *case_event_stream(void)
{
	TCase *c = tcase_create("event stream");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, streams_however_cut, 0, ROWS(rows));
	tcase_add_loop_test(c, the_longest_id, 0, 2);
	tcase_add_loop_test(c, long_events, 0, ROWS(long_rows));
	tcase_add_test(c, an_event_without_end);
	return c;
}

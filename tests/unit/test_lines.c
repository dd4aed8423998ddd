/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes into lines, however they are cut; memory bounded whatever comes; base64 as the RFC has it.
 */
#include "gateway/source/base64.h"
#include "gateway/source/lines.h"
#include "tests/unit/test_source.h"

#include <stdlib.h>

#define MAX     8
#define PADDING 16

/* What came out, as text: lines in brackets, '!' for one too long. */
static struct buffer told;

static void on_line(void *self, struct span line)
{
	volatile uint8_t sum = 0;

	(void)self;
	for (size_t i = 0; i < PADDING; i++)
		sum = (uint8_t)(sum + line.p[line.n + i]); /* readable, or a sanitizer says so */
	ck_assert_uint_le(line.n, MAX);
	ck_assert(ok(buffer_format(&told, "[%.*s]", SPAN_ARG(line))));
}

static void on_too_long(void *self)
{
	(void)self;
	ck_assert(ok(buffer_append_text(&told, "!")));
}

static const struct lines_to to = {on_line, on_too_long, NULL};

static const struct row {
	const char *bytes, *want;
} rows[] = {
	{"", ""},
	{"a", ""},
	{"a\n", "[a]"},
	{"a\r\n", "[a]"},
	{"\n\r\n\n", "[][][]"},
	{"a\nb", "[a]"},
	{"a\nb\n", "[a][b]"},
	{"a\rb\n", "[a\rb]"},
	{"a\r\r\n", "[a\r]"},
	{"12345678\n", "[12345678]"},
	{"12345678\r\n", "[12345678]"},
	{"123456789\n", "!"},
	{"123456789\r\n", "!"},
	{"123456789", ""}, /* its ninth byte may yet turn out to be a CR; two more settle it */
	{"1234567890", "!"},
	{"1234567890123456789012345678901234567890\n", "!"},
	{"1234567890\na\n", "![a]"},
	{"1234567890\n1234567890\n\na\n", "!![][a]"},
	{"a\n1234567890123456789012345678901234567890\nb\n", "[a]![b]"},
};

/* Each row cut into pieces of every size. */
START_TEST(lines_however_cut)
{
	const struct row *row = &rows[_i];
	size_t n = strlen(row->bytes);

	for (size_t piece = 1; piece <= n + 1; piece++) {
		struct lines l;

		lines_init(&l, MAX, PADDING);
		told.n = 0;
		for (size_t at = 0; at < n; at += piece) {
			size_t m = n - at < piece ? n - at : piece;
			uint8_t *exact = malloc(m); /* so that a read beyond it is seen */

			memcpy(exact, row->bytes + at, m);
			ck_assert(ok(lines_feed(&l, span_of(exact, m), &to)));
			free(exact);
			ck_assert_uint_le(l.partial.n, MAX + 1);
		}
		ck_assert_msg(strcmp(buffer_text(&told), row->want) == 0, "row %d by %zu: %s", _i, piece,
			buffer_text(&told));
		lines_fini(&l);
	}
	buffer_free(&told);
}
END_TEST

static const struct base64_row {
	const char *text, *want; /* NULL = refused */
} base64_rows[] = {
	{"Zg==", "f"},
	{"Zm8=", "fo"},
	{"Zm9v", "foo"},
	{"Zm9vYmFy", "foobar"},
	{"+/+/", "\xfb\xff\xbf"},
	{"", NULL},
	{"Z", NULL},
	{"Zg", NULL},
	{"Zg=", NULL},
	{"Zg===", NULL},
	{"====", NULL},
	{"=Zg=", NULL},
	{"Z===", NULL},
	{"Zg==Zg==", NULL},
	{"Zh==", NULL},
	{"Zm9=", NULL},
	{"Zm9v\n", NULL},
	{" Zm9v", NULL},
	{"Zm9v    ", NULL},
	{"Zm 9v Ym", NULL},
	{"-_-_", NULL},
	{"Zm9\xc3", NULL},
	{"data:image/jpeg;base64,Zm9v", NULL},
};

START_TEST(base64_one_way)
{
	const struct base64_row *row = &base64_rows[_i];
	struct buffer out = {0};
	struct status s;

	ck_assert(ok(buffer_append_text(&out, ">")));
	s = base64_decode(span_text(row->text), &out);
	ck_assert_msg(s.kind == (row->want ? STATUS_OK : STATUS_BAD_INPUT), "%s", row->text);
	ck_assert_msg(strcmp(buffer_text(&out) + 1, row->want ? row->want : "") == 0, "%s", row->text);
	buffer_free(&out);
}
END_TEST

TCase *case_lines(void)
{
	TCase *c = tcase_create("lines and base64");

	tcase_add_loop_test(c, lines_however_cut, 0, ROWS(rows));
	tcase_add_loop_test(c, base64_one_way, 0, ROWS(base64_rows));
	return c;
}

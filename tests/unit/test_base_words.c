/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said to people and to logs: problems with their places, lines that nobody can forge.
 */
#include "gateway/base/error.h"
#include "gateway/base/log.h"
#include "tests/unit/test_base.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- error --- */

static const struct place_row {
	const char *file;
	size_t line, column;
	const char *want;
} place_rows[] = {
	{NULL, 0, 0, "text"},
	{"f", 0, 0, "f: text"},
	{"f", 3, 0, "f:3: text"},
	{"f", 3, 4, "f:3:4: text"},
	{NULL, 3, 0, "3: text"},
	{NULL, 3, 4, "3:4: text"},
};

START_TEST(problems_say_where)
{
	const struct place_row *row = &place_rows[_i];
	struct error e = {0};
	char *lines;

	error_add(&e, row->file, row->line, row->column, "%s", "text");
	ck_assert_str_eq(error_text(&e), row->want);
	error_add(&e, NULL, 0, 0, "second");
	ck_assert_str_eq(error_text(&e), row->want);
	lines = error_lines(&e);
	ck_assert_int_eq(strncmp(lines, row->want, strlen(row->want)), 0);
	ck_assert_str_eq(lines + strlen(row->want), "\nsecond\n");
	free(lines);
	error_free(&e);
	ck_assert_str_eq(error_text(&e), "");
}
END_TEST

START_TEST(nobody_need_want_to_know)
{
	struct error none = {0};
	char *lines = error_lines(&none);

	ck_assert_str_eq(lines, "");
	free(lines);
	error_add(NULL, "f", 1, 1, "x");
	ck_assert_int_eq(error_set(NULL, "x").kind, STATUS_BAD_INPUT);
	ck_assert_str_eq(error_text(NULL), "");
	ck_assert_str_eq(error_text(&none), "");
	error_free(&none);
}
END_TEST

/* One line may name two of them. */
START_TEST(two_errors_keep_their_texts)
{
	struct error one = {0}, two = {0};
	const char *text;

	ck_assert_int_eq(error_set(&one, "the first").kind, STATUS_BAD_INPUT);
	ck_assert_int_eq(error_set(&two, "another").kind, STATUS_BAD_INPUT);
	text = error_text(&one);
	ck_assert_str_eq(error_text(&two), "another");
	ck_assert_str_eq(text, "the first");
	error_free(&one);
	error_free(&two);
}
END_TEST

START_TEST(problems_are_counted_beyond_a_thousand)
{
	struct error e = {0};
	char *lines;

	for (int i = 0; i < 1234; i++)
		error_add(&e, "f", (size_t)i, 0, "problem %d", i);
	ck_assert_uint_eq(e.n, 1000);
	ck_assert_uint_eq(e.more, 234);
	lines = error_lines(&e);
	ck_assert_ptr_nonnull(strstr(lines, "f:999: problem 999\n... and 234 more\n"));
	ck_assert_ptr_null(strstr(lines, "problem 1000"));
	free(lines);
	error_free(&e);
}
END_TEST

/* --- log --- */

static const struct quote_row {
	const char *text, *want;
} quote_rows[] = {
	{NULL, "\"\""},
	{"", "\"\""},
	{"plain", "\"plain\""},
	{"two words", "\"two words\""},
	{"a\"b", "\"a\\\"b\""},
	{"a\\b", "\"a\\\\b\""},
	{"\" level=error event=\"forged", "\"\\\" level=error event=\\\"forged\""},
	{"a\nb", "\"a b\""},
	{"a\r\nb\tc", "\"a  b c\""},
	{"\x1b[31mred\x1b[0m", "\" [31mred [0m\""},
	{"\x7f\x01\x1f", "\"   \""},
	{"a\\", "\"a\\\\\""},
	{"caf\xc3\xa9", "\"caf\xc3\xa9\""},
};

START_TEST(values_are_quoted)
{
	ck_assert_str_eq(LOG_QUOTE(quote_rows[_i].text), quote_rows[_i].want);
}
END_TEST

/* Whatever the length, and whatever is cut off: quoted, ended, within bounds, no escape cut in two. */
START_TEST(long_values_are_cut)
{
	static const char *const units[] = {"x", "\"", "\\", "x\"", "\n"};

	for (size_t unit = 0; unit < 5; unit++)
		for (size_t cap = 4; cap < 400; cap++) {
			char text[1024] = "",
			     *to = malloc(cap); /* exact, so that a write beyond it is seen */
			size_t n, body;

			while (strlen(text) < 900)
				strcat(text, units[unit]);
			log_quote(to, cap, text);
			n = strlen(to);
			ck_assert_uint_lt(n, cap);
			ck_assert_uint_le(n, 302);
			ck_assert(to[0] == '"' && to[n - 1] == '"');
			for (body = 1; body < n - 1; body++)
				if (to[body] == '\\')
					body++; /* escapes the next, so the last quote stays bare */
			ck_assert_uint_eq(body, n - 1);
			free(to);
		}
}
END_TEST

static char logged[8192];

/* Write one line with standard error in a file, and read it back. */
static void capture(enum log_level level, const char *event, const char *value)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600), saved = dup(STDERR_FILENO);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	dup2(fd, STDERR_FILENO);
	log_write(level, event, value ? "value=%s" : "", value);
	dup2(saved, STDERR_FILENO);
	n = pread(fd, logged, sizeof logged - 1, 0);
	ck_assert_int_ge(n, 0);
	logged[n] = 0;
	close(fd);
	close(saved);
}

START_TEST(a_line_is_a_line)
{
	static char longer[5000];

	memset(longer, 'x', sizeof longer - 1);
	log_open("tester", LOG_LEVEL_INFO);
	capture(LOG_LEVEL_WARN, "something odd", "7");
	ck_assert_msg(strstr(logged, "Z level=warn role=tester event=\"something odd\" value=7\n") != NULL,
		"%s", logged);
	ck_assert_int_eq(strncmp(logged, "time=2", 6), 0);
	capture(LOG_LEVEL_ERROR, "no fields", NULL);
	ck_assert_ptr_nonnull(strstr(logged, " level=error role=tester event=\"no fields\"\n"));
	capture(LOG_LEVEL_DEBUG, "not asked for", "7");
	ck_assert_str_eq(logged, "");
	capture(LOG_LEVEL_INFO, "long", longer);
	ck_assert_uint_eq(strlen(logged), 2048);
	ck_assert(logged[2047] == '\n' && strchr(logged, '\n') == logged + 2047);
	capture(LOG_LEVEL_INFO, longer, "7");
	ck_assert_uint_le(strlen(logged), 2048);
	ck_assert(strchr(logged, '\n') == logged + strlen(logged) - 1);
}
END_TEST

TCase *case_words(void)
{
	TCase *c = tcase_create("words");
	tcase_add_loop_test(c, problems_say_where, 0, ROWS(place_rows));
	tcase_add_test(c, nobody_need_want_to_know);
	tcase_add_test(c, two_errors_keep_their_texts);
	tcase_add_test(c, problems_are_counted_beyond_a_thousand);
	tcase_add_loop_test(c, values_are_quoted, 0, ROWS(quote_rows));
	tcase_add_test(c, long_values_are_cut);
	tcase_add_test(c, a_line_is_a_line);
	return c;
}

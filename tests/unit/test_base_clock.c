/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 3339 both ways, hostile rows first of all: a capture's time decides whether it may be shared.
 */
#include "gateway/base/clock.h"
#include "tests/unit/test_base.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NOON 1793534400000 /* 2026-11-01T12:00:00Z */

static const struct good_row {
	const char *text;
	int64_t want;
	bool local; /* without an offset: only for clock_parse_local */
} good_rows[] = {
	{"2026-11-01T12:00:00Z", NOON, false},
	{"2026-11-01t12:00:00z", NOON, false},
	{"2026-11-01 12:00:00Z", NOON, false},
	{"2026-11-01T12:00:00+00:00", NOON, false},
	{"2026-11-01T12:00:00-00:00", NOON, false},
	{"2026-11-01T13:30:00+01:30", NOON, false},
	{"2026-11-01T06:30:00-05:30", NOON, false},
	{"2026-11-02T11:59:00+23:59", NOON, false},
	{"2026-10-31T12:01:00-23:59", NOON, false},
	{"2026-11-01T12:00:00.1Z", NOON + 100, false},
	{"2026-11-01T12:00:00.01Z", NOON + 10, false},
	{"2026-11-01T12:00:00.123456789Z", NOON + 123, false},
	{"2026-11-01T12:00:00.9999999999999999999999999999Z", NOON + 999, false},
	{"2026-11-01T12:00:00.0000000000000000000000000001+00:00", NOON, false},
	{"1970-01-01T00:00:00Z", 0, false},
	{"1969-12-31T23:59:59.999Z", -1, false},
	{"1970-01-01T00:00:00+00:01", -60000, false},
	{"2000-02-29T00:00:00Z", 951782400000, false},
	{"2024-02-29T23:59:59Z", 1709251199000, false},
	{"2016-12-31T23:59:60Z", 1483228799999, false}, /* a leap second that was */
	{"2016-12-31T23:59:60.5Z", 1483228799999, false},
	{"1990-12-31T15:59:60-08:00", 662687999999, false},      /* RFC 3339 section 5.8 */
	{"1937-01-01T12:00:27.87+00:20", -1041337172130, false}, /* the same */
	{"0000-01-01T00:00:00Z", -62167219200000, false},
	{"9999-12-31T23:59:59.999Z", 253402300799999, false},
	{"2026-11-01T12:00:00", NOON, true},
	{"2026-11-01T12:00:00.5", NOON + 500, true},
};

START_TEST(times_are_read)
{
	const struct good_row *row = &good_rows[_i];
	struct utc_ms at = {-7};
	bool has_offset;

	ck_assert(ok(clock_parse_local(span_text(row->text), &at, &has_offset)));
	ck_assert_int_eq(at.v, row->want);
	ck_assert_int_eq(has_offset, !row->local);
	at.v = -7;
	ck_assert_int_eq(
		clock_parse(span_text(row->text), &at).kind, row->local ? STATUS_BAD_INPUT : STATUS_OK);
	ck_assert_int_eq(at.v, row->local ? -7 : row->want);
}
END_TEST

static const char *const bad_rows[] = {
	"",
	" ",
	"Z",
	"T",
	"-",
	"2026",
	"2026-11",
	"2026-11-01",
	"2026-11-01T",
	"2026-11-01Z",
	"2026-11-01T12",
	"2026-11-01T12:00",
	"2026-11-01T12:00Z",
	"2026-11-01T12:00:0Z",
	"12:00:00Z",
	/* days and hours that there are not */
	"2026-00-01T12:00:00Z",
	"2026-13-01T12:00:00Z",
	"2026-11-00T12:00:00Z",
	"2026-11-31T12:00:00Z",
	"2026-01-32T12:00:00Z",
	"2026-02-29T12:00:00Z",
	"2100-02-29T12:00:00Z",
	"2024-02-30T12:00:00Z",
	"2026-11-01T24:00:00Z",
	"2026-11-01T12:60:00Z",
	"2026-11-01T12:00:61Z",
	"2026-11-01T99:99:99Z",
	"2026-11-01T12:00:00+24:00",
	"2026-11-01T12:00:00+01:60",
	"2026-11-01T12:00:00-99:99",
	/* offsets cut short, written otherwise, or twice */
	"2026-11-01T12:00:00+",
	"2026-11-01T12:00:00-",
	"2026-11-01T12:00:00+0",
	"2026-11-01T12:00:00+01",
	"2026-11-01T12:00:00+01:",
	"2026-11-01T12:00:00+01:0",
	"2026-11-01T12:00:00+0100",
	"2026-11-01T12:00:00+1:00",
	"2026-11-01T12:00:00ZZ",
	"2026-11-01T12:00:00Z+00:00",
	"2026-11-01T12:00:00+00:00Z",
	"2026-11-01T12:00:00UTC",
	"2026-11-01T12:00:00 Z",
	"2026-11-01T12:00:00 +00:00",
	"2026-11-01T12:00:00+00:00:00",
	"2026-11-01T12:00:00\xe2\x88\x92"
	"01:00", /* U+2212, a minus that RFC 3339 does not know */
	/* fractions */
	"2026-11-01T12:00:00.Z",
	"2026-11-01T12:00:00.",
	"2026-11-01T12:00:00,5Z",
	"2026-11-01T12:00:00.5.5Z",
	"2026-11-01T12:00:00.-5Z",
	"2026-11-01T12:00:00.5e1Z",
	"2026-11-01T12:00.5Z",
	/* separators, signs, spaces, other ways of writing numbers */
	"2026/11/01T12:00:00Z",
	"2026-11-01_12:00:00Z",
	"2026-11-01TT12:00:00Z",
	"20261101T120000Z",
	"2026-W44-7T12:00:00Z",
	"2026-305T12:00:00Z",
	"+2026-11-01T12:00:00Z",
	"-2026-11-01T12:00:00Z",
	"02026-11-01T12:00:00Z",
	"2026-1-01T12:00:00Z",
	"2026-11-1T12:00:00Z",
	"2026-11-01T1:00:00Z",
	"226-11-01T12:00:00Z",
	"2026-+1-01T12:00:00Z",
	" 2026-11-01T12:00:00Z",
	"2026-11-01T12:00:00Z ",
	"2026-11-01T12:00:00Z\n",
	"2026-11-01T12: 0:00Z",
	"\xef\xbb\xbf"
	"2026-11-01T12:00:00Z",
	"2026-11-01T12:00:0\xd9\xa0Z",
	"1793534400",
	"1793534400000",
	"now",
	"0x7ea-11-01T12:00:00Z",
	"Sun, 01 Nov 2026 12:00:00 GMT",
};

START_TEST(what_is_no_time_is_refused)
{
	const char *text = bad_rows[_i];
	size_t n = strlen(text);
	uint8_t *exact = malloc(n ? n : 1); /* so that a read beyond it is seen */
	struct utc_ms at = {-7};
	bool has_offset;

	memcpy(exact, text, n);
	ck_assert_msg(!ok(clock_parse(span_of(exact, n), &at)), "taken: '%s'", text);
	ck_assert_int_eq(at.v, -7);
	ck_assert_msg(!ok(clock_parse_local(span_of(exact, n), &at, &has_offset)), "taken: '%s'", text);
	ck_assert_int_eq(at.v, -7);
	free(exact);
}
END_TEST

/* A zero byte ends nothing here, and every byte elsewhere but one is refused. */
START_TEST(every_byte_counts)
{
	static const char good[] = "2026-11-01T12:00:00.5+01:00";
	struct utc_ms at;

	for (size_t i = 0; i < strlen(good); i++)
		for (int byte = 0; byte < 256; byte++) {
			char text[sizeof good];
			bool digit = good[i] >= '0' && good[i] <= '9' && byte >= '0' && byte <= '9';

			memcpy(text, good, sizeof good);
			text[i] = (char)byte;
			if (!digit && byte != good[i] && !(i == 10 && strchr("Tt ", byte) && byte) &&
				!(i == 21 && (byte == '-' || (byte >= '0' && byte <= '9'))) &&
				!(i == 20 && byte >= '0' && byte <= '9'))
				ck_assert_msg(!ok(clock_parse(span_text(text), &at)) &&
						      !ok(clock_parse(span_of(text, strlen(good)), &at)),
					"byte %zu as %d", i, byte);
		}
	ck_assert(!ok(clock_parse(span_of("2026-11-01T12:00:00\0Z", 21), &at)));
	ck_assert(!ok(clock_parse(span_of("2026-11-01T12:00:00Z\0", 21), &at)));
	ck_assert(!ok(clock_parse(span_of("2026-11-01\0"
					  "12:00:00Z",
					  20),
		&at)));
}
END_TEST

/* Against the C library's calendar: every day of 800 years at some odd second. */
START_TEST(the_calendar_is_the_usual_one)
{
	struct tm t = {.tm_year = 1700 - 1900, .tm_mday = 1, .tm_hour = 23, .tm_min = 58, .tm_sec = 57};
	int64_t first = timegm(&t);

	for (int64_t day = 0; day < 800 * 365; day++) {
		time_t seconds = (time_t)(first + day * 86400);
		char text[40], back[32];
		struct utc_ms at;

		gmtime_r(&seconds, &t);
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.007Z", &t);
		ck_assert(ok(clock_parse(span_text(text), &at)));
		ck_assert_int_eq(at.v, (int64_t)seconds * 1000 + 7);
		ck_assert_str_eq(clock_format(back, at), text);
	}
}
END_TEST

static const struct format_row {
	int64_t at;
	const char *want;
} format_rows[] = {
	{0, "1970-01-01T00:00:00.000Z"},
	{-1, "1969-12-31T23:59:59.999Z"},
	{-1000, "1969-12-31T23:59:59.000Z"},
	{NOON + 5, "2026-11-01T12:00:00.005Z"},
	{253402300799999, "9999-12-31T23:59:59.999Z"},
	{253402300800000, "-"},
	{-62167219200000, "0000-01-01T00:00:00.000Z"},
	{-62167219200001, "-"},
	{INT64_MAX, "-"},
	{INT64_MIN, "-"},
	{INT64_MIN + 1, "-"},
};

START_TEST(times_are_written)
{
	char to[32];

	ck_assert_str_eq(clock_format(to, (struct utc_ms){format_rows[_i].at}), format_rows[_i].want);
	ck_assert_str_eq(CLOCK_TEXT((struct utc_ms){format_rows[_i].at}), format_rows[_i].want);
}
END_TEST

START_TEST(clocks_go_forward)
{
	int64_t before = clock_monotonic_ms(), wall = clock_now().v;

	clock_sleep_ms(20);
	ck_assert_int_ge(clock_monotonic_ms() - before, 20);
	ck_assert_int_gt(wall, INT64_C(1704067200000)); /* milliseconds, and not of another epoch */
	clock_sleep_ms(0);
	clock_sleep_ms(-5);
}
END_TEST

TCase *case_clock(void)
{
	TCase *c = tcase_create("clock");
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, times_are_read, 0, ROWS(good_rows));
	tcase_add_loop_test(c, what_is_no_time_is_refused, 0, ROWS(bad_rows));
	tcase_add_test(c, every_byte_counts);
	tcase_add_test(c, the_calendar_is_the_usual_one);
	tcase_add_loop_test(c, times_are_written, 0, ROWS(format_rows));
	tcase_add_test(c, clocks_go_forward);
	return c;
}

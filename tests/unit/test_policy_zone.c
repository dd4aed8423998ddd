/* SPDX-License-Identifier: Apache-2.0
 *
 * Time zones and hours: offsets against the C library's own reading of the same files, nights through both
 * changes of the clock, files and rules that are not right.
 */
#include "gateway/base/file.h"
#include "gateway/text/zoneinfo.h"
#include "policy/hours.h"
#include "tests/unit/test_policy.h"

#include <stdlib.h>
#include <time.h>

static const char *const zones[] = {"Europe/London", "Europe/Dublin", "America/New_York",
	"Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia",
	"Antarctica/Troll", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires"};

static struct zone *zone_of(const char *name)
{
	struct zone *z = NULL;

	ck_assert_msg(ok(zoneinfo_load(span_text(name), &z)), "%s", name);
	return z;
}

/* Every three days and some of a century, where Debian's own files list nothing any more too. */
START_TEST(test_offsets_are_the_c_librarys)
{
	struct zone *z = zone_of(zones[_i]);

	setenv("TZ", zones[_i], 1);
	tzset();
	for (time_t t = -1000000000; t < INT64_C(4099680000); t += 277123) {
		struct tm tm;

		ck_assert_ptr_nonnull(localtime_r(&t, &tm));
		ck_assert_msg(zone_offset(z, (struct utc_ms){t * 1000}) == tm.tm_gmtoff, "%s at %lld",
			zones[_i], (long long)t);
	}
	zone_release(z);
}
END_TEST

static const struct {
	const char *zone, *local; /* as clocks there show it */
	size_t n;
	const char *first, *second;
} shown[] = {
	{"Europe/London", "2026-01-15T12:00:00Z", 1, "2026-01-15T12:00:00Z", NULL},
	{"Europe/London", "2026-07-15T12:00:00Z", 1, "2026-07-15T11:00:00Z", NULL},
	{"Europe/London", "2026-10-25T00:59:59.999Z", 1, "2026-10-24T23:59:59.999Z", NULL},
	{"Europe/London", "2026-10-25T01:00:00Z", 2, "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
	{"Europe/London", "2026-10-25T01:59:59.999Z", 2, "2026-10-25T00:59:59.999Z",
		"2026-10-25T01:59:59.999Z"},
	{"Europe/London", "2026-10-25T02:00:00Z", 1, "2026-10-25T02:00:00Z", NULL},
	{"Europe/London", "2026-03-29T00:59:59.999Z", 1, "2026-03-29T00:59:59.999Z", NULL},
	{"Europe/London", "2026-03-29T01:00:00Z", 0, NULL, NULL},
	{"Europe/London", "2026-03-29T01:59:59.999Z", 0, NULL, NULL},
	{"Europe/London", "2026-03-29T02:00:00Z", 1, "2026-03-29T01:00:00Z", NULL},
	{"America/New_York", "2026-11-01T01:30:00Z", 2, "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"},
	{"Australia/Lord_Howe", "2026-10-04T02:15:00Z", 0, NULL, NULL}, /* half an hour */
	{"Australia/Lord_Howe", "2026-10-04T02:30:00Z", 1, "2026-10-03T15:30:00Z", NULL},
	{"Asia/Kolkata", "2026-10-25T01:30:00Z", 1, "2026-10-24T20:00:00Z", NULL},
	{"UTC", "1970-01-01T00:00:00Z", 1, "1970-01-01T00:00:00Z", NULL},
};

static int64_t time_of(const char *text)
{
	struct utc_ms at;

	ck_assert(ok(clock_parse(span_text(text), &at)));
	return at.v;
}

START_TEST(test_what_a_local_time_may_mean)
{
	struct zone *z = zone_of(shown[_i].zone);
	struct utc_ms at[2];

	ck_assert_msg(zone_moments(z, (struct utc_ms){time_of(shown[_i].local)}, at) == shown[_i].n, "%s %s",
		shown[_i].zone, shown[_i].local);
	if (shown[_i].n > 0)
		ck_assert_int_eq(at[0].v, time_of(shown[_i].first));
	if (shown[_i].n > 1)
		ck_assert_int_eq(at[1].v, time_of(shown[_i].second));
	zone_release(z);
}
END_TEST

START_TEST(test_a_week_begins_on_monday)
{
	struct zone *z = zone_of("UTC");

	ck_assert_uint_eq(zone_week_minute(z, (struct utc_ms){0}), 3 * DAY_MINUTES); /* a Thursday */
	ck_assert_uint_eq(zone_week_minute(z, (struct utc_ms){-1}), 3 * DAY_MINUTES - 1);
	ck_assert_uint_eq(zone_week_minute(z, (struct utc_ms){NOON}), 6 * DAY_MINUTES + 720);
	ck_assert_uint_eq(zone_week_minute(z, (struct utc_ms){NOON + 12 * HOUR - 1}), WEEK_MINUTES - 1);
	ck_assert_uint_eq(zone_week_minute(z, (struct utc_ms){NOON + 12 * HOUR}), 0);
	ck_assert_uint_lt(zone_week_minute(z, (struct utc_ms){INT64_MIN}), WEEK_MINUTES);
	ck_assert_uint_lt(zone_week_minute(z, (struct utc_ms){INT64_MAX}), WEEK_MINUTES);
	zone_release(z);
}
END_TEST

static const struct {
	const char *at;
	bool want;
} nights[] = {
	/* Saturday 22:00 to 06:00, in London; the clocks go forward on 29 March and back on 25 October 2026.
	 */
	{"2026-03-28T21:59:59.999Z", false},
	{"2026-03-28T22:00:00Z", true},
	{"2026-03-29T00:59:59.999Z", true},
	{"2026-03-29T01:00:00Z", true}, /* 02:00 by the new time */
	{"2026-03-29T04:59:59.999Z", true},
	{"2026-03-29T05:00:00Z", false}, /* 06:00 by the new time: the night was an hour short */
	{"2026-10-24T20:59:59.999Z", false},
	{"2026-10-24T21:00:00Z", true}, /* 22:00 summer time */
	{"2026-10-25T00:30:00Z", true}, /* 01:30 the first time */
	{"2026-10-25T01:30:00Z", true}, /* 01:30 again */
	{"2026-10-25T05:59:59.999Z", true},
	{"2026-10-25T06:00:00Z", false}, /* an hour long */
	{"2026-10-25T22:00:00Z", false}, /* Sunday night is not Saturday's */
	{"2026-10-24T00:00:00Z", false}, /* nor is Friday's */
	{"2026-10-26T01:00:00Z", false},
};

static bool held(const struct rule *rule, const char *at)
{
	struct hours hours = {0};
	struct utc_ms moment;

	hours_add(&hours, rule);
	ck_assert(ok(clock_parse(span_text(at), &moment)));
	return hours_hold(&hours, moment);
}

START_TEST(test_a_night_belongs_to_the_day_it_begins_on)
{
	struct zone *z = zone_of("Europe/London");
	struct rule rule = {
		.has_hours = true, .local = z, .days = 1 << 5, .from_minute = 1320, .to_minute = 360};

	ck_assert_msg(held(&rule, nights[_i].at) == nights[_i].want, "%s", nights[_i].at);
	zone_release(z);
}
END_TEST

START_TEST(test_hours_add_up_and_wrap_round_the_week)
{
	struct zone *london = zone_of("Europe/London"), *kolkata = zone_of("Asia/Kolkata");
	struct rule sunday = {
		.has_hours = true, .local = london, .days = 1 << 6, .from_minute = 1380, .to_minute = 60};
	struct rule monday = {
		.has_hours = true, .local = kolkata, .days = 1 << 0, .from_minute = 0, .to_minute = 1440};
	struct hours hours = {0};

	ck_assert(held(&sunday, "2026-11-22T23:00:00Z"));
	ck_assert(held(&sunday, "2026-11-23T00:59:00Z"));
	ck_assert(!held(&sunday, "2026-11-23T01:00:00Z"));
	ck_assert(held(&monday, "2026-11-22T18:30:00Z")); /* midnight in Kolkata */
	ck_assert(!held(&monday, "2026-11-22T18:29:59.999Z"));
	ck_assert(!held(&monday, "2026-11-23T18:30:00Z"));
	hours_add(&hours, &sunday);
	hours_add(&hours, &monday);
	ck_assert_uint_eq(hours.n, 2);
	ck_assert(hours_hold(&hours, (struct utc_ms){NOON + 11 * HOUR}));
	ck_assert(hours_hold(&hours, (struct utc_ms){NOON + 6 * HOUR + 30 * MINUTE}));
	ck_assert(!hours_hold(&hours, (struct utc_ms){NOON}));
	ck_assert(hours_hold(NULL, (struct utc_ms){NOON}));
	zone_release(london);
	zone_release(kolkata);
}
END_TEST

START_TEST(test_hours_without_a_zone_hold_at_no_time)
{
	struct rule rule = {.has_hours = true, .days = 0x7F, .from_minute = 0, .to_minute = 1440};
	struct hours hours = {0};

	hours_add(&hours, &rule);
	for (int64_t at = NOON; at < NOON + 7 * DAY; at += HOUR)
		ck_assert(!hours_hold(&hours, (struct utc_ms){at}));
}
END_TEST

static const char *const bad_rules[] = {"", "G", "GM0", "GMT", "GMT0BST,", "GMT0BST,M3", "GMT0BST,M3.5",
	"GMT0BST,M3.5.0", "GMT0BST,M13.5.0,M10.5.0", "GMT0BST,M0.5.0,M10.5.0", "GMT0BST,M3.6.0,M10.5.0",
	"GMT0BST,M3.0.0,M10.5.0", "GMT0BST,M3.5.7,M10.5.0", "GMT0BST,J0,J365", "GMT0BST,J366,J1",
	"GMT0BST,M3.5.0/168,M10.5.0", "GMT0BST,M3.5.0/1:60,M10.5.0", "GMT0BST,M3.5.0,M10.5.0,", "<GM",
	"<GMT0", "GMT168", "GMT0BST,x,y", "GMT99999999999999999999"};

START_TEST(test_a_rule_that_is_none_is_refused)
{
	struct zone_rule rule;

	ck_assert_msg(!ok(zone_rule_parse(span_text(bad_rules[_i]), &rule)), "%s", bad_rules[_i]);
}
END_TEST

START_TEST(test_a_damaged_file_is_refused_or_read_within_bounds)
{
	struct buffer file CLEANUP(buffer_free) = {0};
	struct zone *z;
	unsigned seed = 1;

	ck_assert(ok(file_read(ZONEINFO_FOLDER "/Europe/London", 1 << 20, &file, NULL)));
	for (size_t n = 0; n < file.n; n++)
		ck_assert(!ok(zone_parse("X", span_of(file.p, n), &z)));
	for (int i = 0; i < 2000; i++) {
		size_t at = (size_t)rand_r(&seed) % file.n;
		uint8_t before = file.p[at];

		file.p[at] = (uint8_t)rand_r(&seed);
		if (ok(zone_parse("X", buffer_span(&file), &z))) {
			zone_week_minute(z, (struct utc_ms){NOON});
			zone_release(z);
		}
		file.p[at] = before;
	}
}
END_TEST

Suite *suite_policy_zone(void)
{
	Suite *suite = suite_create("policy_zone");
	TCase *tests = tcase_create("zone");

	tcase_add_loop_test(tests, test_offsets_are_the_c_librarys, 0, ROWS(zones));
	tcase_add_loop_test(tests, test_what_a_local_time_may_mean, 0, ROWS(shown));
	tcase_add_test(tests, test_a_week_begins_on_monday);
	tcase_add_loop_test(tests, test_a_night_belongs_to_the_day_it_begins_on, 0, ROWS(nights));
	tcase_add_test(tests, test_hours_add_up_and_wrap_round_the_week);
	tcase_add_test(tests, test_hours_without_a_zone_hold_at_no_time);
	tcase_add_loop_test(tests, test_a_rule_that_is_none_is_refused, 0, ROWS(bad_rules));
	tcase_add_test(tests, test_a_damaged_file_is_refused_or_read_within_bounds);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return suite;
}

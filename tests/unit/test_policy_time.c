/* SPDX-License-Identifier: Apache-2.0
 *
 * What was so then and is so now: switches, versions of agreements and registers, at capture and at
 * publication.
 */
#include "tests/unit/test_policy.h"

#define OFF   SWITCH_OFF
#define ON    SWITCH_ON
#define BOUND (2 * SECOND)

static void begin(struct world *w)
{
	world_begin(w);
	world_register(w, LONG_AGO, world_cameras);
	world_agreement(w, LONG_AGO, NULL, NULL, NULL, NULL);
}

/* What becomes of a read of A-1 captured and published then. */
static enum reason reason_at(const struct world *w, int64_t captured, int64_t now)
{
	struct read read = world_read();

	read.captured_at.v = captured;
	return world_decide(w, &read, captured, now).reason;
}

START_TEST(test_an_off_covers_its_own_time_and_the_clock_bound)
{
	static const struct {
		int64_t captured; /* from NOON; off from -60 s to 60 s */
		bool want;
	} rows[] = {
		{-MINUTE - BOUND - 1, true},
		{-MINUTE - BOUND, false},
		{-MINUTE, false},
		{0, false},
		{MINUTE, false},
		{MINUTE + BOUND - 1, false},
		{MINUTE + BOUND, true},
		{HOUR, true},
	};
	struct world w;

	begin(&w);
	world_switch(&w, NOON - MINUTE, OFF, (struct switch_key){0});
	world_switch(&w, NOON + MINUTE, ON, (struct switch_key){0});
	world_compile(&w);
	for (int i = 0; i < ROWS(rows); i++)
		ck_assert_msg(reason_at(&w, NOON + rows[i].captured, NOON + 2 * HOUR) ==
				      (rows[i].want ? REASON_UNSPECIFIED : REASON_CAPTURED_WHILE_OFF),
			"row %d", i);
	ck_assert_int_eq(reason_at(&w, NOON - HOUR, NOON - MINUTE - 1), REASON_UNSPECIFIED);
	ck_assert_int_eq(reason_at(&w, NOON - HOUR, NOON - MINUTE), REASON_PARTNER_OFF);
	ck_assert_int_eq(reason_at(&w, NOON - HOUR, NOON + MINUTE - 1), REASON_PARTNER_OFF);
	ck_assert_int_eq(reason_at(&w, NOON - HOUR, NOON + MINUTE), REASON_UNSPECIFIED);
	world_end(&w);
}
END_TEST

START_TEST(test_the_wider_clock_bound_counts)
{
	struct world w;

	begin(&w);
	w.in.clock_bound_ms = HOUR;
	world_switch(&w, NOON - MINUTE, OFF, (struct switch_key){0});
	world_switch(&w, NOON + MINUTE, ON, (struct switch_key){0});
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON + MINUTE + HOUR - 1, NOON + 3 * HOUR), REASON_CAPTURED_WHILE_OFF);
	ck_assert_int_eq(reason_at(&w, NOON + MINUTE + HOUR, NOON + 3 * HOUR), REASON_UNSPECIFIED);
	w.in.clock_bound_ms = -HOUR; /* the agreement's own holds */
	world_compile(&w);
	ck_assert_int_eq(
		reason_at(&w, NOON + MINUTE + BOUND - 1, NOON + 3 * HOUR), REASON_CAPTURED_WHILE_OFF);
	world_end(&w);
}
END_TEST

START_TEST(test_on_ends_the_offs_with_an_equal_key_and_no_other)
{
	static const char *const one[] = {"A-1"}, *const two[] = {"A-1", "A-2"}, *const none[] = {NULL};
	const struct switch_key off = {.side = "tfl", .agreement = "AG-1", .cameras = two, .n_cameras = 2};
	struct switch_key others[8];
	struct world w;

	for (int i = 0; i < ROWS(others); i++)
		others[i] = off;
	others[0].side = "mps";
	others[1].agreement = NULL;
	others[2].rule = "a";
	others[3].classes = CLASS_READ;
	others[4].cameras = NULL;
	others[5].cameras = one;
	others[5].n_cameras = 1;
	others[6].agreement = "AG-10";
	others[7].cameras = none;
	others[7].n_cameras = 0;
	begin(&w);
	world_switch(&w, NOON - HOUR, OFF, off);
	for (int i = 0; i < ROWS(others); i++)
		world_switch(&w, NOON - HOUR + 1, ON, others[i]);
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON - 2 * HOUR, NOON), REASON_CAMERA_OFF);
	world_switch(&w, NOON - 1, ON, off);
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON - 2 * HOUR, NOON), REASON_UNSPECIFIED);
	world_end(&w);
}
END_TEST

START_TEST(test_no_other_off_shortens_an_off)
{
	struct world w;

	begin(&w);
	world_switch(&w, NOON - HOUR, OFF, (struct switch_key){0});
	world_switch(&w, NOON - HOUR, OFF, (struct switch_key){0});
	w.switches[1].until.v = NOON - MINUTE;
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON, NOON), REASON_PARTNER_OFF);
	world_end(&w);
}
END_TEST

START_TEST(test_an_off_for_a_while_ends_by_itself)
{
	struct world w;

	begin(&w);
	world_switch(&w, NOON - HOUR, OFF, (struct switch_key){0});
	w.switches[0].until.v = NOON;
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON - 2 * HOUR, NOON - 1), REASON_PARTNER_OFF);
	ck_assert_int_eq(reason_at(&w, NOON - 2 * HOUR, NOON), REASON_UNSPECIFIED);
	ck_assert_int_eq(reason_at(&w, NOON, NOON), REASON_CAPTURED_WHILE_OFF);
	ck_assert_int_eq(reason_at(&w, NOON + BOUND, NOON + BOUND), REASON_UNSPECIFIED);
	world_end(&w);
}
END_TEST

START_TEST(test_an_on_for_a_while_ends_in_an_off)
{
	struct world w;

	begin(&w);
	world_switch(&w, NOON - 2 * HOUR, OFF, (struct switch_key){0});
	world_switch(&w, NOON - HOUR, ON, (struct switch_key){0});
	w.switches[1].until.v = NOON + HOUR;
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON, NOON), REASON_UNSPECIFIED);
	ck_assert_int_eq(reason_at(&w, NOON, NOON + HOUR), REASON_PARTNER_OFF);
	ck_assert_int_eq(reason_at(&w, NOON, NOON + 30 * DAY), REASON_PARTNER_OFF);
	world_switch(&w, NOON, ON, (struct switch_key){0}); /* for good: the end is forgotten */
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON + HOUR, NOON + HOUR), REASON_UNSPECIFIED);
	w.in.n_switches = 2;
	world_switch(
		&w, NOON + 2 * HOUR, ON, (struct switch_key){0}); /* after the end: it was off in between */
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON + HOUR, NOON + 3 * HOUR), REASON_CAPTURED_WHILE_OFF);
	ck_assert_int_eq(reason_at(&w, NOON, NOON + 3 * HOUR), REASON_UNSPECIFIED);
	world_end(&w);
}
END_TEST

START_TEST(test_ends_to_come)
{
	struct world w;
	const struct partner_policy *p;
	const int64_t agreed_until = INT64_C(1798761600000); /* 2027-01-01, as world_text has it */

	begin(&w);
	world_switch(&w, NOON - DAY, OFF, (struct switch_key){.rule = "a"});
	world_switch(&w, NOON - HOUR, ON, (struct switch_key){.rule = "a"});
	w.switches[w.in.n_switches - 1].until.v = NOON + 10 * SECOND;
	/* an off for a while widens when it is over: that is no end */
	world_switch(&w, NOON - HOUR, OFF, (struct switch_key){.rule = "b"});
	w.switches[w.in.n_switches - 1].until.v = NOON + 5 * SECOND;
	world_compile(&w);
	p = world_partner(&w);
	ck_assert_int_eq(partner_policy_next_end(p, (struct utc_ms){NOON}).v, NOON + 10 * SECOND);
	ck_assert_int_eq(
		partner_policy_next_end(p, (struct utc_ms){NOON + 10 * SECOND - 1}).v, NOON + 10 * SECOND);
	ck_assert_int_eq(partner_policy_next_end(p, (struct utc_ms){NOON + 10 * SECOND}).v, agreed_until);
	ck_assert_int_eq(partner_policy_next_end(p, (struct utc_ms){agreed_until}).v, INT64_MAX);
	ck_assert_int_eq(partner_policy_next_end(NULL, (struct utc_ms){NOON}).v, INT64_MAX);
	world_end(&w);
}
END_TEST

START_TEST(test_which_reads_an_end_covers)
{
	static const struct {
		const char *name;
		const char *cameras[1]; /* whose `on` ends at NOON + 10 s; NULL: all */
		unsigned classes;       /* of it; 0 = all */
		const char *camera;     /* of the read */
		int64_t now, until;     /* from NOON */
		bool want;
	} rows[] = {
		{"ends before `until`", {"A-1"}, 0, "A-1", 8 * SECOND, 11 * SECOND, true},
		{"ends at `until`", {"A-1"}, 0, "A-1", 7 * SECOND, 10 * SECOND, true},
		{"ends after `until`", {"A-1"}, 0, "A-1", 7 * SECOND - 1, 10 * SECOND - 1, false},
		{"has ended", {"A-1"}, 0, "A-1", 10 * SECOND, 13 * SECOND, false},
		{"another camera's end", {"A-1"}, 0, "A-2", 8 * SECOND, 11 * SECOND, false},
		{"everybody's end", {NULL}, 0, "A-2", 8 * SECOND, 11 * SECOND, true},
		{"the end of images", {NULL}, CLASS_OVERVIEW, "A-1", 8 * SECOND, 11 * SECOND, true},
		{"of images nobody shares", {NULL}, CLASS_PLATE_PATCH, "A-1", 8 * SECOND, 11 * SECOND, false},
		{"denied in any case", {NULL}, 0, "B-1", 8 * SECOND, 11 * SECOND, false},
		{"unknown camera", {NULL}, 0, "Z-9", 8 * SECOND, 11 * SECOND, false},
	};

	for (int i = 0; i < ROWS(rows); i++) {
		struct switch_key key = {.classes = rows[i].classes};
		struct read read = world_read();
		struct world w;

		key.cameras = rows[i].cameras[0] ? (const char *const *)rows[i].cameras : NULL;
		key.n_cameras = rows[i].cameras[0] ? 1 : 0;
		begin(&w);
		world_switch(&w, NOON - HOUR, ON, key);
		w.switches[w.in.n_switches - 1].until.v = NOON + 10 * SECOND;
		world_compile(&w);
		read.camera_id = span_text(rows[i].camera);
		ck_assert_msg(policy_ends_by(world_partner(&w), &read, (struct utc_ms){NOON + rows[i].now},
				      (struct utc_ms){NOON + rows[i].now},
				      (struct utc_ms){NOON + rows[i].until}) == rows[i].want,
			"%s", rows[i].name);
		world_end(&w);
	}
}
END_TEST

/* The end of one version is no end where the next goes on sharing; nor of one agreement among two. */
START_TEST(test_an_end_that_takes_nothing_away_covers_nothing)
{
	struct read read = world_read();
	struct world w;

	begin(&w);
	world_agreement(
		&w, LONG_AGO, "AG-1", "AG-2", "until: 2027-01-01T00:00:00Z", "until: 2026-11-22T12:00:10Z");
	world_compile(&w);
	ck_assert(policy_ends_by(world_partner(&w), &read, (struct utc_ms){NOON},
		(struct utc_ms){NOON + 9 * SECOND}, (struct utc_ms){NOON + 12 * SECOND}));
	world_end(&w);
	begin(&w);
	world_agreement(&w, NOON - HOUR, "AG-1", "AG-1", "until: 2027-01-01T00:00:00Z",
		"until: 2026-12-22T12:00:00Z");
	w.agreements[0].ended.v = NOON - HOUR;
	world_compile(&w);
	ck_assert(!policy_ends_by(world_partner(&w), &read, (struct utc_ms){NOON},
		(struct utc_ms){1798761600000 - SECOND}, (struct utc_ms){1798761600000 + SECOND}));
	world_end(&w);
}
END_TEST

START_TEST(test_an_off_journaled_late_counts_from_its_acceptance)
{
	struct world w;

	begin(&w);
	world_switch(&w, NOON - MINUTE, ON, (struct switch_key){0});
	world_switch(&w, NOON - HOUR, OFF, (struct switch_key){0}); /* a stop file, appended after the `on` */
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON, NOON), REASON_PARTNER_OFF);
	world_switch(&w, NOON, ON, (struct switch_key){0});
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON - 30 * MINUTE, NOON), REASON_CAPTURED_WHILE_OFF);
	world_end(&w);
}
END_TEST

START_TEST(test_whatever_is_not_on_is_off)
{
	static const int positions[] = {0, 1, 3, 99, -1};
	struct world w;

	for (int i = 0; i < ROWS(positions); i++) {
		begin(&w);
		world_switch(&w, NOON - HOUR, (enum switch_position)positions[i], (struct switch_key){0});
		world_compile(&w);
		ck_assert_int_eq(reason_at(&w, NOON, NOON), REASON_PARTNER_OFF);
		world_end(&w);
	}
}
END_TEST

START_TEST(test_a_later_version_is_asked_about_now_and_the_earlier_about_then)
{
	struct world w;

	begin(&w);
	w.agreements[0].ended.v = NOON;
	world_agreement(&w, NOON, "[\"A-*\", \"B-*\"]", "[\"A-1\", \"C-1\"]", "kinds: [vrm]",
		"kinds: [vrm, no_plate]");
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON - MINUTE, NOON + MINUTE), REASON_UNSPECIFIED);
	ck_assert_int_eq(reason_at(&w, NOON + MINUTE, NOON + MINUTE), REASON_UNSPECIFIED);
	for (int at = -1; at <= 1; at += 2) {
		struct read read = world_read();

		read.captured_at.v = NOON + at * MINUTE;
		read.camera_id = span_text("A-2"); /* only in the first, but at night in both */
		ck_assert_int_eq(world_decide(&w, &read, read.captured_at.v, NOON + HOUR).reason,
			REASON_OUTSIDE_HOURS);
		read.camera_id = span_text("C-1"); /* only in the second */
		ck_assert_int_eq(world_decide(&w, &read, read.captured_at.v, NOON + HOUR).reason,
			at < 0 ? REASON_NOT_IN_SCHEDULE : REASON_UNSPECIFIED);
		read.camera_id = span_text("A-1");
		read.kind = READ_KIND_NO_PLATE;
		ck_assert_int_eq(world_decide(&w, &read, read.captured_at.v, NOON + HOUR).reason,
			at < 0 ? REASON_WRONG_KIND : REASON_UNSPECIFIED);
	}
	world_end(&w);
}
END_TEST

START_TEST(test_an_agreement_ends_and_comes_back)
{
	struct world w;

	begin(&w);
	w.agreements[0].ended.v = NOON - HOUR;
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON - 2 * HOUR, NOON - HOUR - 1), REASON_UNSPECIFIED);
	ck_assert_int_eq(reason_at(&w, NOON - 2 * HOUR, NOON - HOUR), REASON_EXPIRED);
	ck_assert(!partner_policy_any_on(world_partner(&w), (struct utc_ms){NOON}));
	world_agreement(&w, NOON, NULL, NULL, NULL, NULL);
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON - 30 * MINUTE, NOON), REASON_EXPIRED);
	ck_assert_int_eq(reason_at(&w, NOON, NOON), REASON_UNSPECIFIED);
	world_end(&w);
}
END_TEST

START_TEST(test_a_camera_is_asked_about_then_and_now)
{
	struct world w;
	struct read read = world_read();

	begin(&w);
	world_register(&w, NOON,
		"camera_id,external_ids,latitude,longitude,state\nA-1,,51.5,-0.1,retired\n"
		"A-2,serial:1,51.5,-0.1,live\nB-1,,51.5,-0.1,live\nA-9,,51.5,-0.1,live\n");
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON - MINUTE, NOON - 1), REASON_UNSPECIFIED);
	ck_assert_int_eq(reason_at(&w, NOON - MINUTE, NOON), REASON_CAMERA_NOT_LIVE);
	read.captured_at.v = NOON - MINUTE;
	read.camera_id = span_text("B-1"); /* offered then, live now */
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_CAMERA_NOT_LIVE);
	read.captured_at.v = NOON;
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_UNSPECIFIED);
	read.camera_id = span_text("A-9"); /* new, and named by nobody yet though a pattern would match */
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_NOT_IN_SCHEDULE);
	read.camera_id = span_text("A-3"); /* gone */
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_UNKNOWN_CAMERA);
	read.camera_id = span_text("serial:1"); /* A-1 then, A-2 now */
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_UNSPECIFIED);
	read.captured_at.v = NOON - 1;
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_UNKNOWN_CAMERA);
	world_end(&w);
}
END_TEST

START_TEST(test_what_is_on_is_counted)
{
	static const char *const one[] = {"A-1"};
	const struct feed_policy *const *feeds;
	const struct camera *cameras;
	struct world w;

	begin(&w);
	world_compile(&w);
	ck_assert_uint_eq(snapshot_version(w.snapshot), 7);
	ck_assert_uint_eq(partner_policy_cameras(world_partner(&w), &cameras), 7);
	ck_assert_str_eq(cameras[0].id, "A-1");
	ck_assert_uint_eq(partner_policy_feeds(world_partner(&w), &feeds), 1);
	ck_assert_str_eq(feeds[0]->purposes[0], "serious-crime");
	ck_assert_int_eq(feeds[0]->keep_for_ms, 30 * DAY);
	ck_assert_uint_eq(partner_policy_cameras_on(world_partner(&w), (struct utc_ms){NOON}), 3);
	world_switch(&w, NOON, OFF, (struct switch_key){.cameras = one, .n_cameras = 1});
	world_compile(&w);
	ck_assert_uint_eq(partner_policy_cameras_on(world_partner(&w), (struct utc_ms){NOON - 1}), 3);
	ck_assert_uint_eq(partner_policy_cameras_on(world_partner(&w), (struct utc_ms){NOON}), 2);
	ck_assert(partner_policy_any_on(world_partner(&w), (struct utc_ms){NOON}));
	world_switch(&w, NOON, OFF, (struct switch_key){.side = "mps", .agreement = "AG-1"});
	world_compile(&w);
	ck_assert_uint_eq(partner_policy_cameras_on(world_partner(&w), (struct utc_ms){NOON}), 0);
	ck_assert(!partner_policy_any_on(world_partner(&w), (struct utc_ms){NOON}));
	ck_assert(partner_policy_any_on(world_partner(&w), (struct utc_ms){NOON - 1}));
	ck_assert(!partner_policy_any_on(NULL, (struct utc_ms){NOON}));
	ck_assert_uint_eq(partner_policy_feeds(NULL, &feeds), 0);
	world_end(&w);
}
END_TEST

START_TEST(test_since_when_something_is_on)
{
	static const char *const one[] = {"A-1"};
	struct world w;

	begin(&w);
	world_switch(&w, NOON - 3 * HOUR, OFF, (struct switch_key){0});
	world_switch(&w, NOON - 2 * HOUR, ON, (struct switch_key){0});
	world_switch(&w, NOON - HOUR, OFF, (struct switch_key){.cameras = one, .n_cameras = 1});
	world_compile(&w);
	ck_assert_int_eq(
		partner_policy_on_since(world_partner(&w), (struct utc_ms){NOON}).v, NOON - 2 * HOUR);
	world_switch(&w, NOON - 1, OFF, (struct switch_key){0});
	world_compile(&w);
	ck_assert_int_eq(partner_policy_on_since(world_partner(&w), (struct utc_ms){NOON}).v, NOON);
	world_end(&w);
}
END_TEST

START_TEST(test_hours_do_not_turn_a_partner_off)
{
	struct world w;

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(&w, LONG_AGO, "  - {name: a, cameras: [\"A-*\", \"B-*\"]}\n", "", NULL, NULL);
	world_compile(&w);
	ck_assert_int_eq(reason_at(&w, NOON, NOON), REASON_OUTSIDE_HOURS);
	ck_assert_int_eq(reason_at(&w, NOON - 7 * HOUR, NOON), REASON_UNSPECIFIED); /* captured before six */
	ck_assert(partner_policy_any_on(world_partner(&w), (struct utc_ms){NOON}));
	world_end(&w);
}
END_TEST

Suite *suite_policy_time(void)
{
	Suite *suite = suite_create("policy_time");
	TCase *tests = tcase_create("time");

	tcase_add_test(tests, test_an_off_covers_its_own_time_and_the_clock_bound);
	tcase_add_test(tests, test_the_wider_clock_bound_counts);
	tcase_add_test(tests, test_on_ends_the_offs_with_an_equal_key_and_no_other);
	tcase_add_test(tests, test_no_other_off_shortens_an_off);
	tcase_add_test(tests, test_an_off_for_a_while_ends_by_itself);
	tcase_add_test(tests, test_an_on_for_a_while_ends_in_an_off);
	tcase_add_test(tests, test_ends_to_come);
	tcase_add_test(tests, test_which_reads_an_end_covers);
	tcase_add_test(tests, test_an_end_that_takes_nothing_away_covers_nothing);
	tcase_add_test(tests, test_an_off_journaled_late_counts_from_its_acceptance);
	tcase_add_test(tests, test_whatever_is_not_on_is_off);
	tcase_add_test(tests, test_a_later_version_is_asked_about_now_and_the_earlier_about_then);
	tcase_add_test(tests, test_an_agreement_ends_and_comes_back);
	tcase_add_test(tests, test_a_camera_is_asked_about_then_and_now);
	tcase_add_test(tests, test_what_is_on_is_counted);
	tcase_add_test(tests, test_since_when_something_is_on);
	tcase_add_test(tests, test_hours_do_not_turn_a_partner_off);
	suite_add_tcase(suite, tests);
	return suite;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a read is denied, what goes along when it is not, and what is left of it.
 */
#include "tests/unit/test_policy.h"

#include <stdlib.h>

/* A read that is permitted, changed in one way. */
static const struct {
	const char *name;
	const char *from, *to; /* in the agreement */
	struct switch_key off; /* switched off an hour before; `side` NULL = nothing is off */
	const char *camera;
	int64_t captured, received; /* from NOON, from captured */
	int kind;                   /* -1 = as it is */
	double confidence;          /* 0 = as it is; negative: none */
	enum reason want;           /* REASON_UNSPECIFIED = permitted */
} rows[] = {
	{"as it is", .kind = -1},
	{"by an external id", .camera = "serial:1", .kind = -1},
	{"not begun", "from: 2026-01", "from: 2026-12", .kind = -1, .want = REASON_NOT_STARTED},
	{"begins at capture", "from: 2026-01-01T00:00:00Z", "from: 2026-11-22T12:00:00Z", .kind = -1},
	{"begins after capture", "from: 2026-01-01T00:00:00Z", "from: 2026-11-22T12:00:00.001Z", .kind = -1,
		.want = REASON_NOT_STARTED},
	{"ends at publication", "until: 2027-01-01T00:00:00Z", "until: 2026-11-22T12:00:01Z", .kind = -1,
		.want = REASON_EXPIRED},
	{"ends after publication", "until: 2027-01-01T00:00:00Z", "until: 2026-11-22T12:00:01.001Z",
		.kind = -1},
	{"over for months", "until: 2027", "until: 2026-02-01T00:00:00Z}\n#", .kind = -1,
		.want = REASON_EXPIRED},
	{"all off", .off = {.side = "tfl"}, .kind = -1, .want = REASON_PARTNER_OFF},
	{"all off by the other side", .off = {.side = "mps"}, .kind = -1, .want = REASON_PARTNER_OFF},
	{"all off by no side in particular", .off = {.side = ""}, .kind = -1, .want = REASON_PARTNER_OFF},
	{"all of another recipient's off", .off = {.side = "gmp"}, .kind = -1},
	{"the agreement off", .off = {.side = "tfl", .agreement = "AG-1"}, .kind = -1,
		.want = REASON_PARTNER_OFF},
	{"another agreement off", .off = {.side = "tfl", .agreement = "AG-2"}, .kind = -1},
	{"a selector lost", .off = {.side = "tfl", .agreement = "", .rule = ""}, .kind = -1,
		.want = REASON_PARTNER_OFF},
	/* Rule `night` is still on, and gets as far as its hours. */
	{"the rule off", .off = {.side = "tfl", .rule = "a"}, .kind = -1, .want = REASON_OUTSIDE_HOURS},
	{"the rule of another agreement off", .off = {.side = "tfl", .agreement = "AG-2", .rule = "a"},
		.kind = -1},
	{"the only rule off",
		"  - {name: night, cameras: [\"A-*\"], hours: {zone: Europe/London, days: [sat], from: "
		"\"22:00\", to: \"06:00\"}}\n",
		"", .off = {.side = "tfl", .rule = "a"}, .kind = -1, .want = REASON_RULE_OFF},
	{"the read's class off", .off = {.side = "tfl", .classes = CLASS_READ}, .kind = -1,
		.want = REASON_CLASS_OFF},
	{"an image's class off", .off = {.side = "tfl", .classes = CLASS_OVERVIEW}, .kind = -1},
	{"a class nobody knows off", .off = {.side = "tfl", .classes = 1 << 7}, .kind = -1,
		.want = REASON_CLASS_OFF},
	{"a camera of no rule", .camera = "C-1", .kind = -1, .want = REASON_NOT_IN_SCHEDULE},
	{"a camera nobody knows", .camera = "A-4", .kind = -1, .want = REASON_UNKNOWN_CAMERA},
	{"a camera without a name", .camera = "", .kind = -1, .want = REASON_UNKNOWN_CAMERA},
	{"a glob for a camera", .camera = "*", .kind = -1, .want = REASON_UNKNOWN_CAMERA},
	/* Rule `night` does not cover the B cameras, and rule `a` gets further. */
	{"offered", .camera = "B-1", .kind = -1, .want = REASON_CAMERA_NOT_LIVE},
	{"commissioning", .camera = "B-2", .kind = -1, .want = REASON_CAMERA_NOT_LIVE},
	{"retired", .camera = "B-3", .kind = -1, .want = REASON_CAMERA_NOT_LIVE},
	{"outside hours", "  - {name: a, cameras: [\"A-*\", \"B-*\"]}\n", "", .kind = -1,
		.want = REASON_OUTSIDE_HOURS},
	{"too old by a millisecond", .received = DAY + 1, .kind = -1, .want = REASON_TOO_OLD},
	{"as old as may be", .received = DAY, .kind = -1},
	{"before all memory", .captured = -400 * DAY, .kind = -1, .want = REASON_TOO_OLD},
	{"at the beginning of time", .captured = INT64_MIN / 2, .kind = -1, .want = REASON_TOO_OLD},
	{"in the future", .received = -5001, .kind = -1, .want = REASON_IN_FUTURE},
	{"as far in the future as may be", .received = -5000, .kind = -1},
	{"at the end of time", .captured = INT64_MAX / 2, .kind = -1, .want = REASON_EXPIRED},
	{"unsure", .confidence = 0.69, .kind = -1, .want = REASON_LOW_CONFIDENCE},
	{"sure enough", .confidence = 0.7, .kind = -1},
	{"no confidence", .confidence = -1, .kind = -1},
	{"a tag", .kind = READ_KIND_HASHED_TAG, .want = REASON_WRONG_KIND},
	{"no plate", .kind = READ_KIND_NO_PLATE, .want = REASON_WRONG_KIND},
	{"no kind", .kind = READ_KIND_UNSPECIFIED, .want = REASON_WRONG_KIND},
	{"a kind nobody knows", .kind = 7, .want = REASON_WRONG_KIND},
	{"a kind beyond all bits", .kind = 1 << 20, .want = REASON_WRONG_KIND},
	/* Within a rule the first reason is told. */
	{"off and unsure", .off = {.side = "tfl"}, .confidence = 0.1, .kind = -1, .want = REASON_PARTNER_OFF},
	{"too old and of the wrong kind", .received = 2 * DAY, .kind = READ_KIND_NO_PLATE,
		.want = REASON_TOO_OLD},
};

START_TEST(test_reason)
{
	struct world w;
	struct read read = world_read();
	struct decision d;

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(&w, LONG_AGO, rows[_i].from, rows[_i].to, NULL, NULL);
	if (rows[_i].off.side)
		world_switch(&w, NOON - HOUR, SWITCH_OFF, rows[_i].off);
	world_compile(&w);
	read.captured_at.v += rows[_i].captured;
	if (rows[_i].camera)
		read.camera_id = span_text(rows[_i].camera);
	if (rows[_i].kind >= 0)
		read.kind = (enum read_kind)rows[_i].kind;
	if (rows[_i].confidence != 0)
		read.confidence = rows[_i].confidence;
	if (rows[_i].confidence < 0)
		read.has &= ~(unsigned)READ_HAS_CONFIDENCE;
	d = world_decide(&w, &read, rows[_i].captured ? NOON : NOON + rows[_i].received, NOON + SECOND);
	ck_assert_msg(d.reason == rows[_i].want, "%s: %s", rows[_i].name, reason_name(d.reason));
	ck_assert_int_eq(d.verdict, rows[_i].want ? VERDICT_DENY : VERDICT_PERMIT);
	ck_assert_uint_eq(d.n, rows[_i].want ? 0 : 1);
	world_end(&w);
}
END_TEST

START_TEST(test_nothing_known_denies)
{
	struct world w;
	struct read read = world_read();
	struct decision d = {0};

	ck_assert_int_eq(d.verdict, VERDICT_DENY);
	policy_decide(NULL, &read, read.captured_at, read.captured_at, &d);
	ck_assert_int_eq(d.verdict, VERDICT_DENY);
	ck_assert_int_eq(d.reason, REASON_NO_AGREEMENT);
	world_begin(&w);
	world_compile(&w);
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_NO_AGREEMENT);
	world_register(&w, LONG_AGO, world_cameras);
	world_compile(&w);
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_NO_AGREEMENT);
	ck_assert_ptr_null(snapshot_partner(w.snapshot, span_text("q")));
	world_end(&w);
}
END_TEST

START_TEST(test_every_reason_has_a_name)
{
	for (unsigned r = 0; r < REASON_COUNT; r++) {
		ck_assert_str_ne(reason_name((enum reason)r), "unknown");
		for (unsigned other = 0; other < r; other++)
			ck_assert_str_ne(reason_name((enum reason)r), reason_name((enum reason)other));
	}
	ck_assert_str_eq(reason_name((enum reason)99), "unknown");
	ck_assert_str_eq(reason_name(REASON_CAPTURED_WHILE_OFF), "captured_while_off");
}
END_TEST

/* Two agreements, the second for the overview alone beside the read. */
START_TEST(test_two_agreements_permit_what_each_shares)
{
	struct world w;
	struct read read = world_read();
	struct decision d;

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(&w, LONG_AGO, "share: [read, overview]", "share: [read]", NULL, NULL);
	world_agreement(&w, LONG_AGO, "AG-1", "AG-2", "topic: anpr.reads", "topic: other");
	world_compile(&w);
	d = world_decide(&w, &read, NOON, NOON);
	ck_assert_uint_eq(d.n, 2);
	ck_assert_str_eq(d.permits[0].feed->topic, "anpr.reads");
	ck_assert_uint_eq(d.permits[0].classes, CLASS_READ);
	ck_assert_str_eq(d.permits[1].feed->topic, "other");
	ck_assert_uint_eq(d.permits[1].feed->index, 1);
	ck_assert_uint_eq(d.permits[1].classes, CLASS_READ | CLASS_OVERVIEW);
	ck_assert(d.class_dropped); /* the plate patch */
	ck_assert_str_eq(d.camera->name, "Bridge north");
	world_switch(&w, NOON - 1, SWITCH_OFF, (struct switch_key){.side = "mps", .agreement = "AG-2"});
	world_compile(&w);
	d = world_decide(&w, &read, NOON, NOON);
	ck_assert_uint_eq(d.n, 1);
	ck_assert_str_eq(d.permits[0].feed->agreement->id, "AG-1");
	world_end(&w);
}
END_TEST

START_TEST(test_an_image_is_dropped_where_its_class_is_off)
{
	struct world w;
	struct read read = world_read();

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(
		&w, LONG_AGO, "share: [read, overview]", "share: [read, overview, plate_patch]", NULL, NULL);
	world_compile(&w);
	ck_assert_uint_eq(world_decide(&w, &read, NOON, NOON).permits[0].classes, 7);
	ck_assert(!world_decide(&w, &read, NOON, NOON).class_dropped);
	world_switch(&w, NOON - HOUR, SWITCH_OFF,
		(struct switch_key){.side = "mps", .rule = "a", .classes = CLASS_OVERVIEW});
	world_compile(&w);
	ck_assert_uint_eq(
		world_decide(&w, &read, NOON, NOON).permits[0].classes, CLASS_READ | CLASS_PLATE_PATCH);
	ck_assert(world_decide(&w, &read, NOON, NOON).class_dropped);
	read.overview = (struct span){0};
	ck_assert(!world_decide(&w, &read, NOON, NOON).class_dropped);
	world_switch(&w, NOON - HOUR, SWITCH_ON,
		(struct switch_key){.side = "mps", .rule = "a", .classes = CLASS_OVERVIEW});
	world_compile(&w);
	ck_assert_uint_eq(world_decide(&w, &read, NOON, NOON).permits[0].classes, 7);
	world_end(&w);
}
END_TEST

START_TEST(test_what_is_noticed_is_flagged)
{
	struct world w;
	struct read read = world_read();

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(&w, LONG_AGO, NULL, NULL, NULL, NULL);
	world_compile(&w);
	ck_assert_uint_eq(world_decide(&w, &read, NOON, NOON).quality, 0);
	read.has &= ~(unsigned)READ_HAS_CONFIDENCE;
	ck_assert_uint_eq(world_decide(&w, &read, NOON, NOON).quality, 1u << QUALITY_NO_CONFIDENCE);
	read = world_read();
	read.lat += 0.00089; /* 99 m */
	ck_assert_uint_eq(world_decide(&w, &read, NOON, NOON).quality, 0);
	read.lat += 0.00002; /* 101 m */
	ck_assert_uint_eq(world_decide(&w, &read, NOON, NOON).quality, 1u << QUALITY_POSITION_MISMATCH);
	read.has &= ~(unsigned)READ_HAS_LON;
	ck_assert_uint_eq(world_decide(&w, &read, NOON, NOON).quality, 0);
	read.vrm = span_text("T\xc3\xb6LSL 123");
	ck_assert_uint_eq(world_decide(&w, &read, NOON, NOON).quality, 1u << QUALITY_VRM_FORMAT);
	world_end(&w);
}
END_TEST

START_TEST(test_minimising_drops_what_is_not_shared)
{
	struct agreement a = {.drop = 0x7F};
	struct feed_policy feed = {.agreement = &a};
	struct permit permit = {.feed = &feed, .classes = CLASS_READ};
	struct camera camera = {.id = (char *)"A-1", .lat = 51.5, .lon = -0.1};
	struct read in = world_read(), out, again;

	in.camera_id = span_text("serial:1");
	policy_minimise(&permit, &camera, &in, &out);
	ck_assert_uint_eq(out.has, 0);
	ck_assert(out.lat == 0 && out.lon == 0 && out.speed_kph == 0 && out.heading == 0 &&
		  out.confidence == 0);
	ck_assert_uint_eq(out.lane, 0);
	ck_assert_int_eq(out.direction, READ_DIRECTION_UNSPECIFIED);
	ck_assert_uint_eq(out.cursor.n + out.country.n + out.plate_patch.n + out.overview.n, 0);
	ck_assert(
		span_is(out.camera_id, "A-1") && span_is(out.read_id, "r-1") && span_is(out.vrm, "AB12 CDE"));
	ck_assert_int_eq(out.captured_at.v, NOON);
	policy_minimise(&permit, &camera, &out, &again);
	ck_assert_mem_eq(&out, &again, sizeof out);
	a.drop = DROP_SPEED;
	in.lat = 10;
	permit.classes = CLASS_READ | CLASS_OVERVIEW;
	policy_minimise(&permit, &camera, &in, &out);
	ck_assert(out.lat == 51.5 && out.lon == -0.1 && out.heading == 350 && out.confidence == 0.9);
	ck_assert_uint_eq(out.has, in.has & ~(unsigned)READ_HAS_SPEED);
	ck_assert(out.overview.n > 0 && out.plate_patch.n == 0);
	policy_minimise(&permit, NULL, &in, &out);
	ck_assert(!(out.has & (READ_HAS_LAT | READ_HAS_LON)) && out.lat == 0);
}
END_TEST

START_TEST(test_a_permit_that_is_none_leaves_nothing)
{
	static const struct read nothing;
	struct agreement a = {0};
	struct feed_policy feed = {.agreement = &a};
	struct permit permits[] = {
		{0}, {.feed = &feed}, {.classes = 7}, {.feed = &feed, .classes = CLASS_OVERVIEW}};
	struct read in = world_read(), out;

	for (int i = 0; i < ROWS(permits); i++) {
		memset(&out, 0xAA, sizeof out);
		policy_minimise(&permits[i], NULL, &in, &out);
		ck_assert_mem_eq(&out, &nothing, sizeof out);
	}
}
END_TEST

Suite *suite_policy_decide(void)
{
	Suite *suite = suite_create("policy_decide");
	TCase *tests = tcase_create("decide");

	tcase_add_loop_test(tests, test_reason, 0, ROWS(rows));
	tcase_add_test(tests, test_nothing_known_denies);
	tcase_add_test(tests, test_every_reason_has_a_name);
	tcase_add_test(tests, test_two_agreements_permit_what_each_shares);
	tcase_add_test(tests, test_an_image_is_dropped_where_its_class_is_off);
	tcase_add_test(tests, test_what_is_noticed_is_flagged);
	tcase_add_test(tests, test_minimising_drops_what_is_not_shared);
	tcase_add_test(tests, test_a_permit_that_is_none_leaves_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Switches: each side its own, offs that do not shorten each other, selectors that mean what they meant.
 */
#include "tests/unit/test_governance.h"

static void ask(int position, const char *partner)
{
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	world.c.set_switch = &world.sw;
	world.sw.position = (Anpr__V1__SwitchPosition)position;
	world.sw.partner = (char *)partner;
}

#define ASK_OFF(partner) ask(ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF, partner)
#define ASK_ON(partner)  ask(ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON, partner)

static struct status cameras(enum who who, int position, const char *pattern, const char *area)
{
	ask(position, "tfl-ulez");
	world.sw.cameras = &world.cameras;
	world.cameras.n_patterns = pattern != NULL;
	world.patterns[0] = (char *)pattern;
	world.cameras.area = (char *)(area ? area : "");
	struct status s = world_send(&world, who);
	world_wait(&world, 1);
	return s;
}

START_TEST(each_side_its_own)
{
	world_live(&world);
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	ck_assert_ptr_nonnull(strstr(world.effect, "turns off 10 cameras of tfl-ulez for mps"));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	DONE(world_off(&world, ALICE, "tfl-ulez", ""));
	ck_assert_ptr_nonnull(strstr(world.effect, "1 other switches remain off"));
	REFUSED(world_on(&world, ALICE, "tfl-ulez", "A"), "no switch of mps with these selectors is off");
	DONE(world_on(&world, ALICE, "tfl-ulez", ""));
	ck_assert_ptr_nonnull(strstr(world.effect, "still off: tfl over everything"));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	REFUSED(world_on(&world, ALICE, "tfl-ulez", ""), "still off: tfl over everything");
	DONE(world_on(&world, BOB, "tfl-ulez", ""));
	ck_assert_uint_eq(world_cameras_on(&world), 10);
	REFUSED(world_on(&world, BOB, "tfl-ulez", ""), "no switch of tfl with these selectors is off");
}
END_TEST

START_TEST(a_broader_off_outlives_a_narrower_on)
{
	world_live(&world);
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	DONE(world_off(&world, BOB, "tfl-ulez", "A"));
	DONE(world_on(&world, BOB, "tfl-ulez", "A"));
	ck_assert_ptr_nonnull(strstr(world.effect, "still off: tfl over everything"));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
}
END_TEST

START_TEST(patterns_areas_rules_and_classes)
{
	world_live(&world);
	DONE(cameras(BOB, 1, "U-3", NULL));
	ck_assert_ptr_nonnull(strstr(world.effect, "turns off 1 cameras"));
	ck_assert_uint_eq(world_cameras_on(&world), 9);
	DONE(cameras(BOB, 1, NULL, "inner"));
	ck_assert_ptr_nonnull(strstr(world.effect, "turns off 5 cameras"));
	ck_assert_uint_eq(world_cameras_on(&world), 5);
	DONE(cameras(BOB, 2, NULL, "inner"));
	ck_assert_ptr_nonnull(strstr(world.effect, "still off: tfl over cameras=U-3 (1 cameras)"));
	ck_assert_uint_eq(world_cameras_on(&world), 9);
	DONE(cameras(BOB, 2, "U-3", NULL));
	DONE(cameras(BOB, 1, "U-*", "outer"));
	ck_assert_uint_eq(world_cameras_on(&world), 5);
	DONE(cameras(BOB, 2, "U-*", "outer"));
	ck_assert_uint_eq(world_cameras_on(&world), 10);
	ASK_OFF("tfl-ulez");
	world.sw.agreement = "A";
	world.sw.rule = "all";
	DONE(world_send(&world, ALICE));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 5); /* those that rule inner still covers */
	ASK_OFF("tfl-ulez");
	world.sw.data_class = ANPR__V1__DATA_CLASS__DATA_CLASS_PLATE_PATCH;
	DONE(world_send(&world, ALICE));
	ck_assert_uint_eq(world_cameras_on(&world), 5);
	ASK_OFF("tfl-ulez");
	world.sw.data_class = ANPR__V1__DATA_CLASS__DATA_CLASS_READ;
	DONE(world_send(&world, ALICE));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
}
END_TEST

START_TEST(the_order_of_patterns_means_nothing)
{
	world_live(&world);
	ASK_OFF("tfl-ulez");
	world.sw.cameras = &world.cameras;
	world.cameras.n_patterns = 3;
	world.patterns[0] = "U-3";
	world.patterns[1] = "U-1";
	world.patterns[2] = "U-nowhere";
	DONE(world_send(&world, BOB));
	ck_assert_ptr_nonnull(strstr(world.effect, "1 camera patterns match nothing"));
	ASK_ON("tfl-ulez");
	world.sw.cameras = &world.cameras;
	world.cameras.n_patterns = 4;
	world.patterns[0] = "U-1";
	world.patterns[1] = "U-nowhere";
	world.patterns[2] = "U-3";
	world.patterns[3] = "U-3";
	DONE(world_send(&world, BOB));
	ck_assert_uint_eq(world_cameras_on(&world), 10);
}
END_TEST

/* The register changes between off and on: the same words turn on what they turned off. */
START_TEST(an_on_ends_the_off_of_the_same_words)
{
	char csv[4096];
	world_live(&world);
	DONE(cameras(BOB, 1, NULL, "inner"));
	snprintf(csv, sizeof csv,
		"camera_id,external_ids,name,latitude,longitude,road,heading,area,state,zone\n%s",
		strstr(world_csv, "U-1"));
	DONE(world_register(&world, BOB, "tfl-ulez", csv)); /* U-0 is gone */
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 5);
	DONE(cameras(BOB, 1, NULL, "inner")); /* now four cameras: another switch */
	DONE(cameras(BOB, 2, NULL, "inner")); /* both */
	ck_assert_uint_eq(world_cameras_on(&world), 9);
}
END_TEST

START_TEST(what_selects_nothing_is_refused)
{
	world_live(&world);
	REFUSED(cameras(BOB, 1, "X-*", NULL), "no camera of tfl-ulez is selected");
	REFUSED(cameras(BOB, 1, "U-55", NULL), "no camera of tfl-ulez is selected");
	REFUSED(cameras(BOB, 1, NULL, "nowhere"), "no camera of tfl-ulez is selected");
	REFUSED(cameras(BOB, 1, "U-1", "outer"), "no camera of tfl-ulez is selected");
	REFUSED(cameras(BOB, 2, "X-*", NULL), "no camera of tfl-ulez is selected");
	REFUSED(world_off(&world, BOB, "leeds", ""), "leeds is no partner");
	REFUSED(world_off(&world, BOB, "tfl-ulez", "B"), "no agreement B");
	ASK_OFF("tfl-ulez");
	world.sw.agreement = "A";
	world.sw.rule = "none";
	REFUSED(world_send(&world, BOB), "no rule none");
	REFUSED(world_off(&world, BOB, "sheffield", ""), "tfl has no switch over sheffield");
	ASK_OFF("");
	world.sw.cameras = &world.cameras;
	world.cameras.n_patterns = 1;
	world.patterns[0] = "X-*";
	REFUSED(world_send(&world, BOB), "nothing is selected");
	ASK_OFF("");
	REFUSED(world_send(&world, NINA), "btp has no switch over any partner");
}
END_TEST

START_TEST(all_partners_of_a_side)
{
	world_live(&world);
	ASK_OFF("");
	DONE(world_send(&world, ALICE));
	ck_assert_ptr_nonnull(strstr(world.effect, "tfl-ulez"));
	ck_assert_ptr_null(strstr(world.effect, "sheffield")); /* mps has nothing with them */
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	REFUSED(world_on(&world, ALICE, "tfl-ulez", "A"), "no switch of mps");
	ASK_ON("");
	DONE(world_send(&world, ALICE));
	ck_assert_uint_eq(world_cameras_on(&world), 10);
	ASK_ON("");
	REFUSED(world_send(&world, ALICE), "no such switch is off");
}
END_TEST

START_TEST(another_recipients_switch)
{
	world_live(&world);
	DONE(world_agreement(&world, NINA, world_yaml("B", "btp", "anpr.btp", "btp, tfl", "U-0, U-9")));
	DONE(world_approve(&world, BOB, world_newest(&world)));
	DONE(world_on(&world, NINA, "tfl-ulez", "B"));
	DONE(world_on(&world, BOB, "tfl-ulez", "B"));
	REFUSED(world_off(&world, NINA, "tfl-ulez", "A"), "btp is on neither side of agreement A");
	DONE(world_off(&world, NINA, "tfl-ulez", ""));
	ck_assert_ptr_nonnull(strstr(world.effect, "turns off 6 cameras of tfl-ulez for btp"));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 10); /* for mps, as before */
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	ck_assert_ptr_nonnull(strstr(world.effect, "for mps, btp"));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
}
END_TEST

/* The off counts from when a node took it on, however late it could be appended. */
START_TEST(an_off_counts_from_its_acceptance)
{
	const struct pending *pending;
	world_live(&world);
	struct utc_ms accepted = world.now;
	world_wait(&world, HOUR_MS);
	ASK_OFF("tfl-ulez");
	world.accepted = accepted;
	DONE(world_send(&world, BOB));
	ck_assert_uint_eq(governance_pending(world.g, &pending), 1);
	ck_assert_int_eq(pending[0].accepted.v, accepted.v);
	struct policy_snapshot *snapshot = NULL;
	ck_assert(ok(governance_snapshot(world.g, world.now, &snapshot)));
	ck_assert_uint_eq(partner_policy_cameras_on(snapshot_partner(snapshot, span_text("tfl-ulez")),
				  (struct utc_ms){accepted.v + 1}),
		0);
	ck_assert_uint_eq(partner_policy_cameras_on(snapshot_partner(snapshot, span_text("tfl-ulez")),
				  (struct utc_ms){accepted.v - 1}),
		10);
	snapshot_release(snapshot);
	/* an acceptance in the future would delay it: then the entry's time counts */
	DONE(world_on(&world, BOB, "tfl-ulez", ""));
	ASK_OFF("tfl-ulez");
	world.accepted.v = world.now.v + HOUR_MS;
	DONE(world_send(&world, BOB));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
}
END_TEST

START_TEST(an_off_before_any_agreement)
{
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	ck_assert_ptr_nonnull(strstr(world.effect, "turns off 0 cameras of tfl-ulez for nobody"));
	REFUSED(world_off(&world, ALICE, "tfl-ulez", ""), "mps has no switch over tfl-ulez");
	world_agreed(&world);
	DONE(world_on(&world, ALICE, "tfl-ulez", "A"));
	DONE(world_on(&world, BOB, "tfl-ulez", "A"));
	ck_assert_ptr_nonnull(strstr(world.effect, "still off: tfl over everything"));
	ck_assert_uint_eq(world_cameras_on(&world), 0);
}
END_TEST

TCase *case_switches(void)
{
	TCase *c = case_with("switches");
	tcase_add_test(c, each_side_its_own);
	tcase_add_test(c, a_broader_off_outlives_a_narrower_on);
	tcase_add_test(c, patterns_areas_rules_and_classes);
	tcase_add_test(c, the_order_of_patterns_means_nothing);
	tcase_add_test(c, an_on_ends_the_off_of_the_same_words);
	tcase_add_test(c, what_selects_nothing_is_refused);
	tcase_add_test(c, all_partners_of_a_side);
	tcase_add_test(c, another_recipients_switch);
	tcase_add_test(c, an_off_counts_from_its_acceptance);
	tcase_add_test(c, an_off_before_any_agreement);
	return c;
}

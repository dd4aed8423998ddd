/* SPDX-License-Identifier: Apache-2.0
 *
 * Registers: taking away needs nobody, all else needs everybody.
 */
#include "tests/unit/test_governance.h"

/* world_csv with a line of one camera changed: `line` NULL takes it away. */
static const char *with(const char *camera, const char *line)
{
	static char text[4096];
	const char *at = strstr(world_csv, camera), *end = at ? strchr(at, '\n') + 1 : NULL;
	ck_assert_ptr_nonnull(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - world_csv), world_csv, line ? line : "", end);
	return text;
}

START_TEST(without_agreements_it_is_the_partners_own)
{
	REFUSED(world_register(&world, ALICE, "tfl-ulez", world_csv), "mps is none of the bodies");
	REFUSED(world_register(&world, SAM, "tfl-ulez", world_csv), "scc is none of the bodies");
	REFUSED(world_register(&world, BOB, "sheffield", world_csv), "tfl is none of the bodies");
	REFUSED(world_register(&world, BOB, "leeds", world_csv), "leeds is no partner");
	REFUSED(world_register(&world, BOB, "tfl-ulez", "camera_id\n"), "");
	DONE(world_register(&world, BOB, "tfl-ulez", world_csv));
	ck_assert_ptr_nonnull(strstr(world.effect, "register: 10 cameras new"));
	ck_assert(!world.narrows && !world.fences);
	REFUSED(world_register(&world, BOB, "tfl-ulez", world_csv), "changes nothing");
	DONE(world_register(&world, BOB, "tfl-ulez",
		with("U-1", "U-1,,moved,51.50,-0.11,A1,10,inner,live,Europe/London\n")));
	DONE(world_register(&world, BOB, "tfl-ulez", world_csv));
	DONE(world_register(&world, SAM, "sheffield", world_csv));
}
END_TEST

/* A change of one camera under a live agreement: does it need consents, and does it take a camera off? */
static const struct {
	const char *name, *line;
	bool widens;
	size_t on; /* cameras on right after the proposal */
} rows[] = {
	{"removed", NULL, false, 9},
	{"retired", "U-1,,one,51.41,-0.11,A1,10,inner,retired,Europe/London\n", false, 9},
	{"commissioning", "U-1,,one,51.41,-0.11,A1,10,inner,commissioning,Europe/London\n", false, 9},
	{"offered", "U-1,,one,51.41,-0.11,A1,10,inner,offered,Europe/London\n", false, 9},
	{"moved", "U-1,,one,51.42,-0.11,A1,10,inner,live,Europe/London\n", true, 10},
	{"renamed", "U-1,,another,51.41,-0.11,A1,10,inner,live,Europe/London\n", true, 10},
	{"another area", "U-1,,one,51.41,-0.11,A1,10,outer,live,Europe/London\n", true, 10},
	{"another external id", "U-1,serial:1,one,51.41,-0.11,A1,10,inner,live,Europe/London\n", true, 10},
	{"another zone", "U-1,,one,51.41,-0.11,A1,10,inner,live,Europe/Paris\n", true, 10},
	{"another heading", "U-1,,one,51.41,-0.11,A1,11,inner,live,Europe/London\n", true, 10},
	{"moved and retired", "U-1,,one,51.42,-0.11,A1,10,inner,retired,Europe/London\n", true, 9},
	{"replaced", "X-1,,one,51.41,-0.11,A1,10,inner,live,Europe/London\n", true, 9},
};

START_TEST(one_camera_changed)
{
	const struct pending *pending;
	world_live(&world);
	DONE(world_register(&world, BOB, "tfl-ulez", with("U-1", rows[_i].line)));
	ck_assert_msg(world.narrows != rows[_i].widens, "%s", rows[_i].name);
	ck_assert_msg(world.fences == (rows[_i].on < 10), "%s", rows[_i].name);
	ck_assert_uint_eq(governance_pending(world.g, &pending), world.fences);
	bool proposed = strstr(world.effect, "still needs the consent of mps, mopac") != NULL;
	ck_assert_msg(proposed == rows[_i].widens, "%s: %s", rows[_i].name, world.effect);
	world_wait(&world, 1);
	ck_assert_msg(
		world_cameras_on(&world) == rows[_i].on, "%s: %zu", rows[_i].name, world_cameras_on(&world));
}
END_TEST

/* The same proposal, vouched for by nothing but the connection. */
static struct status send_again_attested(enum who who)
{
	random_bytes(world.nonce, sizeof world.nonce);
	world.head = *governance_head(world.g);
	world.c.head_sequence = governance_sequence(world.g);
	world.kind = ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED;
	return world_send(&world, who);
}

START_TEST(a_connection_alone_takes_away_and_no_more)
{
	world_live(&world);
	REFUSED(world_register(&world, SAM, "tfl-ulez", with("U-1", NULL)), "none of the bodies");
	DONE(send_again_attested(MIA)); /* any body of the agreements takes away */
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 9);
	REFUSED(world_register(&world, SAM, "tfl-ulez", world_csv), "none of the bodies");
	REFUSED(send_again_attested(BOB), "own signature");
}
END_TEST

START_TEST(consents_to_a_register)
{
	world_live(&world);
	DONE(world_register(&world, BOB, "tfl-ulez", with("U-1", NULL)));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 9);
	DONE(world_enforce(&world));
	DONE(world_register(&world, BOB, "tfl-ulez", world_csv)); /* U-1 comes back: by consent */
	uint64_t proposal = world_newest(&world);
	ck_assert_uint_eq(world_cameras_on(&world), 9);
	DONE(world_approve(&world, ALICE, proposal));
	REFUSED(world_approve(&world, BOB, proposal), "has consented");
	REFUSED(world_approve(&world, SAM, proposal), "none of the bodies");
	ck_assert_uint_eq(world_cameras_on(&world), 9);
	DONE(world_approve(&world, MIA, proposal));
	world_wait(&world, 1);
	/* it was in the schedule when the agreement was agreed */
	ck_assert_uint_eq(world_cameras_on(&world), 10);
}
END_TEST

START_TEST(a_new_camera_waits_for_a_new_version)
{
	char text[4096];
	world_live(&world);
	snprintf(text, sizeof text, "%s%s", world_csv,
		"U-X,,ten,51.50,-0.20,A1,10,outer,live,Europe/London\n");
	DONE(world_register(&world, BOB, "tfl-ulez", text));
	uint64_t proposal = world_newest(&world);
	DONE(world_approve(&world, ALICE, proposal));
	DONE(world_approve(&world, MIA, proposal));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 10); /* though U-* would match it */
	DONE(world_agreement(
		&world, ALICE, world_yaml("A", "mps", "anpr.reads", "mps, tfl, mopac", "\"U-*\", \"U-X\"")));
	ck_assert_ptr_nonnull(strstr(world.effect, "agreement A: 1 camera more"));
	proposal = world_newest(&world);
	DONE(world_approve(&world, BOB, proposal));
	DONE(world_approve(&world, MIA, proposal));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 11);
}
END_TEST

/* A register that was proposed before a camera was taken away would bring it back. */
START_TEST(taking_away_overtakes_proposals)
{
	char text[4096];
	world_live(&world);
	snprintf(text, sizeof text, "%s%s", world_csv,
		"U-X,,ten,51.50,-0.20,A1,10,outer,live,Europe/London\n");
	DONE(world_register(&world, BOB, "tfl-ulez", text));
	uint64_t proposal = world_newest(&world);
	DONE(world_approve(&world, ALICE, proposal));
	DONE(world_register(&world, BOB, "tfl-ulez", with("U-1", NULL)));
	REFUSED(world_approve(&world, MIA, proposal), "overtaken");
}
END_TEST

/* The rest of a register whose taking away was had at once. */
START_TEST(a_mixed_register)
{
	char text[4096];
	world_live(&world);
	snprintf(text, sizeof text, "%s%s", with("U-1", NULL),
		"U-X,,ten,51.50,-0.20,A1,10,outer,live,Europe/London\n");
	DONE(world_register(&world, BOB, "tfl-ulez", text));
	uint64_t proposal = world_newest(&world);
	ck_assert_ptr_nonnull(strstr(world.effect, "what is removed is; in force at once"));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 9);
	DONE(world_approve(&world, ALICE, proposal));
	DONE(world_approve(&world, MIA, proposal));
	char *cameras = governance_view_cameras(world.g, "tfl-ulez", world.now);
	ck_assert_ptr_nonnull(strstr(cameras, "\"U-X\""));
	ck_assert_ptr_null(strstr(cameras, "\"U-1\""));
	free(cameras);
}
END_TEST

TCase *case_register(void)
{
	TCase *c = case_with("register");
	tcase_add_test(c, without_agreements_it_is_the_partners_own);
	tcase_add_loop_test(c, one_camera_changed, 0, ROWS(rows));
	tcase_add_test(c, a_connection_alone_takes_away_and_no_more);
	tcase_add_test(c, consents_to_a_register);
	tcase_add_test(c, a_new_camera_waits_for_a_new_version);
	tcase_add_test(c, taking_away_overtakes_proposals);
	tcase_add_test(c, a_mixed_register);
	return c;
}

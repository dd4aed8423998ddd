/* SPDX-License-Identifier: Apache-2.0
 *
 * The views: the names that the page and anprctl rely on, and nothing of where a camera is.
 */
#include "tests/unit/test_governance.h"

#include <jansson.h>

static json_t *load(char *text)
{
	json_error_t e;
	json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	ck_assert_msg(list && json_is_array(list), "%s: %s", e.text, text);
	ck_assert_ptr_null(strstr(text, "51.4")); /* a camera's latitude */
	free(text);
	return list;
}

/* Every object has exactly these names. */
static void check_names(json_t *list, const char *const *names, size_t n)
{
	json_t *one;
	size_t i;
	ck_assert_uint_gt(json_array_size(list), 0);
	json_array_foreach(list, i, one)
	{
		for (size_t k = 0; k < n; k++)
			ck_assert_msg(json_object_get(one, names[k]) != NULL, "no %s", names[k]);
		ck_assert_uint_eq(json_object_size(one), n);
	}
}
#define NAMES(list, ...)                                                                                     \
	check_names(list, (const char *const[]){__VA_ARGS__},                                                \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char *text_of(json_t *list, size_t i, const char *name)
{
	const char *text = json_string_value(json_object_get(json_array_get(list, i), name));
	return text ? text : "(null)";
}

START_TEST(history)
{
	world_live(&world);
	struct utc_ms before = world.now;
	world_wait(&world, 5);
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	DONE(world_enforce(&world));
	DONE(world_register(&world, SAM, "sheffield", world_csv));
	json_t *all = load(governance_view_history(world.g, NULL, (struct utc_ms){0}));
	NAMES(all, "number", "time", "accepted", "node", "who", "certificate", "action", "partner",
		"partners", "reason", "effect", "fences", "enforced_by", "hash");
	size_t n = json_array_size(all);
	ck_assert_uint_eq(n, world_newest(&world));
	ck_assert_str_eq(text_of(all, 0, "action"), "genesis");
	ck_assert_str_eq(text_of(all, n - 3, "action"), "off");
	ck_assert_str_eq(text_of(all, n - 3, "reason"), "because");
	ck_assert_str_eq(text_of(all, n - 3, "partner"), "tfl-ulez");
	ck_assert_int_eq(
		json_integer_value(json_object_get(json_array_get(all, n - 3), "enforced_by")), (int)n - 1);
	json_t *who = json_object_get(json_array_get(all, n - 3), "who");
	ck_assert_str_eq(json_string_value(json_object_get(who, "subject")), "CN=bob");
	ck_assert_str_eq(text_of(all, n - 1, "hash"), DIGEST_TEXT(governance_head(world.g)));
	json_decref(all);
	json_t *some = load(governance_view_history(world.g, "tfl-ulez", before));
	ck_assert_uint_eq(json_array_size(some), 2);
	json_decref(some);
	ck_assert_ptr_null(governance_view_history(world.g, "nobody", (struct utc_ms){0}));
	ck_assert_ptr_null(governance_view_cameras(world.g, "nobody", world.now));
}
END_TEST

START_TEST(proposals)
{
	DONE(world_register(&world, BOB, "tfl-ulez", world_csv));
	DONE(world_agreement(&world, ALICE, world_yaml("A", "mps", "anpr.reads", "mps, tfl, mopac", "U-0")));
	DONE(world_approve(&world, BOB, world_newest(&world)));
	json_t *list = load(governance_view_proposals(world.g, 0, false));
	NAMES(list, "number", "kind", "state", "about", "partner", "agreement", "name", "sha256", "proposed",
		"proposer", "subject", "consents", "effect", "lapses", "change", "trial");
	ck_assert_str_eq(text_of(list, 0, "state"), "effective"); /* the register */
	ck_assert_str_eq(text_of(list, 1, "state"), "open");
	json_t *consents = json_object_get(json_array_get(list, 1), "consents");
	ck_assert_uint_eq(json_array_size(json_object_get(consents, "have")), 2);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(consents, "need"), 0)), "mopac");
	json_decref(list);
}
END_TEST

START_TEST(agreements)
{
	world_live(&world);
	const struct {
		int64_t now;
		const char *want;
	} rows[] = {
		{world.now.v, "in_force"},
		{START_MS - 2 * DAY_MS, "not_started"},
		{START_MS + 400 * DAY_MS, "expired"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *list = load(governance_view_agreements(world.g, (struct utc_ms){rows[i].now}));
		NAMES(list, "id", "partner", "recipient", "topic", "state", "consents", "valid", "agreed",
			"ended", "version", "proposal", "withdrawn_by", "cameras", "purposes", "share",
			"keep_for_ms", "instrument", "controller", "rules", "sha256");
		ck_assert_str_eq(text_of(list, 0, "state"), rows[i].want);
		json_decref(list);
	}
	DONE(world_withdraw(&world, MIA, "A"));
	json_t *list = load(governance_view_agreements(world.g, world.now));
	ck_assert_str_eq(text_of(list, 0, "state"), "withdrawn");
	json_decref(list);
}
END_TEST

START_TEST(switches)
{
	world_agreed(&world);
	DONE(world_on(&world, BOB, "tfl-ulez", "A"));
	json_t *list = load(governance_view_switches(world.g, "tfl-ulez", world.now));
	NAMES(list, "partner", "side", "selectors", "agreement", "rule", "class", "cameras", "position",
		"who", "entry", "since", "until");
	ck_assert_uint_eq(json_array_size(list), 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_str_eq(text_of(list, i, "position"),
			strcmp(text_of(list, i, "side"), "tfl") == 0 ? "on" : "off");
	json_decref(list);
	list = load(governance_view_switches(world.g, "sheffield", world.now));
	ck_assert_uint_eq(json_array_size(list), 0);
	json_decref(list);
}
END_TEST

START_TEST(cameras)
{
	world_live(&world);
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	world.c.set_switch = &world.sw;
	world.sw.position = ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF;
	world.sw.partner = "tfl-ulez";
	world.sw.cameras = &world.cameras;
	world.cameras.n_patterns = 1;
	world.patterns[0] = "U-3";
	DONE(world_send(&world, BOB));
	world_wait(&world, 1);
	/* an off widened by the clock bound still covers the last seconds before it */
	world_wait(&world, 10000);
	json_t *list = load(governance_view_cameras(world.g, "tfl-ulez", world.now));
	NAMES(list, "partner", "camera_id", "name", "road", "area", "state", "agreements", "on", "reason");
	ck_assert_uint_eq(json_array_size(list), 10);
	for (size_t i = 0; i < 10; i++) {
		bool on = json_is_true(json_object_get(json_array_get(list, i), "on"));
		ck_assert_msg(
			on == (i != 3), "%s: %s", text_of(list, i, "camera_id"), text_of(list, i, "reason"));
	}
	ck_assert_str_eq(text_of(list, 3, "reason"), "camera_off");
	json_decref(list);
}
END_TEST

START_TEST(acknowledged_gaps)
{
	struct utc_ms at = {0};
	ck_assert_uint_eq(governance_gap_acknowledged(world.g, "tfl-ulez", &at), 0);
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP;
	world.c.acknowledge_gap = &world.gap;
	world.gap.partner = "leeds";
	REFUSED(world_send(&world, OMAR), "leeds is no partner");
	world.gap.partner = "tfl-ulez";
	DONE(world_send(&world, OMAR));
	ck_assert_uint_eq(governance_gap_acknowledged(world.g, "tfl-ulez", &at), world_newest(&world));
	ck_assert_int_eq(at.v, world.now.v);
	ck_assert_uint_eq(governance_gap_acknowledged(world.g, "leeds", &at), 0);
}
END_TEST

START_TEST(who_there_is)
{
	const struct governance_partner *partners;
	const struct governance_organisation *organisations;
	ck_assert_uint_eq(governance_partners(world.g, &partners), 2);
	ck_assert_str_eq(partners[0].id, "tfl-ulez");
	ck_assert_str_eq(partners[0].organisation, "tfl");
	ck_assert_int_eq(partners[0].clock_bound_ms, 2000);
	ck_assert_uint_eq(governance_organisations(world.g, &organisations), 6);
	ck_assert(span_equal(organisations[1].ca_pem, buffer_span(&world_ca("tfl")->pem)));
	ck_assert_uint_eq(governance_publishers(world.g), 8);
	ck_assert_uint_eq(
		governance_roles(world.g, "mps", "CN=alice"), 1u << ANPR__V1__ROLE__ROLE_POLICY_ADMIN);
	ck_assert_uint_eq(governance_roles(world.g, "tfl", "CN=alice"), 0);
	ck_assert_uint_eq(governance_roles(world.g, "mps", "CN=mallory"), 0);
	ck_assert_uint_eq(governance_roles(world.g, "nobody", "CN=alice"), 0);
}
END_TEST

TCase *case_views(void)
{
	TCase *c = case_with("views");
	tcase_add_test(c, history);
	tcase_add_test(c, proposals);
	tcase_add_test(c, agreements);
	tcase_add_test(c, switches);
	tcase_add_test(c, cameras);
	tcase_add_test(c, acknowledged_gaps);
	tcase_add_test(c, who_there_is);
	return c;
}

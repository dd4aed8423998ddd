/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining: the decision is policy's, for any time in the past; the entries named are those that made it
 * so.
 */
#include "tests/unit/test_governance.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct asked {
	const char *camera;
	struct utc_ms captured, published; /* published 0 = half a second later */
	enum read_kind kind;               /* 0 = vrm */
	unsigned class;                    /* 0 = read */
};

static json_t *explain_of(struct asked a)
{
	json_error_t e;
	const struct explain_question q = {.partner = "tfl-ulez",
		.camera = a.camera,
		.captured = a.captured,
		.published = {a.published.v ? a.published.v : a.captured.v + 500},
		.kind = a.kind ? a.kind : READ_KIND_VRM,
		.class = a.class ? a.class : CLASS_READ};
	char *text = governance_view_explain(world.g, &q);
	ck_assert_ptr_nonnull(text);
	json_t *view = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	ck_assert_msg(json_is_object(view), "%s: %s", e.text, text);
	ck_assert_ptr_null(strstr(text, "51.4")); /* a camera's latitude */
	free(text);
	return view;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "(none)";
}

static json_t *first(json_t *view)
{
	return json_array_get(json_object_get(view, "agreements"), 0);
}

/* "did@entry did@entry" of the first agreement, in order. */
static const char *decided(json_t *view)
{
	static char text[1024];
	const json_t *one;
	size_t i;
	text[0] = 0;
	json_array_foreach(json_object_get(first(view), "decided_by"), i, one)
	{
		size_t n = strlen(text);
		snprintf(text + n, sizeof text - n, "%s%s@%lld", i ? ", " : "", text_of(one, "did"),
			(long long)json_integer_value(json_object_get(one, "entry")));
	}
	return text;
}

/* `reason` NULL = shared. The answer is the caller's. */
static json_t *expect(struct asked a, const char *reason)
{
	json_t *view = explain_of(a);
	bool shared = json_is_true(json_object_get(view, "shared"));
	ck_assert_msg(shared == !reason, "%s", text_of(view, "reason"));
	if (reason)
		ck_assert_str_eq(text_of(view, "reason"), reason);
	return view;
}

static void expect_because(struct asked a, const char *reason, const char *entries, const char *because)
{
	json_t *view = expect(a, reason);
	ck_assert_str_eq(decided(view), entries);
	ck_assert_msg(strstr(text_of(first(view), "because"), because) != NULL, "%s",
		text_of(first(view), "because"));
	json_decref(view);
}

/* The newest entry's number and `back` before it. */
static int entry(int back)
{
	return (int)world_newest(&world) - back;
}

static const char *entries(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *entries(const char *format, ...)
{
	static char text[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return text;
}

static struct asked at(const char *camera)
{
	return (struct asked){.camera = camera, .captured = world.now};
}

#define CONSENTS "proposed and consented@%d, consented@%d, consented@%d"

START_TEST(before_and_after_an_agreement)
{
	struct asked before = at("U-1");
	json_t *view = expect(before, "no_agreement");
	ck_assert_uint_eq(json_array_size(json_object_get(view, "agreements")), 0);
	json_decref(view);
	world_wait(&world, 60000);
	world_live(&world); /* 2 register; 3 proposed; 4, 5 approved; 6 alice on; 7 bob on */
	world_wait(&world, 10000);
	const char *want = entries(CONSENTS ", turned on@%d, turned on@%d, registered@%d", entry(4), entry(3),
		entry(2), entry(1), entry(0), entry(5));
	expect_because(at("U-1"), NULL, want, "rule inner shares it");
	view = expect(at("U-1"), NULL);
	ck_assert_str_eq(text_of(first(view), "topic"), "anpr.reads");
	ck_assert_str_eq(text_of(first(view), "rule"), "inner");
	ck_assert_str_eq(text_of(view, "camera_id"), "U-1");
	ck_assert_uint_eq(json_array_size(json_object_get(first(view), "rules")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(view, "policy_version")), entry(0));
	json_decref(view);
	/* Asked now about then: what came later was not known, and is told as such. */
	expect_because(
		before, "no_agreement", entries(CONSENTS, entry(4), entry(3), entry(2)), "agreed only at");
	before.published = world.now;
	expect_because(
		before, "not_started", entries(CONSENTS, entry(4), entry(3), entry(2)), "agreed only at");
}
END_TEST

START_TEST(off_by_each_side)
{
	world_agreed(&world);
	world_wait(&world, 10000);
	/* New agreements are off on both sides, by the entry that agreed them. */
	expect_because(at("U-1"), "partner_off", entries("turned off@%d", entry(0)), "to be published");
	DONE(world_on(&world, ALICE, "tfl-ulez", "A"));
	DONE(world_on(&world, BOB, "tfl-ulez", "A"));
	world_wait(&world, 10000);
	struct asked live = at("U-1");
	world_wait(&world, 10000);
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	int bob = entry(0);
	world_wait(&world, 10000);
	expect_because(at("U-1"), "partner_off", entries("turned off@%d", bob), "to be published");
	DONE(world_off(&world, ALICE, "tfl-ulez", "A"));
	int alice = entry(0);
	world_wait(&world, 10000);
	expect_because(at("U-1"), "partner_off", entries("turned off@%d, turned off@%d", alice, bob), "");
	struct asked meanwhile = at("U-1");
	world_wait(&world, 10000);
	DONE(world_on(&world, ALICE, "tfl-ulez", "A"));
	int alice_on = entry(0);
	DONE(world_on(&world, BOB, "tfl-ulez", ""));
	int bob_on = entry(0);
	/* Both on again: it was captured while off. A moment before the off it was within the clock bound. */
	meanwhile.published = world.now;
	expect_because(meanwhile, "captured_while_off",
		entries("had off@%d, turned on again@%d, had off@%d, turned on again@%d", alice, alice_on,
			bob, bob_on),
		"captured");
	expect_because(live, NULL,
		entries(CONSENTS ", turned on@%d, turned on@%d, registered@%d", 3, 4, 5, 6, 7, 2), "");
	live.published = world.now;
	json_decref(expect(live, NULL)); /* a late read from before the off */
}
END_TEST

START_TEST(an_off_of_cameras_and_its_end)
{
	world_live(&world);
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	world.c.set_switch = &world.sw;
	world.sw.position = ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF;
	world.sw.partner = "tfl-ulez";
	world.sw.for_ms = (uint64_t)HOUR_MS;
	world.sw.cameras = &world.cameras;
	world.cameras.n_patterns = 1;
	world.patterns[0] = "U-3";
	DONE(world_send(&world, BOB));
	int off = entry(0);
	world_wait(&world, 10000);
	expect_because(at("U-3"), "camera_off", entries("turned off@%d", off), "");
	json_decref(expect(at("U-4"), NULL));
	struct asked late = at("U-3");
	world_wait(&world, HOUR_MS);
	world_due(&world);
	json_decref(expect(at("U-3"), NULL));
	late.published = world.now;
	expect_because(late, "captured_while_off", entries("had off@%d", off), "");
}
END_TEST

START_TEST(withdrawn)
{
	world_live(&world);
	world_wait(&world, 10000);
	struct asked before = at("U-1");
	world_wait(&world, 10000);
	DONE(world_withdraw(&world, MIA, "A"));
	world_wait(&world, 10000);
	expect_because(at("U-1"), "expired", entries("withdrew@%d", entry(0)), "withdrawn at");
	json_decref(expect(before, NULL));
	before.published = world.now;
	json_decref(expect(before, "expired"));
	/* Long after, there is no timeline of it any more; the answer stays. */
	world_wait(&world, 30 * DAY_MS);
	expect_because(at("U-1"), "expired", entries("withdrew@%d", entry(0)), "withdrawn at");
	json_decref(expect((struct asked){.camera = "U-1", .captured = before.captured}, NULL));
}
END_TEST

START_TEST(registers)
{
	world_live(&world);
	char csv[2048];
	world_wait(&world, 10000);
	json_decref(expect(at("U-0"), NULL));
	snprintf(csv, sizeof csv, "%s", world_csv);
	char *state = strstr(strstr(csv, "U-0,"), "live");
	memmove(state + 7, state + 4, strlen(state + 4) + 1);
	memcpy(state, "retired", 7);
	struct asked before = at("U-0");
	world_wait(&world, 10000);
	DONE(world_register(&world, BOB, "tfl-ulez", csv));
	world_wait(&world, 10000);
	expect_because(at("U-0"), "camera_not_live", entries("registered@%d", entry(0)), "said retired");
	json_decref(expect(before, NULL));
	json_t *view = expect(at("nowhere"), "unknown_camera");
	ck_assert(json_is_null(json_object_get(view, "camera_id")));
	ck_assert_ptr_nonnull(strstr(text_of(first(view), "because"), "had no such camera"));
	json_decref(view);
}
END_TEST

/* A Saturday's nights; in 2026-27 London's clocks change on 28 March at 01:00 UTC. */
START_TEST(nights)
{
	static const struct {
		const char *captured, *reason;
	} rows[] = {
		{"2027-03-27T21:59:59Z", "outside_hours"},
		{"2027-03-27T22:00:00Z", NULL},
		{"2027-03-28T01:00:00Z", NULL},
		{"2027-03-28T04:59:59Z", NULL},
		{"2027-03-28T05:00:00Z", "outside_hours"},
	};
	char yaml[4096];
	snprintf(yaml, sizeof yaml, "%s", world_yaml("A", "mps", "anpr.reads", "mps, tfl", "U-9"));
	char *rule = strstr(yaml, "  - name: inner");
	ck_assert_ptr_nonnull(rule);
	strcpy(rule, "  - name: nights\n    cameras: [\"U-*\"]\n    hours: {zone: Europe/London, days: "
		     "[sat], from: "
		     "\"22:00\", to: \"06:00\"}\n");
	DONE(world_register(&world, BOB, "tfl-ulez", world_csv));
	DONE(world_agreement(&world, ALICE, yaml));
	DONE(world_approve(&world, BOB, world_newest(&world)));
	DONE(world_on(&world, ALICE, "tfl-ulez", "A"));
	DONE(world_on(&world, BOB, "tfl-ulez", "A"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct asked a = {.camera = "U-1"};
		ck_assert(ok(clock_parse(span_text(rows[i].captured), &a.captured)));
		json_t *view = expect(a, rows[i].reason);
		if (rows[i].reason)
			ck_assert_ptr_nonnull(strstr(text_of(first(view), "because"),
				"rule nights shares sat 22:00 to 06:00, Europe/London; it was captured s"));
		json_decref(view);
	}
}
END_TEST

START_TEST(limits_and_classes)
{
	world_live(&world);
	world_wait(&world, 10000);
	struct asked a = at("U-1");
	a.published.v = a.captured.v + DAY_MS + 1;
	expect_because(a, "too_old", entries(CONSENTS, 3, 4, 5), "86400 s old");
	a.published.v = a.captured.v - 5001;
	expect_because(a, "in_future", entries(CONSENTS, 3, 4, 5), "5 s ahead");
	a = at("U-1");
	a.kind = READ_KIND_HASHED_TAG;
	expect_because(a, "wrong_kind", entries(CONSENTS, 3, 4, 5), "kind");
	a = at("U-1");
	a.class = CLASS_OVERVIEW;
	expect_because(a, "class_off", "", "are not shared");
	const struct explain_question nobody = {.partner = "leeds", .camera = "U-1"};
	ck_assert_ptr_null(governance_view_explain(world.g, &nobody));
}
END_TEST

TCase *case_explain(void)
{
	TCase *c = case_with("explain");
	tcase_add_test(c, before_and_after_an_agreement);
	tcase_add_test(c, off_by_each_side);
	tcase_add_test(c, an_off_of_cameras_and_its_end);
	tcase_add_test(c, withdrawn);
	tcase_add_test(c, registers);
	tcase_add_test(c, nights);
	tcase_add_test(c, limits_and_classes);
	return c;
}

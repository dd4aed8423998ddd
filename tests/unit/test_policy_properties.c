/* SPDX-License-Identifier: Apache-2.0
 *
 * What must hold of every world, tried on many random ones: narrowing never adds a read, the order of rules
 * does not matter, memory of zeroes denies. The seed of a failure is in its message.
 */
#include "policy/explain.h"
#include "tests/unit/test_policy.h"

#include <stdlib.h>

#define WORLDS 25
#define READS  150

static const char *const camera_ids[] = {"A-1", "A-2", "A-3", "B-1", "C-1", "serial:1", "nobody"};
static const char *const rule_lines[] = {
	"  - {name: r1, cameras: [\"A-*\"]}\n",
	"  - {name: r2, cameras: [\"A-1\", \"C-1\"], hours: {zone: Europe/London, days: [sun], from: "
	"\"08:00\", to: "
	"\"13:00\"}}\n",
	"  - {name: r3, cameras: [\"*\"], area: [[51.45,-1],[51.45,1],[52,0]]}\n",
	"  - {name: r4, cameras: [\"?-2\"], hours: {zone: Asia/Kolkata, days: [sat, sun], from: \"20:00\", "
	"to: "
	"\"06:00\"}}\n",
};
#define RULES ROWS(rule_lines)

static unsigned below(unsigned *seed, unsigned n)
{
	return (unsigned)rand_r(seed) % n;
}

/* The agreement's rules in an order given by the seed; bit i of `which`: rule i. */
static const char *rules_of(unsigned which, unsigned order, char *to, size_t n)
{
	to[0] = 0;
	for (int i = 0; i < RULES; i++) {
		unsigned rule = ((unsigned)i + order) % RULES;

		if (which >> rule & 1)
			strncat(to, rule_lines[rule], n - strlen(to) - 1);
	}
	return to;
}

static struct switch_key random_key(unsigned *seed)
{
	static const char *const rules[] = {NULL, NULL, "r1", "r2", "r3"};
	static const char *const some[] = {"A-1", "B-1"};
	static const unsigned classes[] = {0, 0, CLASS_READ, CLASS_OVERVIEW};
	struct switch_key key = {.side = below(seed, 2) ? "tfl" : "mps"};

	key.agreement = below(seed, 2) ? "AG-1" : NULL;
	key.rule = rules[below(seed, ROWS(rules))];
	key.classes = classes[below(seed, ROWS(classes))];
	if (below(seed, 3) == 0) {
		key.cameras = some + below(seed, 2);
		key.n_cameras = 1;
	}
	return key;
}

static const char *const first_rules = "  - {name: a, cameras: [\"A-*\", \"B-*\"]}\n  - {name: night, "
				       "cameras: [\"A-*\"], hours: {zone: Europe/London, "
				       "days: [sat], from: \"22:00\", to: \"06:00\"}}\n";

static void random_world(struct world *w, unsigned seed, unsigned which, unsigned order)
{
	char rules[1024];

	world_begin(w);
	world_register(w, LONG_AGO, world_cameras);
	world_agreement(w, LONG_AGO, first_rules, rules_of(which, order, rules, sizeof rules), NULL, NULL);
	for (unsigned i = below(&seed, 8); i > 0; i--)
		world_switch(w, NOON - DAY + (int64_t)below(&seed, 24) * HOUR,
			below(&seed, 3) ? SWITCH_OFF : SWITCH_ON, random_key(&seed));
}

static struct read random_read(unsigned *seed, int64_t *received, int64_t *now)
{
	struct read read = world_read();

	read.camera_id = span_text(camera_ids[below(seed, ROWS(camera_ids))]);
	read.captured_at.v =
		NOON - DAY + (int64_t)below(seed, 24) * HOUR + (int64_t)below(seed, 9) * SECOND - 4 * SECOND;
	read.kind = (enum read_kind)(below(seed, 8) ? READ_KIND_VRM : below(seed, 5));
	read.confidence = below(seed, 4) ? 0.9 : 0.5;
	*received = read.captured_at.v + (below(seed, 10) ? 100 : 2 * DAY);
	*now = *received + (int64_t)below(seed, 3) * HOUR;
	return read;
}

/* Whether `narrow` lets nothing through that `wide` does not. */
static void assert_narrower(
	const struct world *wide, const struct world *narrow, unsigned seed, const char *how)
{
	unsigned reads = seed;

	for (int i = 0; i < READS; i++) {
		int64_t received, now;
		struct read read = random_read(&reads, &received, &now);
		struct decision before = world_decide(wide, &read, received, now);
		struct decision after = world_decide(narrow, &read, received, now);

		if (after.verdict != VERDICT_PERMIT)
			continue;
		ck_assert_msg(before.verdict == VERDICT_PERMIT, "%s added a read, seed %u", how, seed);
		ck_assert_msg((after.permits[0].classes & ~before.permits[0].classes) == 0,
			"%s added an image, seed %u", how, seed);
	}
}

START_TEST(test_narrowing_never_adds_a_read)
{
	for (unsigned seed = 1; seed <= WORLDS; seed++) {
		struct world wide, narrow;
		unsigned draw = seed, which = 1 + below(&draw, (1 << RULES) - 1),
			 removed = 1u << below(&draw, RULES);

		random_world(&wide, seed, which, 0);
		world_compile(&wide);

		random_world(&narrow, seed, which, 0);
		world_switch(&narrow, NOON - (int64_t)below(&draw, 24) * HOUR, SWITCH_OFF, random_key(&draw));
		world_compile(&narrow);
		assert_narrower(&wide, &narrow, seed, "an off");
		world_end(&narrow);

		if (which & ~removed) {
			random_world(&narrow, seed, which & ~removed, 0);
			world_compile(&narrow);
			assert_narrower(&wide, &narrow, seed, "a rule less");
			world_end(&narrow);
		}

		random_world(&narrow, seed, which, 0);
		narrow.agreements[0].ended.v = NOON - 6 * HOUR;
		world_compile(&narrow);
		assert_narrower(&wide, &narrow, seed, "a withdrawal");
		world_end(&narrow);

		random_world(&narrow, seed, which, 0);
		world_register(&narrow, NOON - 6 * HOUR,
			"camera_id,external_ids,latitude,longitude,state\nA-1,,51.5,-0.1,live\n"
			"A-2,,51.4,-0.1,commissioning\n");
		world_compile(&narrow);
		assert_narrower(&wide, &narrow, seed, "a smaller register");
		world_end(&narrow);
		world_end(&wide);
	}
}
END_TEST

/* Worlds that have one rule each. */
struct alone {
	const struct world *worlds;
	const struct read *read;
	int64_t received, now;
	unsigned seed;
};

/* A rule that covers the camera says what it would say if there were no other. */
static void compare_alone(void *context, const struct rule_answer *answer)
{
	const struct alone *a = context;
	const struct decision d =
		world_decide(&a->worlds[answer->rule->name[1] - '1'], a->read, a->received, a->now);

	if (answer->covers)
		ck_assert_msg(d.reason == answer->reason, "seed %u: %s: %s, alone %s", a->seed,
			answer->rule->name, reason_name(answer->reason), reason_name(d.reason));
	else
		ck_assert(d.verdict == VERDICT_DENY);
}

struct told {
	enum reason furthest;
	unsigned n, classes, covering;
	bool permitted;
};

static void tell(void *context, const struct rule_answer *answer)
{
	struct told *told = context;

	told->n++;
	told->covering += answer->covers;
	if (answer->reason == REASON_UNSPECIFIED) {
		told->permitted = true;
		told->classes |= answer->classes;
		ck_assert(answer->covers);
	} else if (answer->reason > told->furthest) {
		told->furthest = answer->reason;
	}
}

START_TEST(test_rules_one_by_one_are_the_decision)
{
	for (unsigned seed = 1; seed <= WORLDS; seed++) {
		unsigned reads = seed, which = 1 + below(&reads, (1 << RULES) - 1);
		struct world w, alone[RULES];

		random_world(&w, seed, which, 0);
		world_compile(&w);
		for (unsigned r = 0; r < RULES; r++) {
			random_world(&alone[r], seed, 1u << r, 0);
			world_compile(&alone[r]);
		}
		for (int i = 0; i < READS; i++) {
			int64_t received, now;
			struct read read = random_read(&reads, &received, &now);
			struct decision d = world_decide(&w, &read, received, now);
			struct told told = {0};

			policy_explain(world_partner(&w), &read, (struct utc_ms){received},
				(struct utc_ms){now}, tell, &told);
			ck_assert_uint_eq(told.n, (unsigned)__builtin_popcount(which));
			ck_assert_msg(told.permitted == (d.verdict == VERDICT_PERMIT), "seed %u", seed);
			if (told.permitted)
				ck_assert_uint_eq(told.classes, d.permits[0].classes);
			else
				ck_assert_msg(told.furthest == d.reason, "seed %u", seed);
			policy_explain(world_partner(&w), &read, (struct utc_ms){received},
				(struct utc_ms){now}, compare_alone,
				&(struct alone){alone, &read, received, now, seed});
		}
		for (unsigned r = 0; r < RULES; r++)
			world_end(&alone[r]);
		world_end(&w);
	}
}
END_TEST

START_TEST(test_the_order_of_rules_does_not_matter)
{
	for (unsigned seed = 1; seed <= WORLDS; seed++) {
		struct world one, other;
		unsigned reads = seed;

		random_world(&one, seed, (1 << RULES) - 1, 0);
		random_world(&other, seed, (1 << RULES) - 1, 1 + seed % (RULES - 1));
		world_compile(&one);
		world_compile(&other);
		for (int i = 0; i < READS; i++) {
			int64_t received, now;
			struct read read = random_read(&reads, &received, &now);
			struct decision a = world_decide(&one, &read, received, now);
			struct decision b = world_decide(&other, &read, received, now);

			ck_assert_msg(a.reason == b.reason && a.verdict == b.verdict, "seed %u", seed);
			ck_assert_uint_eq(a.permits[0].classes, b.permits[0].classes);
		}
		world_end(&one);
		world_end(&other);
	}
}
END_TEST

START_TEST(test_minimising_twice_is_minimising_once)
{
	for (unsigned seed = 1; seed <= 2000; seed++) {
		unsigned draw = seed;
		struct agreement a = {.drop = below(&draw, 256)};
		struct feed_policy feed = {.agreement = &a};
		struct permit permit = {.feed = &feed, .classes = below(&draw, 8)};
		struct camera camera = {.id = (char *)"A-1", .lat = 51.5, .lon = -0.1};
		const struct camera *registered = below(&draw, 4) ? &camera : NULL;
		struct read in = world_read(), once, twice;

		in.has = below(&draw, 64);
		policy_minimise(&permit, registered, &in, &once);
		policy_minimise(&permit, registered, &once, &twice);
		ck_assert_mem_eq(&once, &twice, sizeof once);
		ck_assert_uint_eq(once.has & ~(in.has | READ_HAS_LAT | READ_HAS_LON), 0);
	}
}
END_TEST

/* Agreements, rules, switches and versions as calloc would leave them. */
START_TEST(test_memory_of_zeroes_denies)
{
	struct rule rules[2] = {{.name = (char *)"r1"}, {.name = (char *)"r2"}};
	struct agreement empty = {.id = (char *)"E", .references = 1};
	struct agreement bare = {.id = (char *)"B", .references = 1, .rules = rules, .n_rules = 2};
	struct world w;
	struct schedule *schedules[2] = {0};
	struct read read = world_read();

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	ck_assert(ok(schedule_resolve(&empty, w.registers[0].cameras, &schedules[0])));
	ck_assert(ok(schedule_resolve(&bare, w.registers[0].cameras, &schedules[1])));
	ck_assert_uint_eq(schedule_cameras(schedules[1]), 0);
	for (int fill = 0; fill < 3; fill++) {
		struct policy_agreement_version versions[2] = {
			{.agreement = &empty, .schedule = schedules[0]},
			{.agreement = &bare, .schedule = schedules[1]}};

		/* Step by step towards an agreement; what is still zero must go on denying. */
		if (fill >= 1)
			bare.until.v = NOON + DAY;
		if (fill >= 2)
			bare.max_age_ms = DAY;
		w.in.agreements = versions;
		w.in.n_agreements = 2;
		world_compile(&w);
		ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).verdict, VERDICT_DENY);
		ck_assert(!partner_policy_any_on(world_partner(&w), (struct utc_ms){NOON}));
	}
	w.in.n_agreements = 0;
	schedule_release(schedules[0]);
	schedule_release(schedules[1]);
	world_end(&w);
}
END_TEST

/* An agreement with the kinds, or the classes, of nobody. */
START_TEST(test_values_out_of_their_enums_deny)
{
	struct world w;
	struct read read = world_read();
	struct agreement *a;

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	a = world_agreement(&w, LONG_AGO, NULL, NULL, NULL, NULL);
	a->share = 1u << 9;
	world_compile(&w);
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_CLASS_OFF);
	a->share = CLASS_READ;
	a->kinds = 1u << 31 | 1;
	world_compile(&w);
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_WRONG_KIND);
	read.kind = READ_KIND_UNSPECIFIED;
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_WRONG_KIND);
	read = world_read();
	a->kinds = 1u << READ_KIND_VRM;
	((struct camera_register *)w.registers[0].cameras)->cameras[0].state = (enum camera_state)77;
	world_compile(&w);
	ck_assert_int_eq(world_decide(&w, &read, NOON, NOON).reason, REASON_CAMERA_NOT_LIVE);
	world_end(&w);
}
END_TEST

START_TEST(test_a_snapshot_outlives_what_it_was_made_of)
{
	struct world w;
	struct read read = world_read();
	struct policy_snapshot *kept;
	struct decision d;

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(&w, LONG_AGO, NULL, NULL, NULL, NULL);
	world_compile(&w);
	kept = snapshot_hold(w.snapshot);
	world_end(&w);
	policy_decide(snapshot_partner(kept, span_text("p")), &read, (struct utc_ms){NOON},
		(struct utc_ms){NOON}, &d);
	ck_assert_int_eq(d.verdict, VERDICT_PERMIT);
	ck_assert_str_eq(d.permits[0].feed->agreement->id, "AG-1");
	snapshot_release(kept);
}
END_TEST

Suite *suite_policy_properties(void)
{
	Suite *suite = suite_create("policy_properties");
	TCase *tests = tcase_create("properties");

	tcase_add_test(tests, test_narrowing_never_adds_a_read);
	tcase_add_test(tests, test_the_order_of_rules_does_not_matter);
	tcase_add_test(tests, test_rules_one_by_one_are_the_decision);
	tcase_add_test(tests, test_minimising_twice_is_minimising_once);
	tcase_add_test(tests, test_memory_of_zeroes_denies);
	tcase_add_test(tests, test_values_out_of_their_enums_deny);
	tcase_add_test(tests, test_a_snapshot_outlives_what_it_was_made_of);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return suite;
}

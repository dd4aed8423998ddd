/* SPDX-License-Identifier: Apache-2.0
 *
 * What a proposal would change: each kind of change alone, some together, none, and many cameras.
 */
#include "tests/unit/test_policy.h"

#include "policy/difference.h"
#include "policy/hours.h"

#include <stdio.h>
#include <stdlib.h>

/* The world's agreement number `i` on register number `r`; NULL = none. */
struct side {
	struct difference_agreement agreement;
	struct difference_side side;
};

static const struct difference_side *side_of(struct side *to, const struct world *w, int agreement, int reg)
{
	*to = (struct side){0};
	if (agreement >= 0) {
		to->agreement.agreement = w->agreements[agreement].agreement;
		to->agreement.schedule = w->agreements[agreement].schedule;
		to->side.agreements = &to->agreement;
		to->side.n = 1;
	}
	if (reg >= 0)
		to->side.cameras = w->registers[reg].cameras;
	return &to->side;
}

static struct difference compare(const struct world *w, int before, int reg_before, int after, int reg_after)
{
	struct difference d;
	struct side one, other;

	ck_assert(ok(difference_compute(
		side_of(&one, w, before, reg_before), side_of(&other, w, after, reg_after), &d)));
	return d;
}

static void assert_words(const struct difference *d, const char *want, const char *name)
{
	struct buffer words = {0};

	ck_assert(ok(difference_words(d, &words)));
	ck_assert_msg(strcmp(buffer_text(&words), want) == 0, "%s: %s", name, buffer_text(&words));
	buffer_free(&words);
}

#define A       "agreement AG-1: "
#define WIDENS  true, false
#define NARROW  false, true
#define MIXED   true, true
#define SAME    false, false
#define HOURS   "hours: {zone: Europe/London, days: [sat], from: \"22:00\", to: \"06:00\"}"
#define RULE_A  "cameras: [\"A-*\", \"B-*\"]}"
#define QUALITY "min_confidence: 0.7, max_age: 24h, max_future: 5s, clock_bound: 2s"

/* The world's agreement, and the same with replacements. */
static const struct {
	const char *name, *from, *to, *from_2, *to_2;
	bool widens, narrows;
	const char *words;
} rows[] = {
	{"nothing", NULL, NULL, NULL, NULL, SAME, "changes nothing of what may be shared"},
	{"patterns of the same cameras", "[\"A-*\", \"B-*\"]", "[\"A-1\", \"?-*2\", \"A-3\", \"B-?\"]", NULL,
		NULL, SAME, "changes nothing of what may be shared"},
	{"an area of the same cameras", "cameras: [\"A-*\"], hours",
		"cameras: [\"A-*\"], area: [[51,-2],[51,2],[52,2],[52,-2]], hours", NULL, NULL, SAME,
		"changes nothing of what may be shared"},
	{"a day in two halves is a day", RULE_A, RULE_A "\n  - {name: a2, cameras: [\"Z-*\"]}", NULL, NULL,
		SAME, "changes nothing of what may be shared"},
	{"one camera more", "\"B-*\"]}", "\"B-*\", \"C-1\"]}", NULL, NULL, WIDENS, A "1 camera more"},
	{"all cameras more", "\"A-*\", \"B-*\"]}", "\"*\"]}", NULL, NULL, WIDENS, A "1 camera more"},
	{"cameras fewer, which are not live", ", \"B-*\"]}", "]}", NULL, NULL, NARROW,
		A "3 cameras fewer not live yet"},
	{"cameras fewer, but by night", RULE_A, "cameras: [\"A-1\", \"B-*\"]}", NULL, NULL, NARROW,
		A "mon-fri 00:00-24:00, sat 00:00-22:00 and sun 06:00-24:00 no longer (Europe/London) for 2 "
		  "cameras"},
	{"cameras more and fewer", "\"A-*\", \"B-*\"]}", "\"A-*\", \"C-1\"]}", NULL, NULL, MIXED,
		A "1 camera more, 3 cameras fewer not live yet"},
	{"a night more that was shared anyway", "days: [sat]", "days: [sat, sun]", NULL, NULL, WIDENS,
		A "3 cameras under other rules, whose switches may stand otherwise"},
	{"a night fewer that is shared anyway", "from: \"22:00\"", "from: \"23:00\"", NULL, NULL, SAME,
		"changes nothing of what may be shared"},
	{"hours where there were none", RULE_A, "cameras: [\"A-*\", \"B-*\"], " HOURS "}", NULL, NULL, NARROW,
		A "mon-fri 00:00-24:00, sat 00:00-22:00 and sun 06:00-24:00 no longer (Europe/London)"},
	{"a rule renamed", "{name: a,", "{name: b,", NULL, NULL, WIDENS,
		A "6 cameras under other rules, whose switches may stand otherwise"},
	{"a rule less", "  - {name: a, " RULE_A "\n", "", NULL, NULL, NARROW,
		A "3 cameras fewer not live yet, mon-fri 00:00-24:00, sat 00:00-22:00 and sun 06:00-24:00 no "
		  "longer "
		  "(Europe/London)"},
	{"another class", "share: [read, overview]", "share: [read, overview, plate_patch]", NULL, NULL,
		WIDENS, A "plate patches now included"},
	{"a class less", "share: [read, overview]", "share: [read]", NULL, NULL, NARROW,
		A "overview images no longer included"},
	{"one class for another", "share: [read, overview]", "share: [read, plate_patch]", NULL, NULL, MIXED,
		A "plate patches now included, overview images no longer included"},
	{"another kind", "kinds: [vrm]", "kinds: [vrm, hashed_tag]", NULL, NULL, WIDENS,
		A "hashed tags now included"},
	{"a kind for another", "kinds: [vrm]", "kinds: [no_plate]", NULL, NULL, MIXED,
		A "vehicles without a plate now included, plates no longer included"},
	{"a field no longer dropped", "drop: [speed_kph]\n", "", NULL, NULL, WIDENS,
		A "speed no longer dropped"},
	{"more dropped", "[speed_kph]", "[speed_kph, heading, lane]", NULL, NULL, NARROW,
		A "heading and lane dropped"},
	{"one dropped for another", "[speed_kph]", "[heading]", NULL, NULL, MIXED,
		A "heading dropped, speed no longer dropped"},
	{"less confidence", "0.7", "0.69", NULL, NULL, WIDENS, A "confidence from 0.69, before 0.7"},
	{"no confidence", "min_confidence: 0.7, ", "", NULL, NULL, WIDENS, A "confidence from 0, before 0.7"},
	{"more confidence", "0.7", "0.8", NULL, NULL, NARROW, A "confidence from 0.8, before 0.7"},
	{"older reads", "max_age: 24h", "max_age: 25h", NULL, NULL, WIDENS,
		A "age at most 25 hours, before 1 day"},
	{"fresher reads", "max_age: 24h", "max_age: 90m", NULL, NULL, NARROW,
		A "age at most 90 minutes, before 1 day"},
	{"further in the future", "max_future: 5s", "max_future: 6s", NULL, NULL, WIDENS,
		A "in the future at most 6 seconds, before 5 seconds"},
	{"not in the future", "max_future: 5s", "max_future: 0s", NULL, NULL, NARROW,
		A "in the future at most 0 seconds, before 5 seconds"},
	{"a wider clock bound", "clock_bound: 2s", "clock_bound: 3s", NULL, NULL, WIDENS,
		A "clocks wrong by at most 3 seconds, before 2 seconds"},
	{"a narrower clock bound", "clock_bound: 2s", "clock_bound: 1s", NULL, NULL, WIDENS,
		A "clocks wrong by at most 1 second, before 2 seconds"},
	{"later end", "until: 2027-01-01", "until: 2028-01-01", NULL, NULL, WIDENS,
		A "ends 2028-01-01T00:00:00Z, 365 days later"},
	{"earlier end", "until: 2027-01-01T00", "until: 2026-12-31T23", NULL, NULL, NARROW,
		A "ends 2026-12-31T23:00:00Z, 1 hour earlier"},
	{"earlier start", "from: 2026-01-01", "from: 2025-12-31", NULL, NULL, WIDENS,
		A "starts 2025-12-31T00:00:00Z, 1 day earlier"},
	{"later start", "from: 2026-01-01", "from: 2026-12-01", NULL, NULL, NARROW,
		A "starts 2026-12-01T00:00:00Z, 334 days later"},
	{"a review", "00Z}\nkeep", "00Z, review_by: 2026-12-01}\nkeep", NULL, NULL, NARROW,
		A "review by 2026-12-01T00:00:00Z, before never"},
	{"kept longer", "keep_for: 30d", "keep_for: 31d", NULL, NULL, WIDENS,
		A "kept for 31 days, before 30 days"},
	{"kept shorter", "keep_for: 30d", "keep_for: 29d", NULL, NULL, NARROW,
		A "kept for 29 days, before 30 days"},
	{"another purpose", "[serious-crime]", "[counter-terrorism]", NULL, NULL, MIXED,
		A "purposes added: counter-terrorism, removed: serious-crime"},
	{"one purpose more", "[serious-crime]", "[counter-terrorism, serious-crime]", NULL, NULL, WIDENS,
		A "purposes added: counter-terrorism"},
	{"another reader", "[\"User:CN=police,O=mps\"]", "[\"User:CN=police,O=mps\", \"User:CN=x\"]", NULL,
		NULL, WIDENS, A "readers added: User:CN=x"},
	{"another verifier", "consents: [mps", "verifiers: [\"User:CN=v\"]\nconsents: [mps", NULL, NULL,
		WIDENS, A "verifiers added: User:CN=v"},
	{"another body", "consents: [mps, tfl]", "consents: [mps, tfl, mopac]", NULL, NULL, WIDENS,
		A "consenting bodies added: mopac"},
	{"a body less", "consents: [mps, tfl]", "consents: [mps]", NULL, NULL, WIDENS,
		A "consenting bodies removed: tfl"},
	{"bodies in another order", "consents: [mps, tfl]", "consents: [tfl, mps]", NULL, NULL, SAME,
		"changes nothing of what may be shared"},
	{"another topic", "topic: anpr.reads", "topic: anpr.more", NULL, NULL, WIDENS,
		A "topic anpr.more, before anpr.reads"},
	{"another recipient", "organisation: mps", "organisation: tfl", NULL, NULL, WIDENS,
		A "recipient tfl, before mps"},
	{"another necessity", "necessity: N", "necessity: n", NULL, NULL, WIDENS,
		A "text of necessity changed"},
	{"another controller", "name: C,", "name: D,", NULL, NULL, WIDENS, A "controller D, before C"},
	{"another contact", "c@example", "d@example", NULL, NULL, WIDENS,
		A "controller's contact d@example, before c@example"},
	{"another instrument", "instrument: I", "instrument: J", NULL, NULL, WIDENS,
		A "instrument J, before I"},
	{"narrower here, wider there", "keep_for: 30d", "keep_for: 1d", "0.7", "0.6", MIXED,
		A "confidence from 0.6, before 0.7, kept for 1 day, before 30 days"},
	{"narrower twice", "keep_for: 30d", "keep_for: 1d", "[speed_kph]", "[speed_kph, country]", NARROW,
		A "country dropped, kept for 1 day, before 30 days"},
};

START_TEST(test_one_change)
{
	struct world w;
	struct difference d;

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(&w, LONG_AGO, NULL, NULL, NULL, NULL);
	world_agreement(&w, NOON, rows[_i].from, rows[_i].to, rows[_i].from_2, rows[_i].to_2);
	d = compare(&w, 0, 0, 1, 0);
	assert_words(&d, rows[_i].words, rows[_i].name);
	ck_assert_msg(d.widens == rows[_i].widens, "%s widens", rows[_i].name);
	ck_assert_msg(d.narrows == rows[_i].narrows, "%s narrows", rows[_i].name);
	ck_assert(difference_only_narrows(&d) == (rows[_i].narrows && !rows[_i].widens));
	difference_free(&d);
	/* The other way round everything that narrowed widens; what could not be shown still cannot. */
	d = compare(&w, 1, 0, 0, 0);
	ck_assert_msg(!rows[_i].narrows || d.widens, "%s, undone, widens", rows[_i].name);
	difference_free(&d);
	world_end(&w);
}
END_TEST

/* Hours of rule `a` before and after; the rule `night` is taken out. */
static const struct {
	const char *name, *before, *after;
	bool widens, narrows;
	const char *words;
} hours[] = {
	{"weekends", "days: [mon, tue, wed, thu, fri], from: \"00:00\", to: \"24:00\"",
		"days: [mon, tue, wed, thu, fri, sat, sun], from: \"00:00\", to: \"24:00\"", WIDENS,
		A "weekends added (Europe/London)"},
	{"nights go", "days: [mon, tue, wed, thu, fri, sat, sun], from: \"00:00\", to: \"24:00\"",
		"days: [mon, tue, wed, thu, fri, sat, sun], from: \"06:00\", to: \"20:00\"", NARROW,
		A "every day 20:00-06:00 no longer (Europe/London)"},
	{"the hour in which both changes of the clock fall", "days: [sun], from: \"00:00\", to: \"03:00\"",
		"days: [sun], from: \"01:00\", to: \"02:00\"", NARROW,
		A "sun 00:00-01:00 and sun 02:00-03:00 no longer (Europe/London)"},
	{"an hour later", "days: [sat], from: \"22:00\", to: \"06:00\"",
		"days: [sat], from: \"23:00\", to: \"07:00\"", MIXED,
		A "sun 06:00-07:00 added, sat 22:00-23:00 no longer (Europe/London)"},
	{"a week's end and its beginning", "days: [sun], from: \"20:00\", to: \"06:00\"",
		"days: [sun, mon], from: \"20:00\", to: \"06:00\"", WIDENS,
		A "mon 20:00-06:00 added (Europe/London)"},
	{"a minute", "days: [sun], from: \"20:00\", to: \"20:02\"",
		"days: [sun], from: \"20:00\", to: \"20:01\"", NARROW,
		A "sun 20:01-20:02 no longer (Europe/London)"},
};

static struct difference hours_compare(
	struct world *w, const char *before, const char *zone, const char *after, const char *zone_after)
{
	char rule[2][300];
	const char *const of[] = {before, after}, *const zones[] = {zone, zone_after};

	world_begin(w);
	world_register(w, LONG_AGO, world_cameras);
	for (int i = 0; i < 2; i++) {
		if (of[i])
			snprintf(rule[i], sizeof rule[i], "cameras: [\"A-*\"], hours: {zone: %s, %s}}",
				zones[i], of[i]);
		else
			snprintf(rule[i], sizeof rule[i], "cameras: [\"A-*\"]}");
		world_agreement(w, LONG_AGO, RULE_A, rule[i], "{name: night, cameras: [\"A-*\"],",
			"{name: night, cameras: [\"Z-*\"],");
	}
	return compare(w, 0, 0, 1, 0);
}

START_TEST(test_hours)
{
	struct world w;
	struct difference d;

	d = hours_compare(&w, hours[_i].before, "Europe/London", hours[_i].after, "Europe/London");
	assert_words(&d, hours[_i].words, hours[_i].name);
	ck_assert_msg(d.widens == hours[_i].widens && d.narrows == hours[_i].narrows, "%s", hours[_i].name);
	ck_assert_str_eq(d.items[0].part, "hours");
	ck_assert_str_eq(d.items[0].zone, "Europe/London");
	ck_assert_uint_eq(d.items[0].cameras, 3);
	difference_free(&d);
	world_end(&w);
}
END_TEST

#define NIGHTS "days: [mon, tue], from: \"20:00\", to: \"06:00\""
#define ALWAYS "days: [mon, tue, wed, thu, fri, sat, sun], from: \"00:00\", to: \"24:00\""

/* Hours by two clocks are the same on no day that can be relied on. */
START_TEST(test_zones)
{
	static const struct {
		const char *before, *zone, *after, *zone_after;
		bool widens, narrows;
	} zones[] = {
		{NIGHTS, "Europe/London", NIGHTS, "Europe/Paris", MIXED},
		{NIGHTS, "Europe/London", NIGHTS, "Europe/Jersey", MIXED},
		{ALWAYS, "Europe/London", ALWAYS, "Europe/Paris", SAME},
		{ALWAYS, "Europe/London", NIGHTS, "Europe/Paris", NARROW},
		{NIGHTS, "Europe/London", ALWAYS, "Europe/Paris", WIDENS},
		{NIGHTS, "Europe/London", NULL, "", WIDENS},
		{NULL, "", NIGHTS, "Europe/London", NARROW},
		{NULL, "", ALWAYS, "Asia/Kolkata", SAME},
	};

	for (int i = 0; i < ROWS(zones); i++) {
		struct world w;
		struct difference d = hours_compare(
			&w, zones[i].before, zones[i].zone, zones[i].after, zones[i].zone_after);

		ck_assert_msg(d.widens == zones[i].widens && d.narrows == zones[i].narrows, "row %d", i);
		difference_free(&d);
		world_end(&w);
	}
}
END_TEST

/* What is said to narrow holds in both nights in which the clocks change, minute by minute. */
START_TEST(test_changes_of_the_clock)
{
	static const int64_t nights[] = {
		INT64_C(1792886400000), INT64_C(1806192000000)}; /* 2026-10-25, 2027-03-28 */
	static const char *const zones[] = {"Europe/London", "Europe/Paris"};
	unsigned seed = 1, narrower = 0;

	for (int round = 0; round < 300; round++) {
		char of[2][100];
		struct world w;
		struct difference d;
		struct hours before = {0}, after = {0};

		for (int i = 0; i < 2; i++)
			snprintf(of[i], sizeof of[i], "days: [%s], from: \"%02d:%02d\", to: \"%02d:%02d\"",
				rand_r(&seed) % 2 ? "sun" : "sat, sun", i + rand_r(&seed) % 3,
				2 * (rand_r(&seed) % 30), 4 - i - rand_r(&seed) % 2,
				1 + 2 * (rand_r(&seed) % 30));
		d = hours_compare(&w, of[0], zones[rand_r(&seed) % 8 == 0], of[1], zones[0]);
		hours_add(&before, &w.agreements[0].agreement->rules[0]);
		hours_add(&after, &w.agreements[1].agreement->rules[0]);
		narrower += !d.widens;
		for (int i = 0; i < 2 * 36 * 60 && !d.widens; i++) {
			struct utc_ms at = {nights[i % 2] - 12 * HOUR + i / 2 * MINUTE};

			ck_assert_msg(!hours_hold(&after, at) || hours_hold(&before, at), "%s then %s", of[0],
				of[1]);
		}
		difference_free(&d);
		world_end(&w);
	}
	ck_assert_uint_gt(narrower, 20);
	ck_assert_uint_lt(narrower, 280);
}
END_TEST

#define REG "camera_id,external_ids,name,latitude,longitude,area,state\n"
#define A1  "A-1,serial:1,Bridge north,51.5,-0.1,City,live\n"
#define A2  "A-2,,Bridge south,51.4,-0.1,City,live\n"
#define B1  "B-1,,Offered,51.5,-0.1,City,offered\n"

/* Registers under the agreement; the first is REG A1 A2 B1. */
static const struct {
	const char *name, *csv;
	bool widens, narrows;
	const char *words;
} registers[] = {
	{"the same in other words",
		"camera_id,name,external_ids,latitude,longitude,area,state\n"
		"A-1,Bridge north,serial:1,51.50,-0.1,City,live\n"
		"A-2,Bridge south,,51.4,-0.10,City,live\nB-1,Offered,,51.5,-0.1,City,offered\n",
		SAME, "changes nothing of what may be shared"},
	{"a camera less", REG A1 B1, NARROW,
		A "1 camera fewer; register: 1 camera removed or no longer live"},
	{"a camera that was never live less", REG A1 A2, NARROW,
		"register: 1 camera removed or no longer live"},
	{"retired", REG A1 "A-2,,Bridge south,51.4,-0.1,City,retired\n" B1, NARROW,
		A "1 camera fewer; register: 1 camera removed or no longer live"},
	{"made live", REG A1 A2 "B-1,,Offered,51.5,-0.1,City,live\n", WIDENS,
		A "1 camera more; register: 1 camera made live"},
	{"a new one, which no schedule has", REG A1 "A-11,,x,51,0,City,live\n" A2 B1, WIDENS,
		"register: 1 camera new"},
	{"moved", REG A1 "A-2,,Bridge south,51.41,-0.1,City,live\n" B1, WIDENS,
		"register: 1 camera moved, renamed or otherwise changed"},
	{"renamed", REG A1 "A-2,,Bridge,51.4,-0.1,City,live\n" B1, WIDENS,
		"register: 1 camera moved, renamed or otherwise changed"},
	{"another external id", REG A1 "A-2,serial:2,Bridge south,51.4,-0.1,City,live\n" B1, WIDENS,
		"register: 1 camera moved, renamed or otherwise changed"},
	{"another state that shares nothing", REG A1 A2 "B-1,,Offered,51.5,-0.1,City,retired\n", SAME,
		"register: 1 camera in another state that is not shared"},
	{"one for another", REG "A-0,,x,51,0,City,live\n" A2 B1, MIXED,
		A "1 camera fewer; register: 1 camera new, 1 camera removed or no longer live"},
};

START_TEST(test_registers)
{
	struct world w;
	struct difference d;

	world_begin(&w);
	world_register(&w, LONG_AGO, REG A1 A2 B1);
	world_agreement(&w, LONG_AGO, NULL, NULL, NULL, NULL);
	world_register(&w, NOON, registers[_i].csv);
	d = compare(&w, 0, 0, 0, 1);
	assert_words(&d, registers[_i].words, registers[_i].name);
	ck_assert_msg(d.widens == registers[_i].widens && d.narrows == registers[_i].narrows, "%s",
		registers[_i].name);
	difference_free(&d);
	world_end(&w);
}
END_TEST

/* What widens a register does so for those who will agree on it, though nothing is shared yet. */
START_TEST(test_registers_without_agreements)
{
	struct world w;
	struct difference d;

	world_begin(&w);
	world_register(&w, LONG_AGO, REG A1 B1);
	world_register(&w, NOON, REG A1 "B-1,,Offered,51.5,-0.1,City,live\n");
	d = compare(&w, -1, 0, -1, 1);
	assert_words(&d, "register: 1 camera made live", "made live");
	ck_assert(d.widens && !d.narrows);
	difference_free(&d);
	d = compare(&w, -1, 1, -1, 0);
	ck_assert(difference_only_narrows(&d));
	ck_assert_str_eq(d.items[0].removed.items[0], "B-1");
	difference_free(&d);
	world_end(&w);
}
END_TEST

/* A schedule keeps the cameras that it was resolved on: one that has gone from the register may come back. */
START_TEST(test_a_schedule_of_an_earlier_register)
{
	struct world w;
	struct difference d;

	world_begin(&w);
	world_register(&w, LONG_AGO, REG A1 A2 B1);
	world_agreement(&w, LONG_AGO, NULL, NULL, NULL, NULL);
	world_register(&w, NOON, REG A1 "A-3,,new,51,0,City,live\n");
	world_agreement(&w, NOON, NULL, NULL, NULL, NULL);
	d = compare(&w, 0, 1, 1, 1);
	assert_words(&d, A "1 camera more, 2 cameras fewer not live yet", "the same text again");
	ck_assert(d.widens && d.narrows);
	ck_assert_uint_eq(d.items[0].added.n, 1);
	ck_assert_str_eq(d.items[0].added.items[0], "A-3");
	ck_assert_str_eq(d.items[0].before, "1");
	ck_assert_str_eq(d.items[0].after, "2");
	difference_free(&d);
	world_end(&w);
}
END_TEST

START_TEST(test_agreements_that_begin_and_end)
{
	struct world w;
	struct difference d;

	world_begin(&w);
	world_register(&w, LONG_AGO, world_cameras);
	world_agreement(&w, LONG_AGO, NULL, NULL, NULL, NULL);
	world_agreement(&w, LONG_AGO, "agreement: AG-1", "agreement: AG-2", NULL, NULL);
	d = compare(&w, -1, 0, 0, 0);
	assert_words(&d,
		A
		"new, with mps, 3 of 7 cameras, 3 cameras not live yet, reads and overview images included, "
		"plates included, speed dropped, confidence from 0.7, age at most 1 day, in the future at "
		"most "
		"5 seconds, clocks wrong by at most 2 seconds, starts 2026-01-01T00:00:00Z, ends "
		"2027-01-01T00:00:00Z, kept for 30 days, purposes: serious-crime, readers: "
		"User:CN=police,O=mps, consenting bodies: mps and tfl",
		"new");
	ck_assert(d.widens && !d.narrows);
	difference_free(&d);
	d = compare(&w, 0, 0, -1, 0);
	assert_words(&d, A "ends, 3 cameras fewer, 3 cameras fewer not live yet", "ended");
	ck_assert(difference_only_narrows(&d));
	difference_free(&d);
	d = compare(&w, 0, 0, 1, 0);
	ck_assert(d.widens && d.narrows);
	ck_assert_str_eq(d.items[0].agreement, "AG-2");
	difference_free(&d);
	d = compare(&w, -1, -1, -1, -1);
	ck_assert_uint_eq(d.n, 0);
	ck_assert(!difference_only_narrows(&d));
	difference_free(&d);
	d = compare(&w, -1, -1, -1, 0);
	assert_words(&d, "register: 7 cameras new", "the first register");
	difference_free(&d);
	world_end(&w);
}
END_TEST

START_TEST(test_zeroes_are_not_narrower)
{
	struct difference d = {0};

	ck_assert(!difference_only_narrows(&d));
	difference_free(&d);
}
END_TEST

#define MANY 100000

/* Cameras C-000000 up, every other one under rule `a` before and after, with `extra` more after. */
static void many_register(struct world *w)
{
	char *csv = malloc(MANY * 40 + 100), *at = csv;

	ck_assert_ptr_nonnull(csv);
	at += sprintf(at, "camera_id,latitude,longitude,state\n");
	for (int i = 0; i < MANY; i++)
		at += sprintf(at, "C-%06d,51.%04d,-0.1,live\n", i, i % 10000);
	world_register(w, LONG_AGO, csv);
	free(csv);
}

START_TEST(test_many_cameras)
{
	struct world w;
	struct difference d;

	world_begin(&w);
	many_register(&w);
	world_agreement(&w, LONG_AGO, "[\"A-*\", \"B-*\"]", "[\"C-*0\", \"C-*2\", \"C-*4\"]", "[\"A-*\"]",
		"[\"C-00*\"]");
	world_agreement(
		&w, NOON, "[\"A-*\", \"B-*\"]", "[\"C-*0\", \"C-*2\", \"C-*6\"]", "[\"A-*\"]", "[\"C-01*\"]");
	d = compare(&w, 0, 0, 1, 0);
	ck_assert(d.widens && d.narrows);
	ck_assert_str_eq(d.items[0].part, "cameras");
	/* ending in 6: 10,000 more, less those of C-00 that a night had; of C-01, those ending in none of 0 2
	 * 6 */
	ck_assert_uint_eq(d.items[0].added.n, 10000 - 1000 + 7000 - 1000);
	ck_assert_uint_eq(d.items[0].removed.n, 10000 - 1000 + 7000 - 1000);
	difference_free(&d);
	world_end(&w);
}
END_TEST

Suite *suite_policy_difference(void)
{
	Suite *suite = suite_create("policy difference");
	TCase *tc = tcase_create("difference");

	tcase_add_loop_test(tc, test_one_change, 0, ROWS(rows));
	tcase_add_loop_test(tc, test_hours, 0, ROWS(hours));
	tcase_add_loop_test(tc, test_registers, 0, ROWS(registers));
	tcase_add_test(tc, test_registers_without_agreements);
	tcase_add_test(tc, test_zones);
	tcase_add_test(tc, test_changes_of_the_clock);
	tcase_add_test(tc, test_a_schedule_of_an_earlier_register);
	tcase_add_test(tc, test_agreements_that_begin_and_end);
	tcase_add_test(tc, test_zeroes_are_not_narrower);
	tcase_add_test(tc, test_many_cameras);
	suite_add_tcase(suite, tc);
	return suite;
}

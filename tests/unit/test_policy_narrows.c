/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said to narrow, held against deciding itself: of random pairs of agreements and registers, whatever
 * the switches, no read is permitted after that was denied before, and none shows more. The seed of a failure
 * is in its message.
 */
#include "tests/unit/test_policy.h"

#include "policy/difference.h"

#include <stdio.h>
#include <stdlib.h>

#define PAIRS  800
#define READS  120
#define CHANGE (NOON - DAY) /* when what is proposed comes into force */
#define RULES  4

/* Choices from wide to narrow, as far as they have an order. */
static const char *const cameras[] = {
	"\"*\"", "\"A-*\", \"B-*\"", "\"A-*\"", "\"A-1\", \"A-2\"", "\"A-1\"", "\"C-1\"", "\"A-3\", \"C-1\""};
static const char *const hours[] = {"",
	", hours: {zone: Europe/London, days: [sat, sun], from: \"00:00\", to: \"24:00\"}",
	", hours: {zone: Europe/London, days: [sat, sun], from: \"06:00\", to: \"20:00\"}",
	", hours: {zone: Europe/London, days: [sat], from: \"22:00\", to: \"06:00\"}",
	", hours: {zone: Europe/Paris, days: [sat, sun], from: \"06:00\", to: \"20:00\"}"};
static const char *const shares[] = {"[read, overview, plate_patch]", "[read, overview]", "[read]"};
static const char *const drops[] = {"", "drop: [speed_kph]\n", "drop: [speed_kph, heading]\n"};
static const char *const kinds[] = {"[vrm, hashed_tag, no_plate]", "[vrm, hashed_tag]", "[vrm]"};
static const char *const confidences[] = {"0", "0.6", "0.95"};
static const char *const ages[] = {"3d", "1d", "1h"};
static const char *const futures[] = {"5s", "1s", "0s"};
static const char *const untils[] = {"2027-01-01T00:00:00Z", "2026-11-22T06:00:00Z", "2026-11-21T20:00:00Z"};
static const char *const froms[] = {"2026-01-01T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-21T18:00:00Z"};
static const char *const bounds[] = {"2s", "30s"};
static const char *const keeps[] = {"30d", "7d"};
static const char *const names[] = {"a", "b", "c", "d"};
static const char *const ids[] = {"A-1", "A-2", "A-3", "B-1", "C-1", "serial:1", "nobody"};
static const char *const states[] = {"live", "live", "live", "live", "offered", "retired", NULL};

struct draw {
	bool rule[RULES];
	unsigned cameras[RULES], hours[RULES], name[RULES];
	unsigned share, drop, kind, confidence, age, future, until, from, bound, keep;
	unsigned state[5]; /* of the first five ids */
};

static unsigned below(unsigned *seed, unsigned n)
{
	return (unsigned)rand_r(seed) % n;
}

static void draw_begin(struct draw *d, unsigned *seed)
{
	*d = (struct draw){.share = below(seed, 3), .drop = below(seed, 3), .kind = below(seed, 3)};
	for (unsigned i = 0; i < RULES; i++) {
		d->rule[i] = below(seed, 2);
		d->cameras[i] = below(seed, ROWS(cameras));
		d->hours[i] = below(seed, ROWS(hours));
		d->name[i] = i;
	}
	d->rule[0] = true; /* there is always one */
	for (int i = 0; i < 5; i++)
		d->state[i] = below(seed, ROWS(states));
}

/* One thing becomes otherwise; often what is narrower. */
static void draw_change(struct draw *d, unsigned *seed)
{
	unsigned *const terms[] = {&d->share, &d->drop, &d->kind, &d->confidence, &d->age, &d->future,
		&d->until, &d->from, &d->bound, &d->keep};
	static const unsigned choices[] = {3, 3, 3, 3, 3, 3, 3, 3, 2, 2};
	unsigned i = below(seed, 26), rule = below(seed, RULES), other = below(seed, RULES);

	if (i < ROWS(terms))
		*terms[i] = below(seed, choices[i]);
	else if (i % 4 == 0)
		d->cameras[rule] = below(seed, ROWS(cameras));
	else if (i % 4 == 1)
		d->hours[rule] = below(seed, ROWS(hours));
	else if (i % 4 == 2)
		d->rule[rule] = below(seed, 4) == 0 || rule == 0;
	else {
		unsigned name = d->name[rule];

		d->name[rule] = d->name[other];
		d->name[other] = name;
	}
}

static void draw_agreement(const struct draw *d, struct world *w, int64_t agreed)
{
	char text[4096];
	int n = snprintf(text, sizeof text,
		"agreement: AG-1\npartner: p\nrecipient: {organisation: mps, topic: t, principals: "
		"[\"User:CN=p\"]}\n"
		"consents: [mps, tfl]\ncontroller: {name: C, contact: c@example}\ninstrument: I\nnecessity: "
		"N\n"
		"documents: [{title: D, sha256: "
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]\npurposes: "
		"[serious-crime]\n"
		"valid: {from: %s, until: %s}\nkeep_for: %s\nkinds: %s\nshare: %s\n%s"
		"quality: {min_confidence: %s, max_age: %s, max_future: %s, clock_bound: %s}\nrules:\n",
		froms[d->from], untils[d->until], keeps[d->keep], kinds[d->kind], shares[d->share],
		drops[d->drop], confidences[d->confidence], ages[d->age], futures[d->future],
		bounds[d->bound]);

	for (unsigned i = 0; i < RULES; i++) {
		if (d->rule[i])
			n += snprintf(text + n, sizeof text - (size_t)n, "  - {name: %s, cameras: [%s]%s}\n",
				names[d->name[i]], cameras[d->cameras[i]], hours[d->hours[i]]);
	}
	world_agreement_text(w, agreed, text);
}

static void draw_register(const struct draw *d, struct world *w, int64_t from)
{
	char csv[1000];
	int n = snprintf(
		csv, sizeof csv, "camera_id,external_ids,latitude,longitude,state\nZ-1,,50,0,live\n");

	for (int i = 0; i < 5; i++) {
		if (states[d->state[i]])
			n += snprintf(csv + n, sizeof csv - (size_t)n, "%s,%s,51.5,-0.%d,%s\n", ids[i],
				i == 0 ? "serial:1" : "", i, states[d->state[i]]);
	}
	world_register(w, from, csv);
}

static void random_switches(struct world *w, unsigned seed)
{
	static const char *const some[] = {"A-1"};

	for (unsigned i = below(&seed, 6); i > 0; i--) {
		struct switch_key key = {.side = below(&seed, 2) ? "tfl" : "mps"};

		key.rule = below(&seed, 4) ? names[below(&seed, RULES)] : NULL;
		key.classes = below(&seed, 3) == 0 ? CLASS_OVERVIEW : 0;
		if (below(&seed, 3) == 0) {
			key.cameras = some;
			key.n_cameras = 1;
		}
		world_switch(w, NOON - DAY - DAY / 2 + (int64_t)below(&seed, 30) * HOUR,
			below(&seed, 3) ? SWITCH_OFF : SWITCH_ON, key);
	}
}

/* What changes: the agreement, the register or both. */
enum what { AGREEMENT, REGISTER, BOTH, WHATS };

struct pair {
	struct world before, after;
	bool narrows;
};

static struct difference_side side(const struct world *w, struct difference_agreement *agreement)
{
	*agreement = (struct difference_agreement){w->agreements[w->in.n_agreements - 1].agreement,
		w->agreements[w->in.n_agreements - 1].schedule};
	return (struct difference_side){agreement, 1, w->registers[w->in.n_registers - 1].cameras};
}

static bool narrows(const struct pair *p)
{
	struct difference_agreement one, other;
	struct difference_side before = side(&p->before, &one), after = side(&p->after, &other);
	struct difference d;
	bool widens;

	ck_assert(ok(difference_compute(&before, &after, &d)));
	widens = d.widens;
	difference_free(&d);
	return !widens;
}

static void pair_begin(struct pair *p, unsigned seed)
{
	unsigned draw = seed;
	struct draw was, is;
	enum what what = (enum what)below(&draw, WHATS);

	draw_begin(&was, &draw);
	is = was;
	for (unsigned i = 1 + below(&draw, 3); what != REGISTER && i > 0; i--)
		draw_change(&is, &draw);
	for (unsigned i = 1 + below(&draw, 2); what != AGREEMENT && i > 0; i--)
		is.state[below(&draw, 5)] = below(&draw, ROWS(states));
	for (int i = 0; i < 2; i++) {
		struct world *w = i == 0 ? &p->before : &p->after;

		world_begin(w);
		draw_register(&was, w, LONG_AGO);
		draw_agreement(&was, w, LONG_AGO);
		random_switches(w, seed);
	}
	if (what != AGREEMENT)
		draw_register(&is, &p->after, CHANGE);
	if (what != REGISTER) {
		p->after.agreements[0].ended.v = CHANGE;
		draw_agreement(&is, &p->after, CHANGE);
	}
	world_compile(&p->before);
	world_compile(&p->after);
	p->narrows = narrows(p);
}

static struct read random_read(unsigned *seed, int64_t *received, int64_t *now)
{
	struct read read = world_read();

	read.camera_id = span_text(ids[below(seed, ROWS(ids))]);
	read.captured_at.v = CHANGE - DAY + (int64_t)below(seed, 48 * 60) * MINUTE;
	read.kind = (enum read_kind)(1 + below(seed, 3));
	read.confidence = below(seed, 3) ? 0.9 : 0.5;
	*received =
		read.captured_at.v + (int64_t[]){100, 100, -3 * SECOND, 2 * HOUR, 30 * HOUR}[below(seed, 5)];
	*now = *received + (int64_t)below(seed, 12) * HOUR;
	*now = *now < CHANGE ? CHANGE : *now;
	return read;
}

/* Returns how many reads the change was seen to take away. */
static unsigned assert_narrower(const struct pair *p, unsigned seed)
{
	unsigned reads = seed, fewer = 0;

	for (int i = 0; i < READS; i++) {
		int64_t received, now;
		struct read read = random_read(&reads, &received, &now);
		struct decision before = world_decide(&p->before, &read, received, now);
		struct decision after = world_decide(&p->after, &read, received, now);
		const struct agreement *was, *is;

		fewer += before.verdict == VERDICT_PERMIT && after.verdict != VERDICT_PERMIT;
		if (after.verdict != VERDICT_PERMIT)
			continue;
		ck_assert_msg(before.verdict == VERDICT_PERMIT, "a read more, seed %u, was %s", seed,
			reason_name(before.reason));
		was = before.permits[0].feed->agreement;
		is = after.permits[0].feed->agreement;
		ck_assert_msg(
			!(after.permits[0].classes & ~before.permits[0].classes), "a class more, %u", seed);
		ck_assert_msg(!(was->drop & ~is->drop), "a field more, seed %u", seed);
		ck_assert_msg(is->keep_for_ms <= was->keep_for_ms, "kept longer, seed %u", seed);
	}
	return fewer;
}

START_TEST(test_what_narrows_adds_no_read)
{
	unsigned narrower = 0, wider = 0, fewer = 0;

	for (unsigned seed = 1; seed <= PAIRS; seed++) {
		struct pair p;

		pair_begin(&p, seed);
		if (p.narrows) {
			narrower++;
			fewer += assert_narrower(&p, seed) > 0;
		}
		wider += !p.narrows;
		world_end(&p.before);
		world_end(&p.after);
	}
	/* Enough of each kind that this says something. */
	ck_assert_uint_gt(narrower, PAIRS / 8);
	ck_assert_uint_gt(fewer, PAIRS / 40);
	ck_assert_uint_gt(wider, PAIRS / 8);
}
END_TEST

Suite *suite_policy_narrows(void)
{
	Suite *suite = suite_create("policy narrows");
	TCase *tc = tcase_create("narrows");

	tcase_add_test(tc, test_what_narrows_adds_no_read);
	suite_add_tcase(suite, tc);
	return suite;
}

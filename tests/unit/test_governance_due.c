/* SPDX-License-Identifier: Apache-2.0
 *
 * What ends by itself, stop files, and what was enforced.
 */
#include "tests/unit/test_governance.h"

static struct status turn_for(enum who who, int position, int64_t ms)
{
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	world.c.set_switch = &world.sw;
	world.sw.position = (Anpr__V1__SwitchPosition)position;
	world.sw.partner = "tfl-ulez";
	world.sw.agreement = "A";
	world.sw.for_ms = (uint64_t)ms;
	return world_send(&world, who);
}
#define OFF_FOR(who, ms) turn_for(who, ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF, ms)
#define ON_FOR(who, ms)  turn_for(who, ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON, ms)

static struct status lapse_seen(int cause, uint64_t subject, const char *partner, int64_t seen)
{
	Anpr__V1__Lapse l = ANPR__V1__LAPSE__INIT;
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	l.cause = (Anpr__V1__Lapse__Cause)cause;
	l.subject = subject;
	l.partner = (char *)partner;
	l.accepted_at_ms = seen;
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE;
	body.lapse = &l;
	return world_append(&world, &body, NULL);
}

static struct status lapse(int cause, uint64_t subject, const char *partner)
{
	return lapse_seen(cause, subject, partner, 0);
}

static int64_t next_due(void)
{
	Anpr__V1__Lapse l;
	struct utc_ms next;
	(void)!governance_due(world.g, world.now, &l, &next).kind;
	return next.v;
}

static size_t n_pending(void)
{
	const struct pending *pending;
	return governance_pending(world.g, &pending);
}

START_TEST(an_off_for_a_while)
{
	world_live(&world);
	DONE(OFF_FOR(BOB, HOUR_MS));
	uint64_t entry = world_newest(&world);
	int64_t until = world.now.v + HOUR_MS;
	ck_assert_int_eq(next_due(), until);
	world_wait(&world, HOUR_MS - 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	REFUSED(lapse(1, entry, ""), "no period of entry");
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 10);
	DONE(world_enforce(&world));
	world_due(&world);
	ck_assert_uint_eq(n_pending(), 0); /* an off's end narrows nothing */
	REFUSED(lapse(1, entry, ""), "no period of entry");
	REFUSED(lapse(1, 1, ""), "no period of entry 1");
}
END_TEST

START_TEST(a_short_off_does_not_shorten_a_long_one)
{
	world_live(&world);
	DONE(OFF_FOR(BOB, 0));
	DONE(OFF_FOR(BOB, HOUR_MS));
	world_wait(&world, HOUR_MS);
	world_due(&world);
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
}
END_TEST

START_TEST(an_on_for_a_while)
{
	world_agreed(&world);
	DONE(ON_FOR(ALICE, 0));
	DONE(ON_FOR(BOB, HOUR_MS));
	world_wait(&world, HOUR_MS - 1);
	ck_assert_uint_eq(world_cameras_on(&world), 10);
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	world_due(&world);
	ck_assert_uint_eq(n_pending(), 1); /* an on's end narrows */
	DONE(world_enforce(&world));
	DONE(ON_FOR(BOB, HOUR_MS));
	REFUSED(ON_FOR(BOB, HOUR_MS), "no switch of tfl");
	world_wait(&world, HOUR_MS / 2);
	DONE(ON_FOR(BOB, 0)); /* now for good */
	ck_assert_int_gt(next_due(), world.now.v + DAY_MS);
	world_wait(&world, HOUR_MS);
	world_due(&world);
	ck_assert_uint_eq(world_cameras_on(&world), 10);
	ck_assert_uint_eq(n_pending(), 0);
}
END_TEST

START_TEST(an_agreement_ends)
{
	world_live(&world);
	uint64_t proposal = 3;
	REFUSED(lapse(2, proposal, ""), "no agreement of proposal");
	world.now.v = next_due() - 1;
	ck_assert_uint_eq(world_cameras_on(&world), 10);
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0); /* whether or not anybody journals it */
	REFUSED(lapse(2, 99, ""), "no agreement of proposal 99");
	world_due(&world);
	ck_assert_uint_eq(n_pending(), 1);
	REFUSED(lapse(2, proposal, ""), "no agreement of proposal");
	REFUSED(world_on(&world, BOB, "tfl-ulez", "A"), "no agreement A");
	REFUSED(world_withdraw(&world, BOB, "A"), "no agreement A");
	ck_assert_int_eq(next_due(), INT64_MAX);
}
END_TEST

START_TEST(a_proposal_lapses_when_it_is_due)
{
	DONE(world_register(&world, BOB, "tfl-ulez", world_csv));
	DONE(world_agreement(&world, ALICE, world_yaml("A", "mps", "anpr.reads", "mps, tfl", "U-0")));
	uint64_t proposal = world_newest(&world);
	ck_assert_int_eq(next_due(), world.now.v + 30 * DAY_MS);
	REFUSED(lapse(3, proposal, ""), "no proposal");
	world_wait(&world, 30 * DAY_MS);
	DONE(lapse(3, proposal, ""));
	REFUSED(lapse(3, proposal, ""), "no proposal");
	ck_assert_uint_eq(n_pending(), 0);
}
END_TEST

START_TEST(stop_files)
{
	world_live(&world);
	REFUSED(lapse(4, 0, "leeds"), "leeds is no partner");
	REFUSED(lapse(5, 0, "tfl-ulez"), "no stop file");
	DONE(lapse(4, 0, "tfl-ulez"));
	ck_assert_uint_eq(n_pending(), 1);
	REFUSED(lapse(4, 0, "tfl-ulez"), "in the journal already");
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	/* nobody's `on` ends it, but for the file's going */
	REFUSED(world_on(&world, BOB, "tfl-ulez", ""), "still off: a stop file over everything");
	REFUSED(world_on(&world, ALICE, "tfl-ulez", ""), "still off: a stop file over everything");
	DONE(lapse(4, 0, ""));
	DONE(lapse(5, 0, "tfl-ulez"));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0); /* the other file still stops all */
	DONE(lapse(5, 0, ""));
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 10);
}
END_TEST

/* The broker may have been away when the file was put there: the off counts from when the node saw it. */
START_TEST(a_stop_file_counts_from_when_it_was_seen)
{
	world_live(&world);
	world_wait(&world, 60000);
	int64_t seen = world.now.v - 30000;
	const struct pending *pending;
	DONE(lapse_seen(4, 0, "tfl-ulez", seen));
	ck_assert_uint_eq(governance_pending(world.g, &pending), 1);
	ck_assert_int_eq(pending[0].accepted.v, seen);
	ck_assert_str_eq(governance_stop_file(world.g, "gw-1", 0), "tfl-ulez");
	ck_assert_ptr_null(governance_stop_file(world.g, "gw-1", 1));
	ck_assert_ptr_null(governance_stop_file(world.g, "gw-2", 0));
	char *switches = governance_view_switches(world.g, "tfl-ulez", world.now);
	ck_assert_ptr_nonnull(strstr(switches, CLOCK_TEXT((struct utc_ms){seen})));
	free(switches);
	DONE(lapse(5, 0, "tfl-ulez"));
	ck_assert_ptr_null(governance_stop_file(world.g, "gw-1", 0));
	/* nobody sees a file before it is there */
	DONE(lapse_seen(4, 0, "tfl-ulez", world.now.v + 60000));
	governance_pending(world.g, &pending);
	ck_assert_int_eq(pending[1].accepted.v, world.now.v);
}
END_TEST

static struct status enforce(
	const uint64_t *entries, size_t n, const uint32_t *fenced, size_t n_fenced, struct digest hash)
{
	Anpr__V1__FencedPublisher items[8], *list[8];
	Anpr__V1__Enforced e = ANPR__V1__ENFORCED__INIT;
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	for (size_t i = 0; i < n_fenced; i++) {
		anpr__v1__fenced_publisher__init(&items[i]);
		items[i].publisher = fenced[i];
		list[i] = &items[i];
	}
	e.entries = (uint64_t *)(uintptr_t)entries;
	e.n_entries = n;
	e.publishers = list;
	e.n_publishers = n_fenced;
	e.entry_hash = (ProtobufCBinaryData){32, hash.v};
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED;
	body.enforced = &e;
	return world_append(&world, &body, NULL);
}

START_TEST(enforced_is_what_was_fenced)
{
	uint32_t k = murmur2_partition(span_text("tfl-ulez"), 8), other = (k + 1) % 8, none = 8;
	uint32_t both[2] = {k, none};
	world_live(&world);
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	uint64_t off = world_newest(&world), on = off - 1, twice[2] = {off, off};
	struct digest hash = *governance_head(world.g), wrong = {{1}};
	ck_assert_uint_eq(governance_enforced_by(world.g, off), 0);
	REFUSED(enforce(&off, 1, &other, 1, hash), "was not fenced");
	REFUSED(enforce(&off, 1, NULL, 0, hash), "was not fenced");
	REFUSED(enforce(&off, 1, both, 2, hash), "no publisher 8");
	REFUSED(enforce(&off, 1, &k, 1, wrong), "another hash");
	REFUSED(enforce(&on, 1, &k, 1, hash), "does not wait for that");
	REFUSED(enforce(twice, 2, &k, 1, hash), "twice");
	DONE(enforce(&off, 1, &k, 1, hash));
	ck_assert_uint_eq(governance_enforced_by(world.g, off), world_newest(&world));
	ck_assert_uint_eq(n_pending(), 0);
	REFUSED(enforce(&off, 1, &k, 1, hash), "does not wait for that");
	ck_assert_uint_eq(governance_enforced_by(world.g, 4711), 0);
}
END_TEST

START_TEST(two_narrowings_made_good_at_once)
{
	world_live(&world);
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	DONE(world_withdraw(&world, MIA, "A"));
	ck_assert_uint_eq(n_pending(), 2);
	DONE(world_enforce(&world));
	ck_assert_uint_eq(n_pending(), 0);
	ck_assert_uint_eq(governance_enforced_by(world.g, world_newest(&world) - 1), world_newest(&world));
	ck_assert_uint_eq(governance_enforced_by(world.g, world_newest(&world) - 2), world_newest(&world));
}
END_TEST

TCase *case_due(void)
{
	TCase *c = case_with("due");
	tcase_add_test(c, an_off_for_a_while);
	tcase_add_test(c, a_short_off_does_not_shorten_a_long_one);
	tcase_add_test(c, an_on_for_a_while);
	tcase_add_test(c, an_agreement_ends);
	tcase_add_test(c, a_proposal_lapses_when_it_is_due);
	tcase_add_test(c, stop_files);
	tcase_add_test(c, a_stop_file_counts_from_when_it_was_seen);
	tcase_add_test(c, enforced_is_what_was_fenced);
	tcase_add_test(c, two_narrowings_made_good_at_once);
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Agreements: proposed, consented to by all, refused or withdrawn by any.
 */
#include "tests/unit/test_governance.h"

static const char *yaml_a(const char *cameras)
{
	return world_yaml("A", "mps", "anpr.reads", "mps, tfl, mopac", cameras);
}

static void with_register(void)
{
	DONE(world_register(&world, BOB, "tfl-ulez", world_csv));
}

START_TEST(in_force_at_the_last_consent)
{
	with_register();
	DONE(world_agreement(&world, ALICE, yaml_a("\"U-*\"")));
	uint64_t proposal = world_newest(&world);
	ck_assert_ptr_nonnull(strstr(world.effect, "10 of 10 cameras"));
	ck_assert_ptr_nonnull(strstr(world.effect, "still needs the consent of tfl, mopac"));
	REFUSED(world_withdraw(&world, BOB, "A"), "no agreement A");
	DONE(world_approve(&world, BOB, proposal));
	ck_assert_ptr_nonnull(strstr(world.effect, "still needs the consent of mopac"));
	REFUSED(world_on(&world, BOB, "tfl-ulez", "A"), "no agreement A");
	REFUSED(world_approve(&world, BOB, proposal), "has consented");
	REFUSED(world_approve(&world, ALICE, proposal), "has consented");
	REFUSED(world_approve(&world, SAM, proposal), "none of the bodies");
	DONE(world_approve(&world, MIA, proposal));
	ck_assert_ptr_nonnull(strstr(world.effect, "in force at once, off on both sides"));
	REFUSED(world_approve(&world, MIA, proposal), "has taken effect");
	REFUSED(world_refuse(&world, MIA, proposal), "has taken effect");
	/* it begins off, on both sides */
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	DONE(world_on(&world, ALICE, "tfl-ulez", "A"));
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	ck_assert_ptr_nonnull(strstr(world.effect, "still off: tfl over agreement=A"));
	DONE(world_on(&world, BOB, "tfl-ulez", "A"));
	ck_assert_ptr_nonnull(strstr(world.effect, "nothing else is off"));
	ck_assert_uint_eq(world_cameras_on(&world), 10);
}
END_TEST

/* What an agreement must be to be proposed at all. */
static const struct {
	const char *id, *recipient, *topic, *consents;
	enum who who;
	const char *want;
} rows[] = {
	{"B", "mps", "anpr.more", "mps, tfl", ALICE, ""},
	{"B", "btp", "anpr.btp", "btp, tfl", NINA, ""},
	{"B", "btp", "anpr.btp", "btp, tfl", BOB, ""},
	{"B", "mps", "anpr.reads", "mps, tfl", ALICE, "topic anpr.reads is agreement A's"},
	{"B", "btp", "anpr.reads", "btp, tfl", NINA, "topic anpr.reads is agreement A's"},
	{"B", "mps", "anpr.more", "mps, mopac", ALICE, "leave out tfl"},
	{"B", "mps", "anpr.more", "tfl, mopac", BOB, "must include the recipient"},
	{"B", "mps", "anpr.more", "mps, tfl, gchq", ALICE, "gchq, which is no organisation"},
	{"B", "mps", "anpr.more", "mps, tfl, ico", ALICE, "nobody who may consent"},
	{"B", "gchq", "anpr.more", "gchq, tfl", BOB, "recipient gchq is no organisation"},
	{"B", "mps", "anpr.more", "mps, tfl", MIA, "mopac is none of the bodies"},
	{"B", "mps", "anpr.more", "mps, tfl", SAM, "scc is none of the bodies"},
	{"A", "btp", "anpr.reads", "btp, tfl", NINA, "another recipient is another agreement"},
	{"A", "mps", "anpr.reads", "mps, tfl, mopac", ALICE, "in force already"},
};

START_TEST(what_may_be_proposed)
{
	world_agreed(&world);
	struct status s = world_agreement(&world, rows[_i].who,
		world_yaml(rows[_i].id, rows[_i].recipient, rows[_i].topic, rows[_i].consents, "\"U-*\""));
	if (*rows[_i].want)
		REFUSED(s, rows[_i].want);
	else
		DONE(s);
}
END_TEST

START_TEST(what_is_no_agreement)
{
	with_register();
	REFUSED(world_agreement(&world, ALICE, "agreement: A\n"), "");
	REFUSED(world_agreement(&world, ALICE, "{{{"), "");
	char *other = strdup(yaml_a("U-0"));
	char *at = strstr(other, "tfl-ulez");
	memcpy(at, "tfl-none", 8);
	REFUSED(world_agreement(&world, ALICE, other), "tfl-none is no partner");
	free(other);
	world_wait(&world, 400 * DAY_MS);
	REFUSED(world_agreement(&world, ALICE, yaml_a("U-0")), "which is past");
}
END_TEST

START_TEST(nothing_is_shared_of_what_is_not_registered)
{
	REFUSED(world_agreement(&world, ALICE, yaml_a("U-0")), "no camera register yet");
}
END_TEST

START_TEST(the_same_text_twice)
{
	with_register();
	DONE(world_agreement(&world, ALICE, yaml_a("U-0")));
	REFUSED(world_agreement(&world, BOB, yaml_a("U-0")), "is proposed already");
	DONE(world_agreement(&world, BOB, yaml_a("U-1")));
}
END_TEST

START_TEST(a_text_that_is_not_there)
{
	with_register();
	struct document_store *all = world.documents, *none = document_store_new();
	struct governance *g = world.g;
	(void)g;
	world_ask(&world);
	const char *text = yaml_a("U-0");
	struct digest sha256 = digest_of(span_text(text));
	world.c.ask_case = ANPR__V1__COMMAND__ASK_PROPOSE;
	world.c.propose = &world.propose;
	world.document.kind = ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT;
	world.document.size = strlen(text);
	world.sha256 = sha256;
	world.document.sha256 = (ProtobufCBinaryData){32, world.sha256.v};
	REFUSED(world_send(&world, ALICE), "not there");
	/* the right hash with the wrong size */
	ck_assert(ok(document_store_put(world.documents, span_text(text), &sha256)));
	world.document.size++;
	REFUSED(world_send(&world, ALICE), "not there");
	world.document.size--;
	DONE(world_send(&world, ALICE));
	document_store_free(none);
	world.documents = all;
}
END_TEST

START_TEST(any_body_refuses)
{
	with_register();
	DONE(world_agreement(&world, ALICE, yaml_a("U-0")));
	uint64_t proposal = world_newest(&world);
	DONE(world_approve(&world, BOB, proposal));
	DONE(world_refuse(&world, MIA, proposal));
	REFUSED(world_approve(&world, MIA, proposal), "was refused");
	REFUSED(world_refuse(&world, BOB, proposal), "was refused");
	REFUSED(world_approve(&world, BOB, 4711), "no proposal 4711");
	REFUSED(world_approve(&world, BOB, 1), "no proposal 1");
}
END_TEST

START_TEST(a_proposal_lapses)
{
	with_register();
	DONE(world_agreement(&world, ALICE, yaml_a("U-0")));
	uint64_t proposal = world_newest(&world);
	world_wait(&world, 30 * DAY_MS - 1);
	DONE(world_approve(&world, BOB, proposal));
	world_wait(&world, 1);
	REFUSED(world_approve(&world, MIA, proposal), "has lapsed"); /* also before it is journaled */
	world_due(&world);
	REFUSED(world_approve(&world, MIA, proposal), "has lapsed");
	REFUSED(world_refuse(&world, MIA, proposal), "has lapsed");
	DONE(world_agreement(&world, ALICE, yaml_a("U-0")));
}
END_TEST

START_TEST(withdrawn_it_returns_by_full_consent_only)
{
	world_live(&world);
	ck_assert_uint_eq(world_cameras_on(&world), 10);
	/* a new version has all consents but one when the agreement is withdrawn */
	DONE(world_agreement(&world, ALICE, yaml_a(WORLD_WIDER)));
	uint64_t proposal = world_newest(&world);
	DONE(world_approve(&world, BOB, proposal));
	DONE(world_withdraw(&world, BOB, "A"));
	ck_assert(world.narrows && world.fences);
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	REFUSED(world_approve(&world, MIA, proposal), "overtaken");
	REFUSED(world_withdraw(&world, BOB, "A"), "no agreement A");
	REFUSED(world_on(&world, BOB, "tfl-ulez", "A"), "no agreement A");
	DONE(world_agreement(&world, ALICE, yaml_a("\"U-*\"")));
	proposal = world_newest(&world);
	DONE(world_approve(&world, BOB, proposal));
	DONE(world_approve(&world, MIA, proposal));
	/* and it begins off again */
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 0);
	DONE(world_on(&world, BOB, "tfl-ulez", "A"));
	DONE(world_on(&world, ALICE, "tfl-ulez", "A"));
	ck_assert_uint_eq(world_cameras_on(&world), 10);
}
END_TEST

START_TEST(a_later_version_keeps_the_switches)
{
	const struct pending *pending;
	world_live(&world);
	DONE(world_agreement(&world, BOB, yaml_a(WORLD_WIDER)));
	ck_assert_ptr_nonnull(strstr(world.effect, "agreement A: 4 cameras fewer, 1 camera under other "
						   "rules, whose switches may stand otherwise"));
	uint64_t proposal = world_newest(&world);
	DONE(world_approve(&world, ALICE, proposal));
	ck_assert_uint_eq(governance_pending(world.g, &pending), 0);
	DONE(world_approve(&world, MIA, proposal));
	ck_assert(!world.narrows && world.fences); /* it takes cameras away as well */
	ck_assert_uint_eq(governance_pending(world.g, &pending), 1);
	ck_assert_uint_eq(pending[0].entry, world_newest(&world));
	ck_assert_str_eq(pending[0].partners[0], "tfl-ulez");
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), 6);
}
END_TEST

/* The agreement in force with one thing otherwise. */
static const char *version(const char *from, const char *to)
{
	static char text[4096];
	const char *all = yaml_a("\"U-*\""), *at = strstr(all, from);
	ck_assert_ptr_nonnull(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - all), all, to, at + strlen(from));
	return text;
}

static const struct {
	const char *from, *to;
	bool narrows;
	const char *words;
	size_t on; /* cameras, a moment later */
} versions[] = {
	{"[\"U-*\"]", "[U-1]", true, "5 cameras fewer", 5},
	{"[\"U-*\"]", "[\"X-*\"]", true, "5 cameras fewer", 5},
	{"2027-10-31T23:59:59Z", "2027-09-30T23:59:59Z", true, "31 days earlier", 10},
	{"365d", "30d", true, "kept for 30 days, before 365 days", 10},
	{"[speed_kph]", "[speed_kph, heading, position]", true, "heading and position dropped", 10},
	{"0.7", "0.8", true, "confidence from 0.8", 10},
	{"max_age: 24h", "max_age: 1h", true, "age at most 1 hour", 10},
	{"[serious-crime, counter-terrorism]", "[serious-crime]", true, "purposes removed", 10},
	{"verifiers: [\"User:CN=verifier,O=ico\"]\n", "", true, "verifiers removed", 10},
	{"2027-05-01", "2027-04-01", true, "review by 2027-04-01", 10},
	{"name: inner", "name: outer", false, "under other rules", 10},
	{"365d", "366d", false, "kept for 366 days", 10},
	{"share: [read]", "share: [read, overview]", false, "overview images now included", 10},
	{"necessity: C", "necessity: All c", false, "text of necessity changed", 10},
	{"clock_bound: 2s", "clock_bound: 1s", false, "clocks wrong by at most", 10},
	{"2027-10-31T23:59:59Z", "2028-10-31T23:59:59Z", false, "366 days later", 10},
	{"mopac]", "mopac, scc]", false, "consenting bodies added: scc", 10},
	{"[\"U-*\"]", "[U-1, \"U-*\"]", false, "changes nothing", 10},
	{"kinds: [vrm]\nshare: [read]\ndrop: [speed_kph]",
		"kinds: [hashed_tag]\nshare: [read]\ndrop: [speed_kph]", false,
		"hashed tags now included, plates no longer included", 10},
};

/* Any body of the agreement may have it narrower at once; whatever else there is in a version waits. */
START_TEST(a_version_that_only_narrows)
{
	const struct pending *pending;
	const char *text = version(versions[_i].from, versions[_i].to);
	world_live(&world);
	DONE(world_agreement(&world, MIA, text));
	ck_assert_msg(strstr(world.effect, versions[_i].words) != NULL, "%s", world.effect);
	ck_assert_msg(world.narrows == versions[_i].narrows, "%s", world.effect);
	ck_assert(world.fences == versions[_i].narrows);
	ck_assert_uint_eq(governance_pending(world.g, &pending), versions[_i].narrows);
	ck_assert((strstr(world.effect, "still needs the consent of ") != NULL) != versions[_i].narrows);
	world_wait(&world, 1);
	ck_assert_uint_eq(world_cameras_on(&world), versions[_i].on);
	if (versions[_i].narrows) {
		REFUSED(world_approve(&world, BOB, world_newest(&world)), "has taken effect");
		REFUSED(world_agreement(&world, ALICE, text), "in force already");
		DONE(world_enforce(&world));
	} else {
		DONE(world_approve(&world, BOB, world_newest(&world)));
	}
}
END_TEST

START_TEST(who_may_narrow)
{
	world_live(&world);
	char *narrower = strdup(version("365d", "30d")), *wider = strdup(version("365d", "999d"));
	REFUSED(world_agreement(&world, SAM, narrower), "none of the bodies");
	REFUSED(world_agreement(&world, IRIS, narrower), "may not decide");
	/* what is narrower is so against what is in force, not against what was proposed */
	DONE(world_agreement(&world, ALICE, wider));
	uint64_t waiting = world_newest(&world);
	DONE(world_approve(&world, BOB, waiting));
	DONE(world_agreement(&world, BOB, narrower));
	ck_assert(world.narrows);
	REFUSED(world_approve(&world, MIA, waiting), "overtaken");
	/* and going back is wider */
	DONE(world_agreement(&world, BOB, yaml_a("\"U-*\"")));
	ck_assert(!world.narrows);
	ck_assert_ptr_nonnull(strstr(
		world.effect, "kept for 365 days, before 30 days; still needs the consent of mps, mopac"));
	free(narrower);
	free(wider);
}
END_TEST

START_TEST(a_connection_alone_narrows_an_agreement)
{
	world_live(&world);
	DONE(world_agreement(&world, ALICE, version("365d", "366d")));
	REFUSED(world_agreement(&world, SAM, version("365d", "364d")), "none of the bodies");
	random_bytes(world.nonce, sizeof world.nonce);
	world.kind = ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED;
	DONE(world_send(&world, MIA));
	ck_assert(world.narrows);
	REFUSED(world_agreement(&world, SAM, version("365d", "367d")), "none of the bodies");
	random_bytes(world.nonce, sizeof world.nonce);
	world.head = *governance_head(world.g);
	world.c.head_sequence = governance_sequence(world.g);
	world.kind = ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED;
	REFUSED(world_send(&world, BOB), "own signature");
}
END_TEST

/* The register less a camera. */
static const char *without(const char *camera)
{
	static char text[4096];
	const char *at = strstr(world_csv, camera);
	ck_assert_ptr_nonnull(at);
	snprintf(text, sizeof text, "%.*s%s", (int)(at - world_csv), world_csv, strchr(at, '\n') + 1);
	return text;
}

/* Looked at when it is shown, not when it was proposed. */
START_TEST(what_is_shown_is_against_what_is_in_force)
{
	world_live(&world);
	DONE(world_agreement(&world, ALICE, version("365d", "730d")));
	uint64_t proposal = world_newest(&world);
	char *view = governance_view_proposals(world.g, proposal, false);
	ck_assert_msg(strstr(view, "\"words\":\"agreement A: kept for 730 days, before 365 days\"") != NULL,
		"%s", view);
	free(view);
	DONE(world_register(&world, BOB, "tfl-ulez", without("U-7")));
	view = governance_view_proposals(world.g, proposal, true);
	ck_assert_msg(strstr(view, "1 camera fewer not live yet, kept for 730 days") != NULL, "%s", view);
	ck_assert_msg(strstr(view, "\"removed\":[\"U-7\"]") != NULL, "%s", view);
	free(view);
	DONE(world_approve(&world, BOB, proposal));
	ck_assert_ptr_nonnull(strstr(world.effect, "1 camera fewer not live yet, kept for 730 days"));
	DONE(world_refuse(&world, MIA, proposal));
	view = governance_view_proposals(world.g, proposal, true);
	ck_assert_ptr_nonnull(strstr(view, "\"change\":null"));
	free(view);
	view = governance_view_proposals(world.g, 4711, true);
	ck_assert_str_eq(view, "[]");
	free(view);
}
END_TEST

START_TEST(nobody_is_dropped_without_being_asked)
{
	world_live(&world);
	DONE(world_agreement(&world, ALICE, world_yaml("A", "mps", "anpr.reads", "mps, tfl", "\"U-*\"")));
	uint64_t proposal = world_newest(&world);
	DONE(world_approve(&world, BOB, proposal));
	ck_assert_ptr_nonnull(strstr(world.effect, "still needs the consent of mopac"));
	DONE(world_approve(&world, MIA, proposal));
	ck_assert_ptr_nonnull(strstr(world.effect, "at once"));
	DONE(world_agreement(&world, ALICE, yaml_a("\"U-*\"")));
}
END_TEST

START_TEST(what_was_overtaken_is_over)
{
	with_register();
	DONE(world_agreement(&world, ALICE, yaml_a("U-0")));
	uint64_t first = world_newest(&world);
	DONE(world_agreement(&world, BOB, yaml_a("U-1")));
	uint64_t second = world_newest(&world);
	DONE(world_approve(&world, ALICE, second));
	DONE(world_approve(&world, MIA, second));
	REFUSED(world_approve(&world, BOB, first), "overtaken");
}
END_TEST

START_TEST(two_proposals_for_one_topic)
{
	with_register();
	DONE(world_agreement(&world, ALICE, world_yaml("A", "mps", "anpr.reads", "mps, tfl", "U-0")));
	uint64_t a = world_newest(&world);
	DONE(world_agreement(&world, ALICE, world_yaml("B", "mps", "anpr.reads", "mps, tfl", "U-1")));
	uint64_t b = world_newest(&world);
	DONE(world_approve(&world, BOB, a));
	REFUSED(world_approve(&world, BOB, b), "topic anpr.reads is agreement A's");
}
END_TEST

START_TEST(no_more_agreements_than_policy_holds)
{
	char id[16], topic[16];
	with_register();
	for (int i = 0; i <= 8; i++) {
		snprintf(id, sizeof id, "A-%d", i);
		snprintf(topic, sizeof topic, "topic-%d", i);
		struct status s =
			world_agreement(&world, ALICE, world_yaml(id, "mps", topic, "mps, tfl", "U-0"));
		if (i == 8)
			REFUSED(s, "8 agreements already");
		else
			DONE(s);
		if (i < 8)
			DONE(world_approve(&world, BOB, world_newest(&world)));
	}
}
END_TEST

TCase *case_consent(void)
{
	TCase *c = case_with("consent");
	tcase_add_test(c, in_force_at_the_last_consent);
	tcase_add_loop_test(c, what_may_be_proposed, 0, ROWS(rows));
	tcase_add_test(c, what_is_no_agreement);
	tcase_add_test(c, nothing_is_shared_of_what_is_not_registered);
	tcase_add_test(c, the_same_text_twice);
	tcase_add_test(c, a_text_that_is_not_there);
	tcase_add_test(c, any_body_refuses);
	tcase_add_test(c, a_proposal_lapses);
	tcase_add_test(c, withdrawn_it_returns_by_full_consent_only);
	tcase_add_test(c, a_later_version_keeps_the_switches);
	tcase_add_loop_test(c, a_version_that_only_narrows, 0, ROWS(versions));
	tcase_add_test(c, who_may_narrow);
	tcase_add_test(c, a_connection_alone_narrows_an_agreement);
	tcase_add_test(c, what_is_shown_is_against_what_is_in_force);
	tcase_add_test(c, nobody_is_dropped_without_being_asked);
	tcase_add_test(c, what_was_overtaken_is_over);
	tcase_add_test(c, two_proposals_for_one_topic);
	tcase_add_test(c, no_more_agreements_than_policy_holds);
	return c;
}

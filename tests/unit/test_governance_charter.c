/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may speak at all: organisations, their CAs and people, partners, nodes' keys, revocation lists.
 */
#include "tests/unit/test_governance.h"

#include <stdio.h>

#define ORGANISATION ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_ORGANISATION
#define PARTNER      ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_PARTNER
#define NODE_KEY     ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_NODE_KEY
#define REVOCATION   ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REVOCATION_LIST

static struct status propose(enum who who, Anpr__V1__DocumentKind kind, const char *text)
{
	return world_propose(&world, who, kind, span_text(text));
}

/* A PEM text as a block of YAML. Appended. */
static void block(struct buffer *out, const char *key, struct span pem)
{
	ck_assert(ok(buffer_format(out, "%s: |\n", key)));
	for (size_t at = 0; at < pem.n;) {
		const uint8_t *end = memchr(pem.p + at, '\n', pem.n - at);
		size_t n = (end ? (size_t)(end - pem.p) + 1 : pem.n) - at;
		ck_assert(
			ok(buffer_append_text(out, "  ")) && ok(buffer_append(out, span_of(pem.p + at, n))));
		at += n;
	}
}

/* An organisation's text; `ca` NULL = none in it. Static, overwritten by the next call. */
static const char *charter(const char *id, const struct pki_cert *ca, const char *people)
{
	static char text[8192];
	struct buffer b = {0};
	ck_assert(ok(buffer_format(&b, "organisation: %s\n", id)));
	if (ca)
		block(&b, "ca", buffer_span(&ca->pem));
	ck_assert(ok(buffer_format(&b, "people: [%s]\n", people)));
	snprintf(text, sizeof text, "%s", buffer_text(&b));
	buffer_free(&b);
	return text;
}

#define BOB_IS   "{subject: CN=bob, roles: [controller]}"
#define CAROL_IS "{subject: CN=carol, roles: [controller]}"
#define ALICE_IS "{subject: CN=alice, roles: [policy-admin]}"
#define OMAR_IS  "{subject: CN=omar, roles: [operator]}"

static struct pki_cert make_ca(const char *name)
{
	struct pki_cert ca;
	pki_make(&ca,
		&(struct pki_want){name, "CA", {START_MS - DAY_MS}, {START_MS + 1000 * DAY_MS}, NULL, NULL},
		NULL);
	return ca;
}

START_TEST(people_come_by_consent_of_those_who_share)
{
	world_agreed(&world); /* mps, tfl, mopac share an agreement */
	DONE(propose(BOB, ORGANISATION, charter("tfl", NULL, BOB_IS "," CAROL_IS)));
	uint64_t proposal = world_newest(&world);
	ck_assert_ptr_nonnull(strstr(world.effect, "organisation tfl; CN=carol comes in as controller"));
	ck_assert_ptr_nonnull(strstr(world.effect, "still needs the consent of mps, mopac"));
	ck_assert_uint_eq(governance_roles(world.g, "tfl", "CN=carol"), 0);
	REFUSED(world_approve(&world, BOB, proposal), "tfl has consented to proposal");
	REFUSED(world_approve(&world, SAM, proposal), "yours is none of the bodies that it asks");
	REFUSED(world_approve(&world, IRIS, proposal), "may not decide");
	DONE(world_approve(&world, ALICE, proposal));
	ck_assert_uint_eq(governance_roles(world.g, "tfl", "CN=carol"), 0);
	DONE(world_approve(&world, MIA, proposal));
	ck_assert_ptr_nonnull(strstr(world.effect, "in force at once"));
	ck_assert_uint_eq(governance_roles(world.g, "tfl", "CN=carol"), 1u << 2);
	REFUSED(world_approve(&world, MIA, proposal), "has taken effect");
	REFUSED(propose(BOB, ORGANISATION, charter("tfl", NULL, CAROL_IS "," BOB_IS)),
		"changes nothing of tfl");
}
END_TEST

/* Where a body shares no agreement all are asked that have anybody who decides: here all but ico. */
START_TEST(without_agreements_all_are_asked)
{
	DONE(propose(
		SAM, ORGANISATION, charter("scc", NULL, "{subject: CN=sam, roles: [controller]}," CAROL_IS)));
	uint64_t proposal = world_newest(&world);
	ck_assert_ptr_nonnull(strstr(world.effect, "still needs the consent of mps, tfl, mopac, btp"));
	enum who all[] = {ALICE, BOB, MIA, NINA};
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(governance_roles(world.g, "scc", "CN=carol"), 0);
		DONE(world_approve(&world, all[i], proposal));
	}
	ck_assert_uint_eq(governance_roles(world.g, "scc", "CN=carol"), 1u << 2);
}
END_TEST

START_TEST(a_body_removes_its_own_people_alone)
{
	world_agreed(&world);
	DONE(propose(ALICE, ORGANISATION, charter("mps", NULL, ALICE_IS)));
	ck_assert_ptr_nonnull(strstr(world.effect, "CN=omar is removed as operator; in force at once"));
	ck_assert_uint_eq(governance_roles(world.g, "mps", "CN=omar"), 0);
	/* but nobody else's */
	DONE(propose(ALICE, ORGANISATION, charter("tfl", NULL, "")));
	ck_assert_ptr_nonnull(strstr(world.effect, "still needs the consent of tfl, mopac"));
	ck_assert_uint_eq(governance_roles(world.g, "tfl", "CN=bob"), 1u << 2);
	REFUSED(propose(SAM, ORGANISATION, charter("tfl", NULL, "")),
		"scc is none of the bodies that consent to a change of organisation tfl");
	/* who was removed says nothing any more */
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP;
	world.c.acknowledge_gap = &world.gap;
	world.gap.partner = "tfl-ulez";
	REFUSED(world_send(&world, OMAR), "CN=omar is none of mps's people");
}
END_TEST

START_TEST(what_is_removed_is_and_the_rest_waits)
{
	world_agreed(&world);
	DONE(propose(ALICE, ORGANISATION, charter("mps", NULL, ALICE_IS "," CAROL_IS)));
	uint64_t proposal = world_newest(&world);
	ck_assert_ptr_nonnull(strstr(world.effect, "what is removed is"));
	ck_assert_uint_eq(governance_roles(world.g, "mps", "CN=omar"), 0);
	ck_assert_uint_eq(governance_roles(world.g, "mps", "CN=carol"), 0);
	DONE(world_approve(&world, BOB, proposal));
	DONE(world_approve(&world, MIA, proposal));
	ck_assert_uint_eq(governance_roles(world.g, "mps", "CN=carol"), 1u << 2);
}
END_TEST

/* Consents to bringing omar's like back were given against a list that is no longer. */
START_TEST(a_removal_overtakes_what_is_proposed)
{
	world_agreed(&world);
	DONE(propose(ALICE, ORGANISATION, charter("mps", NULL, ALICE_IS "," OMAR_IS "," CAROL_IS)));
	uint64_t proposal = world_newest(&world);
	DONE(propose(ALICE, ORGANISATION, charter("mps", NULL, ALICE_IS)));
	REFUSED(world_approve(&world, BOB, proposal), "overtaken by a later decision");
}
END_TEST

START_TEST(a_proposal_changed_meanwhile_is_stale)
{
	world_agreed(&world);
	DONE(propose(ALICE, ORGANISATION, charter("tfl", NULL, BOB_IS "," CAROL_IS)));
	uint64_t proposal = world_newest(&world);
	struct digest head = *governance_head(world.g);
	DONE(world_approve(&world, BOB, proposal));
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_APPROVE;
	world.c.approve = &world.approve;
	world.approve.proposal = proposal;
	world.c.head_sequence = proposal;
	world.head = head;
	REFUSED(world_send(&world, MIA), "(approve) was made about organisation tfl since entry");
}
END_TEST

START_TEST(a_proposal_lapses)
{
	world_agreed(&world);
	DONE(propose(ALICE, ORGANISATION, charter("tfl", NULL, BOB_IS "," CAROL_IS)));
	uint64_t proposal = world_newest(&world);
	world_wait(&world, 30 * DAY_MS);
	REFUSED(world_approve(&world, BOB, proposal), "has lapsed after 30 days");
	world_due(&world);
	REFUSED(world_approve(&world, BOB, proposal), "has lapsed after 30 days");
}
END_TEST

START_TEST(a_new_organisation)
{
	struct pki_cert ca = make_ca("gmp");
	world_agreed(&world);
	REFUSED(propose(ALICE, ORGANISATION, charter("gmp", NULL, CAROL_IS)), "is new and has no CA");
	REFUSED(propose(ALICE, ORGANISATION, charter("gmp", world_ca("tfl"), CAROL_IS)),
		"the CA of organisation gmp is tfl's");
	DONE(propose(ALICE, ORGANISATION, charter("gmp", &ca, CAROL_IS)));
	uint64_t proposal = world_newest(&world);
	ck_assert_ptr_nonnull(strstr(world.effect, "needs the consent of tfl, mopac, scc, btp"));
	enum who rest[] = {BOB, MIA, SAM, NINA};
	for (int i = 0; i < 4; i++)
		DONE(world_approve(&world, rest[i], proposal));
	ck_assert_uint_eq(governance_roles(world.g, "gmp", "CN=carol"), 1u << 2);
	const struct governance_organisation *list;
	ck_assert_uint_eq(governance_organisations(world.g, &list), 7);
	pki_free(&ca);
}
END_TEST

/* The same subject by the old CA says nothing any more; by the new one it does. */
START_TEST(another_ca)
{
	struct pki_cert ca = make_ca("tfl"), bob;
	pki_make(&bob,
		&(struct pki_want){NULL, "bob", {START_MS - DAY_MS}, {START_MS + DAY_MS}, PKI_PERSON, NULL},
		&ca);
	world_agreed(&world);
	REFUSED(propose(BOB, ORGANISATION, charter("tfl", world_ca("mps"), BOB_IS)), "is mps's");
	DONE(propose(BOB, ORGANISATION, charter("tfl", &ca, BOB_IS)));
	uint64_t proposal = world_newest(&world);
	ck_assert_ptr_nonnull(strstr(world.effect, "its CA is another, SHA-256 "));
	DONE(world_off(&world, BOB, "tfl-ulez", "A"));
	DONE(world_approve(&world, ALICE, proposal));
	DONE(world_approve(&world, MIA, proposal));
	REFUSED(world_off(&world, BOB, "tfl-ulez", "A"), "signature:");
	struct pki_cert old = *world_cert(BOB);
	*world_cert(BOB) = bob;
	DONE(world_off(&world, BOB, "tfl-ulez", "A"));
	*world_cert(BOB) = old;
	pki_free(&bob);
	pki_free(&ca);
}
END_TEST

/* --- partners --- */

START_TEST(partners)
{
	static const char subjects[] =
		"partner: sheffield\norganisation: scc\npush_subjects: [CN=sheffield]\n";
	static const char moved[] = "partner: tfl-ulez\norganisation: mps\n";
	static const char new[] = "partner: leeds\norganisation: scc\nclock_bound: 5s\n";
	const struct governance_partner *list;
	world_agreed(&world);
	REFUSED(propose(ALICE, PARTNER, moved), "cannot go to mps while it has an agreement");
	REFUSED(propose(ALICE, PARTNER, "partner: x\norganisation: nobody\n"), "nobody is no organisation");
	REFUSED(propose(SAM, PARTNER, "partner: sheffield\norganisation: scc\n"),
		"changes nothing of sheffield");
	REFUSED(propose(BOB, PARTNER, subjects), "tfl is none of the bodies");
	DONE(propose(SAM, PARTNER, subjects)); /* it has no agreement: its own organisation's */
	ck_assert_uint_eq(governance_partners(world.g, &list), 2);
	ck_assert_uint_eq(list[1].n_push_subjects, 1);
	ck_assert_str_eq(list[1].push_subjects[0], "CN=sheffield");
	DONE(propose(SAM, PARTNER, new));
	uint64_t proposal = world_newest(&world);
	enum who rest[] = {ALICE, BOB, MIA, NINA};
	for (int i = 0; i < 4; i++)
		DONE(world_approve(&world, rest[i], proposal));
	ck_assert_uint_eq(governance_partners(world.g, &list), 3);
	ck_assert_str_eq(list[2].id, "leeds");
	ck_assert_int_eq(list[2].clock_bound_ms, 5000);
	DONE(world_register(&world, SAM, "leeds", world_csv));
}
END_TEST

/* --- node keys --- */

static const char *node_text(const char *node, const uint8_t *added, const uint8_t *retired)
{
	static char text[1024];
	struct buffer b = {0}, pem = {0}, old = {0};
	ck_assert(ok(buffer_format(&b, "node: %s\n", node)));
	if (added) {
		pki_public_key(&pem, added);
		block(&b, "key", buffer_span(&pem));
	}
	if (retired) {
		pki_public_key(&old, retired);
		block(&b, "retire", buffer_span(&old));
	}
	snprintf(text, sizeof text, "%s", buffer_text(&b));
	buffer_free(&b);
	buffer_free(&pem);
	buffer_free(&old);
	return text;
}

/* An entry that nothing but the node's key decides about. */
static struct status stop_file(bool there)
{
	Anpr__V1__Lapse l = ANPR__V1__LAPSE__INIT;
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	l.cause = there ? ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE
			: ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE_REMOVED;
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE;
	body.lapse = &l;
	return world_append(&world, &body, NULL);
}

static void agree_key(const char *text)
{
	DONE(propose(ALICE, NODE_KEY, text));
	uint64_t proposal = world_newest(&world);
	DONE(world_approve(&world, BOB, proposal));
	DONE(world_approve(&world, MIA, proposal));
}

START_TEST(a_key_in_place_of_another)
{
	world_agreed(&world);
	REFUSED(propose(SAM, NODE_KEY, node_text("gw-1", world.stranger_public, world.node_public)),
		"scc is none of the bodies that consent to a change of node gw-1");
	DONE(propose(ALICE, NODE_KEY, node_text("gw-1", world.stranger_public, world.node_public)));
	uint64_t proposal = world_newest(&world);
	ck_assert_ptr_nonnull(strstr(world.effect, "is retired by the first entry signed with the new one"));
	world.signs_as = world.stranger;
	REFUSED(stop_file(true), "is not signed by a key of node gw-1");
	world.signs_as = NULL;
	DONE(world_approve(&world, BOB, proposal));
	DONE(world_approve(&world, MIA, proposal));
	/* both are good until the new one is used */
	ck_assert(governance_node_key_valid(world.g, "gw-1", world.node_public));
	ck_assert(governance_node_key_valid(world.g, "gw-1", world.stranger_public));
	ck_assert(!governance_node_key_valid(world.g, "gw-2", world.stranger_public));
	DONE(world_off(&world, BOB, "tfl-ulez", "A"));
	ck_assert(governance_node_key_valid(world.g, "gw-1", world.node_public));
	world.signs_as = world.stranger;
	DONE(world_off(&world, ALICE, "tfl-ulez", "A"));
	ck_assert(!governance_node_key_valid(world.g, "gw-1", world.node_public));
	/* what the old one signs from here on is nobody's */
	world.signs_as = NULL;
	REFUSED(stop_file(true), "is not signed by a key of node gw-1");
	world.signs_as = world.stranger;
	DONE(world_on(&world, BOB, "tfl-ulez", "A"));
	/* what it signed before is still to be verified by it */
	const uint8_t(*keys)[32];
	ck_assert_uint_eq(governance_node_keys(world.g, &keys), 2);
	ck_assert_mem_eq(keys[0], world.node_public, 32);
}
END_TEST

START_TEST(keys_are_added_and_retired)
{
	world_agreed(&world);
	REFUSED(propose(ALICE, NODE_KEY, node_text("gw-2", world.node_public, NULL)),
		"is node gw-1's already");
	REFUSED(propose(ALICE, NODE_KEY, node_text("gw-1", NULL, world.node_public)), "the only key left");
	REFUSED(propose(ALICE, NODE_KEY, node_text("gw-2", NULL, world.node_public)),
		"none that node gw-2 signs with");
	agree_key(node_text("gw-2", world.stranger_public, NULL));
	ck_assert(governance_node_key_valid(world.g, "gw-2", world.stranger_public));
	agree_key(node_text("gw-2", NULL, world.stranger_public));
	ck_assert(!governance_node_key_valid(world.g, "gw-2", world.stranger_public));
	REFUSED(propose(ALICE, NODE_KEY, node_text("gw-2", world.stranger_public, NULL)),
		"is node gw-2's already, or was");
}
END_TEST

/* --- revocation lists --- */

static struct status revoke(enum who who, const char *ca, enum who whom, long number)
{
	struct buffer der = {0};
	pki_revoke(&der, world_ca(ca), world_cert(whom), number, world.now);
	struct status s = world_propose(&world, who, REVOCATION, buffer_span(&der));
	buffer_free(&der);
	return s;
}

START_TEST(what_is_revoked_says_nothing_any_more)
{
	struct digest before;
	world_live(&world);
	DONE(world_off(&world, BOB, "tfl-ulez", "A"));
	before = *governance_head(world.g);
	REFUSED(revoke(ALICE, "tfl", BOB, 1), "is not by mps's CA");
	REFUSED(revoke(IRIS, "ico", IRIS, 1), "may not decide");
	DONE(revoke(BOB, "tfl", BOB, 1)); /* somebody has his key: he says so with it himself */
	ck_assert_ptr_nonnull(strstr(world.effect, "1 certificates of tfl's CA are revoked"));
	ck_assert(!digest_equal(&before, governance_head(world.g)));
	REFUSED(world_off(&world, BOB, "tfl-ulez", "A"), "revoked");
	REFUSED(world_withdraw(&world, BOB, "A"), "revoked");
	world_ask(&world);
	world.kind = ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED;
	world.c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	world.c.set_switch = &world.sw;
	world.sw.partner = "tfl-ulez";
	world.sw.position = ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF;
	REFUSED(world_send(&world, BOB), "revoked");
	/* a list long after its time still revokes, and stops nobody else */
	world_wait(&world, 200 * DAY_MS);
	REFUSED(world_off(&world, BOB, "tfl-ulez", "A"), "revoked");
	DONE(world_off(&world, ALICE, "tfl-ulez", "A"));
}
END_TEST

START_TEST(lists_only_go_forward)
{
	struct buffer junk = {0};
	DONE(revoke(ALICE, "mps", MALLORY, 5));
	REFUSED(revoke(ALICE, "mps", OMAR, 5), "not newer than the one in force");
	REFUSED(revoke(ALICE, "mps", OMAR, 4), "not newer");
	DONE(revoke(ALICE, "mps", OMAR, 6));
	ck_assert(ok(buffer_append_text(&junk, "no list")));
	REFUSED(world_propose(&world, ALICE, REVOCATION, buffer_span(&junk)),
		"not a certificate revocation list");
	buffer_free(&junk);
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP;
	world.c.acknowledge_gap = &world.gap;
	world.gap.partner = "tfl-ulez";
	REFUSED(world_send(&world, OMAR), "revoked");
}
END_TEST

/* --- texts that are none --- */

static const struct {
	Anpr__V1__DocumentKind kind;
	const char *text, *want;
} texts[] = {
	{ORGANISATION, "organisation: tfl\n", "text:1:1: 'people' is missing"},
	{ORGANISATION, "organisation: tfl\npeople: [{subject: bob, roles: [controller]}]\n",
		"text:2:20: a subject"},
	{ORGANISATION, "organisation: tfl\npeople:\n- {subject: CN=b, roles: [king]}\n", "text:3:"},
	{ORGANISATION, "organisation: tfl\npeople: [" BOB_IS "," BOB_IS "]\n", "this person is there twice"},
	{ORGANISATION, "organisation: tfl\nca: x\npeople: []\n",
		"text:2:5: 'ca' holds the CA's certificates"},
	{ORGANISATION, "organisation: tfl\nca: |\n  -----BEGIN PRIVATE KEY-----\npeople: []\n",
		"a private key"},
	{ORGANISATION, "organisation: tfl\npeople: []\nroles: []\n", "text:3:1: unknown key 'roles'"},
	{PARTNER, "partner: a b\norganisation: tfl\n", "text:1:10: 'partner' is not an id"},
	{PARTNER, "partner: x\norganisation: tfl\nclock_bound: 2 weeks\n", "text:3:14:"},
	{PARTNER, "partner: x\norganisation: tfl\npush_subjects: [CN=a, CN=a]\n",
		"this subject is there twice"},
	{NODE_KEY, "node: gw-2\n", "neither a 'key' to be added nor one to 'retire'"},
	{NODE_KEY, "node: gw-2\nkey: x\n", "text:2:6: 'key' holds a public key"},
	{NODE_KEY, "node: [gw-2\n", "not YAML"},
};

START_TEST(what_is_no_charter)
{
	REFUSED(propose(ALICE, texts[_i].kind, texts[_i].text), texts[_i].want);
}
END_TEST

TCase *case_charter(void)
{
	TCase *c = case_with("charter");
	tcase_add_test(c, people_come_by_consent_of_those_who_share);
	tcase_add_test(c, without_agreements_all_are_asked);
	tcase_add_test(c, a_body_removes_its_own_people_alone);
	tcase_add_test(c, what_is_removed_is_and_the_rest_waits);
	tcase_add_test(c, a_removal_overtakes_what_is_proposed);
	tcase_add_test(c, a_proposal_changed_meanwhile_is_stale);
	tcase_add_test(c, a_proposal_lapses);
	tcase_add_test(c, a_new_organisation);
	tcase_add_test(c, another_ca);
	tcase_add_test(c, partners);
	tcase_add_test(c, a_key_in_place_of_another);
	tcase_add_test(c, keys_are_added_and_retired);
	tcase_add_test(c, what_is_revoked_says_nothing_any_more);
	tcase_add_test(c, lists_only_go_forward);
	tcase_add_loop_test(c, what_is_no_charter, 0, ROWS(texts));
	return c;
}

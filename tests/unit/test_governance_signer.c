/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may command what: signatures, organisations, roles, what a connection alone may do, what was seen.
 */
#include "gateway/record/decode.h"
#include "tests/unit/test_governance.h"

enum asked { OFF, ON, PROPOSE, APPROVE, REFUSE, WITHDRAW, GAP };

/* One of each kind of command about the live agreement A and a new version of it that waits for tfl and
 * mopac. */
static struct status ask(enum asked what, enum who who, int kind, const char *organisation)
{
	static uint64_t proposal;
	world_live(&world);
	DONE(world_off(&world, BOB, "tfl-ulez", "A"));
	DONE(world_agreement(
		&world, ALICE, world_yaml("A", "mps", "anpr.reads", "mps, tfl, mopac", WORLD_WIDER)));
	proposal = world_newest(&world);
	const char *text = world_yaml("A", "mps", "anpr.reads", "mps, tfl, mopac", "U-8, " WORLD_WIDER);
	world_ask(&world);
	world.kind = kind;
	world.organisation = organisation;
	world.approve.proposal = world.refuse.proposal = proposal;
	world.withdraw.agreement = "A";
	world.gap.partner = world.sw.partner = "tfl-ulez";
	world.sw.agreement = "A";
	world.sw.position = what == ON ? ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON
				       : ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF;
	world.document.kind = ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT;
	world.document.size = strlen(text);
	ck_assert(ok(document_store_put(world.documents, span_text(text), &world.sha256)));
	world.document.sha256 = (ProtobufCBinaryData){32, world.sha256.v};
	static const Anpr__V1__Command__AskCase cases[] = {
		[OFF] = ANPR__V1__COMMAND__ASK_SET_SWITCH,
		[ON] = ANPR__V1__COMMAND__ASK_SET_SWITCH,
		[PROPOSE] = ANPR__V1__COMMAND__ASK_PROPOSE,
		[APPROVE] = ANPR__V1__COMMAND__ASK_APPROVE,
		[REFUSE] = ANPR__V1__COMMAND__ASK_REFUSE,
		[WITHDRAW] = ANPR__V1__COMMAND__ASK_WITHDRAW,
		[GAP] = ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP,
	};
	void *const parts[] = {[OFF] = &world.sw,
		[ON] = &world.sw,
		[PROPOSE] = &world.propose,
		[APPROVE] = &world.approve,
		[REFUSE] = &world.refuse,
		[WITHDRAW] = &world.withdraw,
		[GAP] = &world.gap};
	world.c.ask_case = cases[what];
	world.c.set_switch = parts[what]; /* the members of a union */
	return world_send(&world, who);
}

#define TLS ANPR__V1__SIGNATURE_KIND__SIGNATURE_KIND_TLS_ATTESTED
static const struct {
	enum asked what;
	enum who who;
	int kind;
	const char *organisation; /* on whose behalf; NULL = one's own */
	const char *want;         /* "" = done */
} rows[] = {
	/* who may */
	{OFF, BOB, 0, NULL, ""},
	{OFF, ALICE, 0, NULL, ""},
	{ON, BOB, 0, NULL, ""},
	{PROPOSE, ALICE, 0, NULL, ""},
	{PROPOSE, BOB, 0, NULL, ""},
	{PROPOSE, MIA, 0, NULL, ""},
	{APPROVE, BOB, 0, NULL, ""},
	{APPROVE, MIA, 0, NULL, ""},
	{REFUSE, MIA, 0, NULL, ""},
	{REFUSE, ALICE, 0, NULL, ""},
	{WITHDRAW, ALICE, 0, NULL, ""},
	{WITHDRAW, BOB, 0, NULL, ""},
	{WITHDRAW, MIA, 0, NULL, ""},
	{GAP, OMAR, 0, NULL, ""},
	/* an auditor changes nothing, an operator only gaps, and only an operator those */
	{OFF, IRIS, 0, NULL, "may not decide"},
	{ON, IRIS, 0, NULL, "may not decide"},
	{PROPOSE, IRIS, 0, NULL, "may not decide"},
	{APPROVE, IRIS, 0, NULL, "may not decide"},
	{REFUSE, IRIS, 0, NULL, "may not decide"},
	{WITHDRAW, IRIS, 0, NULL, "may not decide"},
	{GAP, IRIS, 0, NULL, "may not acknowledge"},
	{OFF, OMAR, 0, NULL, "may not decide"},
	{ON, OMAR, 0, NULL, "may not decide"},
	{PROPOSE, OMAR, 0, NULL, "may not decide"},
	{APPROVE, OMAR, 0, NULL, "may not decide"},
	{REFUSE, OMAR, 0, NULL, "may not decide"},
	{WITHDRAW, OMAR, 0, NULL, "may not decide"},
	{GAP, ALICE, 0, NULL, "may not acknowledge"},
	{GAP, BOB, 0, NULL, "may not acknowledge"},
	/* a body that has nothing to do with it */
	{OFF, SAM, 0, NULL, "no switch over"},
	{ON, SAM, 0, NULL, "no switch over"},
	{OFF, NINA, 0, NULL, "no switch over"},
	{PROPOSE, SAM, 0, NULL, "none of the bodies"},
	{APPROVE, SAM, 0, NULL, "none of the bodies"},
	{REFUSE, SAM, 0, NULL, "none of the bodies"},
	{WITHDRAW, SAM, 0, NULL, "none of the bodies"},
	/* a body that consents, but is on neither side */
	{OFF, MIA, 0, NULL, "withdraws the agreement instead"},
	{ON, MIA, 0, NULL, "withdraws the agreement instead"},
	/* a good certificate of nobody */
	{OFF, MALLORY, 0, NULL, "none of mps's people"},
	{APPROVE, MALLORY, 0, NULL, "none of mps's people"},
	{OFF, MALLORY, TLS, NULL, "none of mps's people"},
	/* the right subject by the wrong CA, on either behalf */
	{OFF, FALSE_BOB, 0, NULL, "signature:"},
	{APPROVE, FALSE_BOB, 0, NULL, "signature:"},
	{OFF, FALSE_BOB, TLS, NULL, "certificate:"},
	{WITHDRAW, FALSE_BOB, 0, NULL, "signature:"},
	{OFF, FALSE_BOB, 0, "mps", "none of mps's people"},
	/* one's own certificate, on another's behalf */
	{OFF, ALICE, 0, "tfl", "signature:"},
	{APPROVE, ALICE, 0, "tfl", "signature:"},
	{APPROVE, ALICE, 0, "mopac", "signature:"},
	{OFF, ALICE, TLS, "tfl", "certificate:"},
	{OFF, ALICE, 0, "nobody", "no organisation of this gateway"},
	/* a certificate that has expired */
	{OFF, OLD_BOB, 0, NULL, "expired"},
	{APPROVE, OLD_BOB, 0, NULL, "expired"},
	{OFF, OLD_BOB, TLS, NULL, "expired"},
	/* a connection alone only narrows */
	{OFF, BOB, TLS, NULL, ""},
	{WITHDRAW, BOB, TLS, NULL, ""},
	{REFUSE, BOB, TLS, NULL, ""},
	{ON, BOB, TLS, NULL, "own signature"},
	{PROPOSE, BOB, TLS, NULL, "own signature"},
	{APPROVE, BOB, TLS, NULL, "own signature"},
	{GAP, OMAR, TLS, NULL, "own signature"},
	/* the same body twice */
	{APPROVE, ALICE, 0, NULL, "has consented"},
};

START_TEST(a_person_and_a_command)
{
	struct status s = ask(rows[_i].what, rows[_i].who, rows[_i].kind, rows[_i].organisation);
	if (*rows[_i].want)
		ck_assert_msg(!ok(s) && strstr(world.why, rows[_i].want), "row %d: told \"%s\", not \"%s\"",
			_i, world.why, rows[_i].want);
	else
		ck_assert_msg(ok(s), "row %d: %s", _i, world.why);
}
END_TEST

static struct status judge_bytes(struct span bytes)
{
	struct ruling r;
	struct error e = {0};
	struct status s = governance_judge(world.g, bytes, world.now, &r, &e);
	snprintf(world.why, sizeof world.why, "%s", error_text(&e));
	error_free(&e);
	if (ok(s))
		ruling_free(&r);
	return s;
}

static void ask_off(void)
{
	world_live(&world);
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	world.c.set_switch = &world.sw;
	world.sw.position = ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF;
	world.sw.partner = "tfl-ulez";
}

/* The envelope taken apart, changed by the test, put together again. */
static struct status judge_changed(void (*change)(Anpr__V1__SignedCommand *))
{
	struct buffer bytes = {0}, changed = {0};
	world_sign(&world, BOB, &bytes);
	Anpr__V1__SignedCommand *c = anpr__v1__signed_command__unpack(NULL, bytes.n, bytes.p);
	change(c);
	ck_assert(ok(message_encode(&c->base, &changed)));
	struct status s = judge_bytes(buffer_span(&changed));
	anpr__v1__signed_command__free_unpacked(c, NULL);
	buffer_free(&bytes);
	buffer_free(&changed);
	return s;
}

static void other_command(Anpr__V1__SignedCommand *c)
{
	c->command.data[3] ^= 1; /* within the nonce: still a good command, but not the one that was signed */
}

static void tls_with_cms(Anpr__V1__SignedCommand *c)
{
	c->signatures[0]->kind = TLS;
}

static void two_people(Anpr__V1__SignedCommand *c)
{
	struct pki_cert *mallory = world_cert(MALLORY);
	c->signatures = realloc(c->signatures, 2 * sizeof *c->signatures);
	c->signatures[1] = malloc(sizeof **c->signatures);
	anpr__v1__signature__init(c->signatures[1]);
	c->signatures[1]->kind = TLS;
	c->signatures[1]->value.data = malloc(mallory->der.n);
	c->signatures[1]->value.len = mallory->der.n;
	memcpy(c->signatures[1]->value.data, mallory->der.p, mallory->der.n);
	c->n_signatures = 2;
}

START_TEST(a_signature_over_something_else)
{
	ask_off();
	REFUSED(judge_changed(other_command), "signature:");
	REFUSED(judge_changed(tls_with_cms), "certificate:");
	REFUSED(judge_changed(two_people), "certificate:"); /* mallory is not under tfl's CA */
	world.organisation = "mps";
	REFUSED(judge_changed(two_people), "signature:"); /* bob is not under mps's */
}
END_TEST

START_TEST(every_flipped_bit_of_a_command)
{
	struct buffer bytes = {0};
	ask_off();
	world_sign(&world, BOB, &bytes);
	Anpr__V1__SignedCommand *c = anpr__v1__signed_command__unpack(NULL, bytes.n, bytes.p);
	size_t at = (size_t)((uint8_t *)memmem(bytes.p, bytes.n, c->command.data, c->command.len) - bytes.p);
	for (size_t i = 0; i < 8 * c->command.len; i++) {
		bytes.p[at + i / 8] ^= (uint8_t)(1u << (i % 8));
		ck_assert(!ok(judge_bytes(buffer_span(&bytes))));
		bytes.p[at + i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	DONE(judge_bytes(buffer_span(&bytes)));
	anpr__v1__signed_command__free_unpacked(c, NULL);
	buffer_free(&bytes);
}
END_TEST

START_TEST(a_command_twice_is_one)
{
	struct buffer bytes = {0};
	struct ruling r;
	ask_off();
	world_sign(&world, BOB, &bytes);
	Anpr__V1__JournalEntry body = ANPR__V1__JOURNAL_ENTRY__INIT;
	body.body_case = ANPR__V1__JOURNAL_ENTRY__BODY_DECREE;
	DONE(governance_judge(world.g, buffer_span(&bytes), world.now, &r, NULL));
	ck_assert_uint_eq(r.already, 0);
	body.decree = ruling_decree(&r, buffer_span(&bytes), world.now);
	ruling_free(&r);
	DONE(world_append(&world, &body, NULL));
	uint64_t entry = world_newest(&world);
	/* asked again it is told where it is; appended again it is refused */
	DONE(governance_judge(world.g, buffer_span(&bytes), world.now, &r, NULL));
	ck_assert_uint_eq(r.already, entry);
	ruling_free(&r);
	REFUSED(world_append(&world, &body, NULL), "in the journal already");
	decree_free(body.decree);
	buffer_free(&bytes);
}
END_TEST

START_TEST(what_was_seen)
{
	world_live(&world);
	uint64_t before = world_newest(&world);
	struct digest head = *governance_head(world.g);
	DONE(world_off(&world, BOB, "tfl-ulez", "A"));
	world_wait(&world, 1000);
	/* an `on` by somebody who has not seen the off */
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	world.c.set_switch = &world.sw;
	world.sw.position = ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON;
	world.sw.partner = "tfl-ulez";
	world.sw.agreement = "A";
	world.c.head_sequence = before;
	world.head = head;
	REFUSED(world_send(&world, BOB), "stale");
	/* a head that never was, is yet to come, or is not said */
	world.c.head_sequence = before + 1;
	REFUSED(world_send(&world, BOB), "another journal");
	world.c.head_sequence = before + 100;
	REFUSED(world_send(&world, BOB), "does not have");
	world.c.head_sequence = 0;
	world.c.head_hash.len = 0;
	REFUSED(world_send(&world, BOB), "does not say");
	/* an off is never held up by it */
	world.sw.position = ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF;
	DONE(world_send(&world, BOB));
	random_bytes(world.nonce, sizeof world.nonce);
	world.c.head_sequence = before + 100;
	world.c.head_hash.len = 32;
	DONE(world_send(&world, BOB));
	/* what happens to another partner makes nothing stale */
	before = world_newest(&world);
	head = *governance_head(world.g);
	DONE(world_register(&world, SAM, "sheffield", world_csv));
	DONE(world_enforce(&world));
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	world.c.set_switch = &world.sw;
	world.sw.position = ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_ON;
	world.sw.partner = "tfl-ulez";
	world.sw.agreement = "A";
	world.c.head_sequence = before;
	world.head = head;
	DONE(world_send(&world, BOB));
}
END_TEST

START_TEST(an_approval_of_what_has_changed)
{
	world_live(&world);
	DONE(world_agreement(
		&world, ALICE, world_yaml("A", "mps", "anpr.reads", "mps, tfl, mopac", WORLD_WIDER)));
	uint64_t proposal = world_newest(&world);
	struct digest head = *governance_head(world.g);
	DONE(world_off(&world, BOB, "tfl-ulez", ""));
	world_ask(&world);
	world.c.ask_case = ANPR__V1__COMMAND__ASK_APPROVE;
	world.c.approve = &world.approve;
	world.approve.proposal = proposal;
	world.c.head_sequence = proposal;
	world.head = head;
	REFUSED(world_send(&world, MIA), "stale");
	DONE(world_approve(&world, MIA, proposal));
}
END_TEST

START_TEST(bytes_that_are_no_command)
{
	REFUSED(judge_bytes(span_text("")), "");
	REFUSED(judge_bytes(span_text("\xff\xff\xff\xff")), "not a message");
	REFUSED(judge_bytes(span_text("\x0a\x00")), "");
}
END_TEST

START_TEST(nothing_before_the_beginning)
{
	struct governance *begun = world.g;
	struct buffer bytes = {0};
	ask_off();
	world_sign(&world, BOB, &bytes);
	world.g = governance_new(world.documents);
	REFUSED(judge_bytes(buffer_span(&bytes)), "has not begun");
	governance_free(world.g);
	world.g = begun;
	buffer_free(&bytes);
}
END_TEST

TCase *case_signer(void)
{
	TCase *c = case_with("signer");
	tcase_add_loop_test(c, a_person_and_a_command, 0, ROWS(rows));
	tcase_add_test(c, a_signature_over_something_else);
	tcase_add_test(c, every_flipped_bit_of_a_command);
	tcase_add_test(c, a_command_twice_is_one);
	tcase_add_test(c, what_was_seen);
	tcase_add_test(c, an_approval_of_what_has_changed);
	tcase_add_test(c, bytes_that_are_no_command);
	tcase_add_test(c, nothing_before_the_beginning);
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The form of commands: what every gateway takes, and what none does.
 */
#include "gateway/record/decode.h"
#include "tests/unit/test_record.h"

#include <stdlib.h>

struct world {
	Anpr__V1__Command c;
	Anpr__V1__SetSwitch sw;
	Anpr__V1__CameraSelector cameras;
	Anpr__V1__Propose propose;
	Anpr__V1__DocumentRef document;
	Anpr__V1__Approve approve;
	Anpr__V1__Withdraw withdraw;
	Anpr__V1__AcknowledgeGap gap;
	char *patterns[101];
	char text[1100];
};
static uint8_t bytes[33];

static void good(struct world *w)
{
	anpr__v1__command__init(&w->c);
	anpr__v1__set_switch__init(&w->sw);
	anpr__v1__camera_selector__init(&w->cameras);
	anpr__v1__propose__init(&w->propose);
	anpr__v1__document_ref__init(&w->document);
	anpr__v1__approve__init(&w->approve);
	anpr__v1__withdraw__init(&w->withdraw);
	anpr__v1__acknowledge_gap__init(&w->gap);
	w->c.nonce = (ProtobufCBinaryData){16, bytes};
	w->c.organisation = "mps";
	w->c.reason = "maintenance";
	w->c.head_sequence = 3;
	w->c.head_hash = (ProtobufCBinaryData){32, bytes};
	w->c.ask_case = ANPR__V1__COMMAND__ASK_SET_SWITCH;
	w->c.set_switch = &w->sw;
	w->sw.position = ANPR__V1__SWITCH_POSITION__SWITCH_POSITION_OFF;
	w->sw.partner = "tfl-ulez";
	for (int i = 0; i < 101; i++)
		w->patterns[i] = "ULEZ-0*";
	w->cameras.patterns = w->patterns;
	w->propose.document = &w->document;
	w->document.kind = ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_AGREEMENT;
	w->document.sha256 = (ProtobufCBinaryData){32, bytes};
	w->document.size = 100;
	w->document.name = "a.yaml";
}

#define CHANGE(name, ...)                                                                                    \
	static void name(struct world *w)                                                                    \
	{                                                                                                    \
		__VA_ARGS__;                                                                                 \
	}
#define PROPOSE w->c.ask_case = ANPR__V1__COMMAND__ASK_PROPOSE, w->c.propose = &w->propose
#define CAMERAS w->sw.cameras = &w->cameras

CHANGE(as_it_is, (void)w)
CHANGE(all_partners, w->sw.partner = "")
CHANGE(with_rule, w->sw.agreement = "A", w->sw.rule = "r")
CHANGE(with_globs, CAMERAS, w->cameras.n_patterns = 100)
CHANGE(with_area, CAMERAS, w->cameras.area = "City of London")
CHANGE(no_head, w->c.head_sequence = 0, w->c.head_hash.len = 0)
CHANGE(proposal, PROPOSE, w->c.reason = "")
CHANGE(reason_longest, memset(w->text, 'r', 1000), w->text[1000] = 0, w->c.reason = w->text)
CHANGE(reason_lines, w->c.reason = "first\nsecond\xe2\x80\x94third")

CHANGE(nonce_short, w->c.nonce.len = 15)
CHANGE(nonce_long, w->c.nonce.len = 17)
CHANGE(no_organisation, w->c.organisation = "")
CHANGE(organisation_chars, w->c.organisation = "m ps")
CHANGE(organisation_long, memset(w->text, 'a', 65), w->text[65] = 0, w->c.organisation = w->text)
CHANGE(no_reason, w->c.reason = "")
CHANGE(reason_long, memset(w->text, 'r', 1001), w->text[1001] = 0, w->c.reason = w->text)
CHANGE(reason_latin1, w->c.reason = "caf\xe9")
CHANGE(reason_overlong, w->c.reason = "a\xc0\xafz")
CHANGE(reason_surrogate, w->c.reason = "a\xed\xa0\x80z")
CHANGE(reason_beyond, w->c.reason = "a\xf4\x90\x80\x80z")
CHANGE(reason_cut, w->c.reason = "a\xe2\x80")
CHANGE(reason_escape, w->c.reason = "a\x1b[2Jz")
CHANGE(reason_c1, w->c.reason = "a\xc2\x9bz")
CHANGE(head_no_hash, w->c.head_hash.len = 0)
CHANGE(head_short_hash, w->c.head_hash.len = 31)
CHANGE(head_no_number, w->c.head_sequence = 0)
CHANGE(nothing_asked, w->c.ask_case = ANPR__V1__COMMAND__ASK__NOT_SET)
CHANGE(no_position, w->sw.position = 0)
CHANGE(position_3, w->sw.position = 3)
CHANGE(partner_chars, w->sw.partner = "tfl/ulez")
CHANGE(rule_alone, w->sw.rule = "r")
CHANGE(agreement_alone, w->sw.partner = "", w->sw.agreement = "A")
CHANGE(class_4, w->sw.data_class = 4)
CHANGE(class_minus, w->sw.data_class = -1)
CHANGE(for_ever, w->sw.for_ms = UINT64_MAX)
CHANGE(empty_selector, CAMERAS)
CHANGE(too_many_globs, CAMERAS, w->cameras.n_patterns = 101)
CHANGE(pattern_empty, CAMERAS, w->cameras.n_patterns = 2, w->patterns[1] = "")
CHANGE(pattern_chars, CAMERAS, w->cameras.n_patterns = 1, w->patterns[0] = "U[0-9]")
CHANGE(area_control, CAMERAS, w->cameras.area = "a\tb")
CHANGE(area_long, CAMERAS, memset(w->text, 'a', 129), w->text[129] = 0, w->cameras.area = w->text)
CHANGE(propose_nothing, PROPOSE, w->propose.document = NULL)
CHANGE(propose_kind, PROPOSE, w->document.kind = 9)
CHANGE(propose_no_kind, PROPOSE, w->document.kind = 0)
CHANGE(propose_hash, PROPOSE, w->document.sha256.len = 33)
CHANGE(propose_empty, PROPOSE, w->document.size = 0)
CHANGE(propose_large, PROPOSE, w->document.size = DOCUMENT_MAX + 1)
CHANGE(propose_name, PROPOSE, w->document.name = "a\nb")
CHANGE(propose_partner, PROPOSE, w->propose.partner = "tfl-ulez")
CHANGE(register_alone, PROPOSE, w->document.kind = ANPR__V1__DOCUMENT_KIND__DOCUMENT_KIND_REGISTER)
CHANGE(approve_none, w->c.ask_case = ANPR__V1__COMMAND__ASK_APPROVE, w->c.approve = &w->approve)
CHANGE(withdraw_none, w->c.ask_case = ANPR__V1__COMMAND__ASK_WITHDRAW, w->c.withdraw = &w->withdraw)
CHANGE(gap_none, w->c.ask_case = ANPR__V1__COMMAND__ASK_ACKNOWLEDGE_GAP, w->c.acknowledge_gap = &w->gap)

#define GOOD(f)                                                                                              \
	{                                                                                                    \
#f, f, true                                                                                  \
	}
#define BAD(f)                                                                                               \
	{                                                                                                    \
#f, f, false                                                                                 \
	}
static const struct {
	const char *name;
	void (*change)(struct world *);
	bool good;
} rows[] = {
	GOOD(as_it_is),
	GOOD(all_partners),
	GOOD(with_rule),
	GOOD(with_globs),
	GOOD(with_area),
	GOOD(no_head),
	GOOD(proposal),
	GOOD(reason_longest),
	GOOD(reason_lines),
	BAD(nonce_short),
	BAD(nonce_long),
	BAD(no_organisation),
	BAD(organisation_chars),
	BAD(organisation_long),
	BAD(no_reason),
	BAD(reason_long),
	BAD(reason_latin1),
	BAD(reason_overlong),
	BAD(reason_surrogate),
	BAD(reason_beyond),
	BAD(reason_cut),
	BAD(reason_escape),
	BAD(reason_c1),
	BAD(head_no_hash),
	BAD(head_short_hash),
	BAD(head_no_number),
	BAD(nothing_asked),
	BAD(no_position),
	BAD(position_3),
	BAD(partner_chars),
	BAD(rule_alone),
	BAD(agreement_alone),
	BAD(class_4),
	BAD(class_minus),
	BAD(for_ever),
	BAD(empty_selector),
	BAD(too_many_globs),
	BAD(pattern_empty),
	BAD(pattern_chars),
	BAD(area_control),
	BAD(area_long),
	BAD(propose_nothing),
	BAD(propose_kind),
	BAD(propose_no_kind),
	BAD(propose_hash),
	BAD(propose_empty),
	BAD(propose_large),
	BAD(propose_name),
	BAD(propose_partner),
	BAD(register_alone),
	BAD(approve_none),
	BAD(withdraw_none),
	BAD(gap_none),
};

START_TEST(a_command)
{
	struct world w;
	struct buffer value = {0};
	struct error e = {0};
	struct digest id, want;
	Anpr__V1__Command *back = NULL;
	good(&w);
	rows[_i].change(&w);
	ck_assert(ok(message_encode(&w.c.base, &value)));
	want = digest_of(buffer_span(&value));
	struct status s = command_decode(buffer_span(&value), &back, &id, &e);
	if (rows[_i].good) {
		ck_assert_msg(ok(s), "%s: %s", rows[_i].name, error_text(&e));
		ck_assert(digest_equal(&id, &want));
		anpr__v1__command__free_unpacked(back, NULL);
	} else {
		ck_assert_msg(s.kind == STATUS_BAD_INPUT, "%s", rows[_i].name);
		ck_assert_uint_eq(e.n, 1);
	}
	error_free(&e);
	buffer_free(&value);
}
END_TEST

/* The same meaning in other bytes, or a meaning that this version does not know: a signature over such bytes
 * would be a signature over something that people were not shown. */
static const struct {
	const char *name;
	struct span bytes;
} additions[] = {
	{"a field not known", {(const uint8_t *)"\xa0\x06\x01", 3}},
	{"a default written out", {(const uint8_t *)"\x18\x00", 2}},
	{"a field twice", {(const uint8_t *)"\x12\x03mps", 5}},
	{"a zero in a text", {(const uint8_t *)"\x22\x03h\0x", 5}},
	{"half a field", {(const uint8_t *)"\x22\x09h", 3}},
	{"an unknown field inside", {(const uint8_t *)"\x52\x03\xa0\x06\x01", 5}},
};

START_TEST(bytes_with_a_second_meaning)
{
	struct world w;
	struct buffer value = {0};
	struct digest id;
	Anpr__V1__Command *back = NULL;
	good(&w);
	ck_assert(ok(message_encode(&w.c.base, &value)));
	ck_assert(ok(buffer_append(&value, additions[_i].bytes)));
	ck_assert_msg(command_decode(buffer_span(&value), &back, &id, NULL).kind == STATUS_BAD_INPUT, "%s",
		additions[_i].name);
	buffer_free(&value);
}
END_TEST

static Anpr__V1__SignedCommand *envelope(size_t n_signatures, int kind, size_t length)
{
	static Anpr__V1__Signature signature, *signatures[8];
	static Anpr__V1__SignedCommand c;
	anpr__v1__signature__init(&signature);
	anpr__v1__signed_command__init(&c);
	signature.kind = (Anpr__V1__SignatureKind)kind;
	signature.value = (ProtobufCBinaryData){length, bytes};
	for (int i = 0; i < 8; i++)
		signatures[i] = &signature;
	c.signatures = signatures;
	c.n_signatures = n_signatures;
	c.command = (ProtobufCBinaryData){3, bytes};
	return &c;
}

static const struct {
	size_t n;
	int kind;
	size_t length;
	bool good;
} envelopes[] = {
	{1, 1, 10, true},
	{1, 2, 10, true},
	{4, 1, 1, true},
	{0, 1, 10, false},
	{5, 1, 10, false},
	{1, 0, 10, false},
	{1, 3, 10, false},
	{1, -1, 10, false},
	{1, 1, 0, false},
};

START_TEST(an_envelope)
{
	struct buffer value = {0};
	Anpr__V1__SignedCommand *back = NULL;
	ck_assert(ok(message_encode(
		&envelope(envelopes[_i].n, envelopes[_i].kind, envelopes[_i].length)->base, &value)));
	struct status s = signed_command_decode(buffer_span(&value), &back, NULL);
	ck_assert_int_eq(s.kind, envelopes[_i].good ? STATUS_OK : STATUS_BAD_INPUT);
	if (ok(s))
		anpr__v1__signed_command__free_unpacked(back, NULL);
	buffer_free(&value);
}
END_TEST

TCase *case_command(void)
{
	TCase *c = tcase_create("commands");
	tcase_add_loop_test(c, a_command, 0, ROWS(rows));
	tcase_add_loop_test(c, bytes_with_a_second_meaning, 0, ROWS(additions));
	tcase_add_loop_test(c, an_envelope, 0, ROWS(envelopes));
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Ledger records, and the envelope of heads and accounts.
 */
#include "gateway/record/decode.h"
#include "tests/unit/pki.h"
#include "tests/unit/test_record.h"

#include <stdlib.h>

static uint8_t zeroes[32];
static Anpr__V1__ReasonCount denied = ANPR__V1__REASON_COUNT__INIT;
static Anpr__V1__RejectionCount rejected = ANPR__V1__REJECTION_COUNT__INIT;
static Anpr__V1__ReasonCount *all_denied[] = {&denied};
static Anpr__V1__RejectionCount *all_rejected[] = {&rejected};

struct world {
	Anpr__V1__LedgerRecord record;
	Anpr__V1__PartnerRecord partner, *partners[1];
	Anpr__V1__Totals totals;
	Anpr__V1__Feed feed, *feeds[1];
	char text[300];
};

static void good(struct world *w)
{
	anpr__v1__ledger_record__init(&w->record);
	anpr__v1__partner_record__init(&w->partner);
	anpr__v1__totals__init(&w->totals);
	anpr__v1__feed__init(&w->feed);
	w->partners[0] = &w->partner;
	w->feeds[0] = &w->feed;
	w->record.kind = ANPR__V1__LEDGER_RECORD__KIND__KIND_BATCH;
	w->record.ordinal = 7;
	w->record.previous_hash = (ProtobufCBinaryData){32, zeroes};
	w->record.batch_id = (ProtobufCBinaryData){16, zeroes};
	w->record.node = "gw-1";
	w->record.n_partners = 1;
	w->record.partners = w->partners;
	w->partner.partner = "tfl-ulez";
	w->partner.cursor = "c-1";
	w->partner.totals = &w->totals;
	w->partner.n_feeds = 1;
	w->partner.feeds = w->feeds;
	denied.n = 3;
	rejected.n = 1;
	w->totals.n_denied = w->totals.n_rejected = 1;
	w->totals.denied = all_denied;
	w->totals.rejected = all_rejected;
	w->totals.permitted = 6;
	w->totals.received = 10;
	w->feed.topic = "anpr.reads";
	w->feed.digest = (ProtobufCBinaryData){32, zeroes};
}

static void as_it_is(struct world *w)
{
	(void)w;
}
static void one_too_many(struct world *w)
{
	w->totals.received = 11;
}
static void sum_overflows(struct world *w)
{
	denied.n = UINT64_MAX;
	w->totals.received = 6;
}
static void no_kind(struct world *w)
{
	w->record.kind = 0;
}
static void unknown_kind(struct world *w)
{
	w->record.kind = 4;
}
static void no_ordinal(struct world *w)
{
	w->record.ordinal = 0;
}
static void short_hash(struct world *w)
{
	w->record.previous_hash.len = 31;
}
static void no_batch(struct world *w)
{
	w->record.batch_id.len = 0;
}
static void no_node(struct world *w)
{
	w->record.node = "";
}
static void bad_partner(struct world *w)
{
	w->partner.partner = "tfl ulez";
}
static void long_cursor(struct world *w)
{
	memset(w->text, 'x', 257);
	w->text[257] = 0;
	w->partner.cursor = w->text;
}
static void no_topic(struct world *w)
{
	w->feed.topic = "";
}
static void short_digest(struct world *w)
{
	w->feed.digest.len = 33 - 2;
}

static const struct {
	const char *name;
	void (*change)(struct world *);
	bool good;
} rows[] = {
	{"as it is", as_it_is, true},
	{"totals do not balance", one_too_many, false},
	{"totals overflow", sum_overflows, false},
	{"no kind", no_kind, false},
	{"unknown kind", unknown_kind, false},
	{"no ordinal", no_ordinal, false},
	{"short previous hash", short_hash, false},
	{"no batch id", no_batch, false},
	{"no node", no_node, false},
	{"partner's id", bad_partner, false},
	{"long cursor", long_cursor, false},
	{"feed without topic", no_topic, false},
	{"feed with a short digest", short_digest, false},
};

START_TEST(a_record)
{
	struct world w;
	struct buffer value = {0}, raw = {0};
	struct digest hash, again;
	Anpr__V1__LedgerRecord *back = NULL;
	good(&w);
	rows[_i].change(&w);
	struct status s = ledger_encode(&w.record, &value, &hash);
	ck_assert_msg(s.kind == (rows[_i].good ? STATUS_OK : STATUS_FAULT), "%s", rows[_i].name);
	/* written all the same by somebody else, it is refused by the reader */
	ck_assert(ok(message_encode(&w.record.base, &raw)));
	s = ledger_decode(buffer_span(&raw), &back, &again, NULL);
	ck_assert_msg(s.kind == (rows[_i].good ? STATUS_OK : STATUS_BAD_INPUT), "%s", rows[_i].name);
	if (rows[_i].good) {
		ck_assert(digest_equal(&hash, &again) && span_equal(buffer_span(&raw), buffer_span(&value)));
		ck_assert_str_eq(back->partners[0]->cursor, "c-1");
		anpr__v1__ledger_record__free_unpacked(back, NULL);
	}
	buffer_free(&value);
	buffer_free(&raw);
}
END_TEST

START_TEST(bytes_that_are_no_record)
{
	struct digest hash;
	Anpr__V1__LedgerRecord *back = NULL;
	struct buffer many = {0};
	/* two bytes each ask for a partner record; the cap on memory is met before the cap on bytes hurts */
	ck_assert(ok(buffer_reserve(&many, (1u << 20) + 2)));
	for (; many.n < (1u << 20) + 2; many.n += 2)
		memcpy(many.p + many.n, "\x4a\x00", 2);
	many.n = 800000;
	ck_assert_int_eq(ledger_decode(buffer_span(&many), &back, &hash, NULL).kind, STATUS_BAD_INPUT);
	ck_assert_int_eq(ledger_decode(span_text(""), &back, &hash, NULL).kind, STATUS_BAD_INPUT);
	ck_assert_int_eq(ledger_decode(span_text("\xff\xff\xff"), &back, &hash, NULL).kind, STATUS_BAD_INPUT);
	many.n = (1u << 20) + 2;
	ck_assert_int_eq(ledger_decode(buffer_span(&many), &back, &hash, NULL).kind, STATUS_BAD_INPUT);
	buffer_free(&many);
}
END_TEST

START_TEST(an_envelope_opens_for_its_key_only)
{
	struct buffer pem = {0}, value = {0};
	struct node_key *key = NULL;
	uint8_t keys[2][32] = {{1}, {0}};
	Anpr__V1__StoredRecord *holder = NULL;
	Anpr__V1__Head head = ANPR__V1__HEAD__INIT;
	pki_node_key(&pem);
	ck_assert(ok(node_key_parse(buffer_span(&pem), &key, NULL)));
	node_key_public(key, keys[1]);
	head.ordinal = 5;
	ck_assert(ok(stored_record_seal(&head.base, key, &value)));
	ck_assert_int_eq(
		stored_record_open(buffer_span(&value), keys, 1, &holder, NULL).kind, STATUS_REFUSED);
	ck_assert_int_eq(
		stored_record_open(buffer_span(&value), keys, 0, &holder, NULL).kind, STATUS_REFUSED);
	ck_assert(ok(stored_record_open(buffer_span(&value), keys, 2, &holder, NULL)));
	Anpr__V1__Head *inside = anpr__v1__head__unpack(NULL, holder->record.len, holder->record.data);
	ck_assert_uint_eq(inside->ordinal, 5);
	anpr__v1__head__free_unpacked(inside, NULL);
	anpr__v1__stored_record__free_unpacked(holder, NULL);
	for (size_t i = 0; i < value.n; i++) {
		value.p[i] ^= 1;
		ck_assert(!ok(stored_record_open(buffer_span(&value), keys, 2, &holder, NULL)));
		value.p[i] ^= 1;
	}
	node_key_free(key);
	buffer_free(&pem);
	buffer_free(&value);
}
END_TEST

TCase *case_ledger(void)
{
	TCase *c = tcase_create("ledger");
	tcase_add_loop_test(c, a_record, 0, ROWS(rows));
	tcase_add_test(c, bytes_that_are_no_record);
	tcase_add_test(c, an_envelope_opens_for_its_key_only);
	return c;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Ledger records, and the envelope that heads and accounts lie in. Later versions may add fields to these, so
 * fields not known are let pass; what is known has to be sound.
 */
#include "gateway/record/decode.h"
#include "gateway/record/form.h"
#include "gateway/record/record.h"

#define RECORD_MAX (1u << 20) /* Kafka's limit on a message */

static bool add(uint64_t *sum, uint64_t n)
{
	return !__builtin_add_overflow(*sum, n, sum);
}

bool totals_balance(const Anpr__V1__Totals *t)
{
	uint64_t sum = 0;
	if (!add(&sum, t->permitted))
		return false;
	for (size_t i = 0; i < t->n_denied; i++)
		if (!add(&sum, t->denied[i]->n))
			return false;
	for (size_t i = 0; i < t->n_rejected; i++)
		if (!add(&sum, t->rejected[i]->n))
			return false;
	return sum == t->received;
}

static struct status check_totals(const Anpr__V1__Totals *t, struct error *e)
{
	if (!totals_balance(t))
		return error_set(e, "totals where received is not permitted + denied + rejected");
	for (size_t i = 0; i < t->n_cameras; i++)
		if (!form_text(t->cameras[i]->camera, 0, 64))
			return error_set(e, "a count for a camera whose id is not text");
	return S_OK;
}

static struct status check_feed(const Anpr__V1__Feed *f, struct error *e)
{
	if (!form_text(f->topic, 1, 249) || !form_bytes(f->digest, DIGEST_BYTES))
		return error_set(e, "a feed without its topic, or its digest of 32 bytes");
	return S_OK;
}

static struct status check_partner(const Anpr__V1__PartnerRecord *p, struct error *e)
{
	if (!form_id(p->partner))
		return error_set(e, "a ledger record about a partner without an id");
	if (strlen(p->cursor) > 256)
		return error_set(e, "a cursor over 256 bytes");
	if (p->totals)
		TRY(check_totals(p->totals, e));
	for (size_t i = 0; i < p->n_feeds; i++)
		TRY(check_feed(p->feeds[i], e));
	return S_OK;
}

static struct status check_record(const Anpr__V1__LedgerRecord *r, struct error *e)
{
	if ((unsigned)r->kind < ANPR__V1__LEDGER_RECORD__KIND__KIND_TAKE_OVER ||
		(unsigned)r->kind > ANPR__V1__LEDGER_RECORD__KIND__KIND_STOP)
		return error_set(e, "a ledger record of unknown kind");
	if (r->ordinal < 1 || !form_bytes(r->previous_hash, DIGEST_BYTES) || !form_bytes(r->batch_id, 16))
		return error_set(e, "a ledger record without its ordinal, previous hash or batch id");
	if (!form_id(r->node))
		return error_set(e, "a ledger record without its node");
	for (size_t i = 0; i < r->n_partners; i++)
		TRY(check_partner(r->partners[i], e));
	return S_OK;
}

struct status ledger_encode(const Anpr__V1__LedgerRecord *record, struct buffer *value, struct digest *hash)
{
	/* A record that does not add up would be refused by every reader for ever: rather none. */
	REQUIRE(ok(check_record(record, NULL)), S_FAULT);
	size_t before = value->n;
	TRY(message_encode(&record->base, value));
	*hash = digest_of(span_of(value->p + before, value->n - before));
	return S_OK;
}

struct status ledger_decode(
	struct span value, Anpr__V1__LedgerRecord **out, struct digest *hash, struct error *e)
{
	ProtobufCMessage *message = NULL;
	TRY(message_decode(
		&anpr__v1__ledger_record__descriptor, value, RECORD_MAX, DECODE_LENIENT, &message, e));
	Anpr__V1__LedgerRecord *record = (Anpr__V1__LedgerRecord *)message;
	struct status s = check_record(record, e);
	if (!ok(s)) {
		anpr__v1__ledger_record__free_unpacked(record, NULL);
		return s;
	}
	*hash = digest_of(value);
	*out = record;
	return S_OK;
}

struct status stored_record_seal(
	const ProtobufCMessage *message, const struct node_key *key, struct buffer *value)
{
	CLEANUP(buffer_free) struct buffer bytes = {0};
	TRY(message_encode(message, &bytes));
	uint8_t signature[64];
	TRY(node_sign(key, DOMAIN_RECORD, buffer_span(&bytes), signature));
	Anpr__V1__StoredRecord stored = ANPR__V1__STORED_RECORD__INIT;
	stored.record = (ProtobufCBinaryData){bytes.n, bytes.p};
	stored.signature = (ProtobufCBinaryData){sizeof signature, signature};
	return message_encode(&stored.base, value);
}

struct status stored_record_open(struct span value, const uint8_t (*keys)[32], size_t n_keys,
	Anpr__V1__StoredRecord **holder, struct error *e)
{
	ProtobufCMessage *message = NULL;
	TRY(message_decode(
		&anpr__v1__stored_record__descriptor, value, RECORD_MAX, DECODE_LENIENT, &message, e));
	Anpr__V1__StoredRecord *record = (Anpr__V1__StoredRecord *)message;
	for (size_t i = 0; i < n_keys; i++) {
		if (ok(node_verify(keys[i], DOMAIN_RECORD, span_binary(record->record),
			    span_binary(record->signature)))) {
			*holder = record;
			return S_OK;
		}
	}
	anpr__v1__stored_record__free_unpacked(record, NULL);
	error_add(e, NULL, 0, 0, "a record that no known node has signed");
	return S_REFUSED;
}

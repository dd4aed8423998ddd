/* SPDX-License-Identifier: Apache-2.0
 *
 * Journal entries as stored: their form, hash, chain and signature. What they add up to is governance's to
 * know.
 */
#include "gateway/record/decode.h"
#include "gateway/record/form.h"
#include "gateway/record/record.h"

#define ENTRY_MAX      (1u << 20) /* Kafka's limit on a message */
#define TRUST_ROOT_MAX (64u << 10)
#define PUBLISHERS_MAX 1024

static bool role_known(Anpr__V1__Role role)
{
	return (unsigned)role >= ANPR__V1__ROLE__ROLE_POLICY_ADMIN &&
	       (unsigned)role <= ANPR__V1__ROLE__ROLE_AUDITOR;
}

static struct status check_organisation(const Anpr__V1__Organisation *o, struct error *e)
{
	if (!form_id(o->id))
		return error_set(e, "an organisation's id is not 1-64 of A-Z a-z 0-9 . _ -");
	if (o->trust_root.len < 1 || o->trust_root.len > TRUST_ROOT_MAX)
		return error_set(e, "organisation %s has no trust root, or one over 64 KiB", o->id);
	for (size_t i = 0; i < o->n_people; i++) {
		const Anpr__V1__Person *p = o->people[i];
		if (!form_text(p->subject, 1, 255))
			return error_set(
				e, "a person of %s has a subject that is not 1-255 bytes of UTF-8", o->id);
		for (size_t k = 0; k < p->n_roles; k++)
			if (!role_known(p->roles[k]))
				return error_set(e, "a person of %s has an unknown role", o->id);
	}
	return S_OK;
}

static struct status check_partner(const Anpr__V1__Partner *p, struct error *e)
{
	if (!form_id(p->id) || !form_id(p->organisation))
		return error_set(e, "a partner's or its organisation's id is not 1-64 of A-Z a-z 0-9 . _ -");
	for (size_t i = 0; i < p->n_push_subjects; i++)
		if (!form_text(p->push_subjects[i], 1, 255))
			return error_set(
				e, "partner %s has a subject that is not 1-255 bytes of UTF-8", p->id);
	return S_OK;
}

static struct status check_node_key(const Anpr__V1__NodeKey *k, struct error *e)
{
	if (!form_id(k->node) || !form_bytes(k->public_key, 32))
		return error_set(e, "a node key without a node's id, or not of 32 bytes");
	return S_OK;
}

struct status genesis_check(const Anpr__V1__Genesis *g, struct error *e)
{
	if (!form_id(g->gateway))
		return error_set(e, "the gateway's id is not 1-64 of A-Z a-z 0-9 . _ -");
	if (g->publishers < 1 || g->publishers > PUBLISHERS_MAX)
		return error_set(e, "not 1 to %d publishers", PUBLISHERS_MAX);
	if (!g->n_organisations || !g->n_node_keys)
		return error_set(e, "no organisation, or no node key");
	for (size_t i = 0; i < g->n_organisations; i++)
		TRY(check_organisation(g->organisations[i], e));
	for (size_t i = 0; i < g->n_partners; i++)
		TRY(check_partner(g->partners[i], e));
	for (size_t i = 0; i < g->n_node_keys; i++)
		TRY(check_node_key(g->node_keys[i], e));
	return S_OK;
}

static struct status check_decree(const Anpr__V1__Decree *d, struct error *e)
{
	if (!d->signed_ || !d->signed_->command.len)
		return error_set(e, "a decree without its command");
	TRY(signed_command_check(d->signed_, e));
	struct digest id = digest_of(span_binary(d->signed_->command));
	if (!span_equal(span_binary(d->command_id), span_of(id.v, sizeof id.v)))
		return error_set(e, "a decree's command id is not the hash of its command");
	if (d->signed_->n_documents)
		return error_set(e, "a decree with the texts of its documents");
	if (d->accepted_at_ms <= 0)
		return error_set(e, "a decree without the time of its acceptance");
	for (size_t i = 0; i < d->n_documents; i++)
		TRY(document_ref_check(d->documents[i], e));
	return S_OK;
}

static struct status check_lapse(const Anpr__V1__Lapse *l, struct error *e)
{
	switch (l->cause) {
	case ANPR__V1__LAPSE__CAUSE__CAUSE_SWITCH_PERIOD:
	case ANPR__V1__LAPSE__CAUSE__CAUSE_AGREEMENT_END:
	case ANPR__V1__LAPSE__CAUSE__CAUSE_PROPOSAL_LAPSED:
		if (!l->subject || *l->partner || l->accepted_at_ms)
			return error_set(e, "a lapse without its subject, or with a partner");
		return S_OK;
	case ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE:
	case ANPR__V1__LAPSE__CAUSE__CAUSE_STOP_FILE_REMOVED:
		if (l->subject || !form_id_or_none(l->partner) || l->accepted_at_ms < 0)
			return error_set(e, "a stop file's lapse with a subject, or without a partner's id");
		return S_OK;
	case ANPR__V1__LAPSE__CAUSE__CAUSE_UNSPECIFIED:
	case _ANPR__V1__LAPSE__CAUSE_IS_INT_SIZE:
		break;
	}
	return error_set(e, "a lapse of unknown cause");
}

static struct status check_fenced(const Anpr__V1__FencedPublisher *p, struct error *e)
{
	for (size_t i = 0; i < p->n_feeds; i++)
		if (!form_id(p->feeds[i]->partner) || !form_text(p->feeds[i]->topic, 1, 249))
			return error_set(e, "a fenced feed without its partner or topic");
	for (size_t i = 0; i < p->n_ends; i++)
		if (!form_text(p->ends[i]->topic, 1, 249) || p->ends[i]->high_watermark < 0)
			return error_set(e, "a partition's end without its topic or high watermark");
	return S_OK;
}

static struct status check_enforced(const Anpr__V1__Enforced *n, struct error *e)
{
	if (!n->n_entries || !form_bytes(n->entry_hash, DIGEST_BYTES))
		return error_set(
			e, "an enforced entry that makes nothing good, or without its hash of 32 bytes");
	for (size_t i = 0; i < n->n_publishers; i++)
		TRY(check_fenced(n->publishers[i], e));
	return S_OK;
}

static struct status check_entry(const Anpr__V1__JournalEntry *b, struct error *e)
{
	if (b->sequence < 1 || !form_bytes(b->previous_hash, DIGEST_BYTES) || b->time_ms <= 0 ||
		!form_id(b->node))
		return error_set(e, "an entry without its number, time, node, or previous hash of 32 bytes");
	switch (b->body_case) {
	case ANPR__V1__JOURNAL_ENTRY__BODY_GENESIS:
		return genesis_check(b->genesis, e);
	case ANPR__V1__JOURNAL_ENTRY__BODY_DECREE:
		return check_decree(b->decree, e);
	case ANPR__V1__JOURNAL_ENTRY__BODY_LAPSE:
		return check_lapse(b->lapse, e);
	case ANPR__V1__JOURNAL_ENTRY__BODY_ENFORCED:
		return check_enforced(b->enforced, e);
	case ANPR__V1__JOURNAL_ENTRY__BODY__NOT_SET:
	case _ANPR__V1__JOURNAL_ENTRY__BODY__CASE_IS_INT_SIZE:
		break;
	}
	return error_set(e, "an entry about nothing");
}

struct status journal_entry_decode(struct span value, struct journal_entry *out, struct error *e)
{
	*out = (struct journal_entry){0};
	ProtobufCMessage *message = NULL;
	TRY(message_decode(
		&anpr__v1__stored_entry__descriptor, value, ENTRY_MAX, DECODE_STRICT, &message, e));
	struct journal_entry entry = {.stored = (Anpr__V1__StoredEntry *)message};
	struct span bytes = span_binary(entry.stored->entry);
	message = NULL;
	struct status s = message_decode(
		&anpr__v1__journal_entry__descriptor, bytes, ENTRY_MAX, DECODE_STRICT, &message, e);
	entry.body = (Anpr__V1__JournalEntry *)message;
	if (ok(s) && !form_bytes(entry.stored->signature, 64))
		s = error_set(e, "an entry without its node's signature of 64 bytes");
	if (ok(s))
		s = check_entry(entry.body, e);
	if (!ok(s)) {
		journal_entry_free(&entry);
		return s;
	}
	entry.hash = digest_of(bytes);
	*out = entry;
	return S_OK;
}

void journal_entry_free(struct journal_entry *entry)
{
	if (entry->body)
		anpr__v1__journal_entry__free_unpacked(entry->body, NULL);
	if (entry->stored)
		anpr__v1__stored_entry__free_unpacked(entry->stored, NULL);
	*entry = (struct journal_entry){0};
}

struct status journal_entry_seal(const Anpr__V1__JournalEntry *body, const struct node_key *key,
	struct buffer *value, struct digest *hash, struct error *e)
{
	CLEANUP(buffer_free) struct buffer bytes = {0};
	CLEANUP(buffer_free) struct buffer sealed = {0};
	TRY(message_encode(&body->base, &bytes));
	uint8_t signature[64];
	TRY(node_sign(key, DOMAIN_JOURNAL, buffer_span(&bytes), signature));
	Anpr__V1__StoredEntry stored = ANPR__V1__STORED_ENTRY__INIT;
	stored.entry = (ProtobufCBinaryData){bytes.n, bytes.p};
	stored.signature = (ProtobufCBinaryData){sizeof signature, signature};
	TRY(message_encode(&stored.base, &sealed));
	/* What readers would refuse is never written: the journal cannot be mended afterwards. */
	struct journal_entry check;
	TRY(journal_entry_decode(buffer_span(&sealed), &check, e));
	*hash = check.hash;
	journal_entry_free(&check);
	return buffer_append(value, buffer_span(&sealed));
}

struct status journal_entry_follows(
	const struct journal_entry *entry, uint64_t sequence, const struct digest *hash, struct error *e)
{
	if (entry->body->sequence != sequence + 1) {
		error_add(e, NULL, 0, 0, "journal entry %llu where %llu was to follow",
			(unsigned long long)entry->body->sequence, (unsigned long long)sequence + 1);
		return S_REFUSED;
	}
	if (!span_equal(span_binary(entry->body->previous_hash), span_of(hash->v, sizeof hash->v))) {
		error_add(e, NULL, 0, 0,
			"journal entry %llu does not continue the chain: previous hash differs",
			(unsigned long long)entry->body->sequence);
		return S_REFUSED;
	}
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What a transaction says about itself: the ledger record, and now and then heads and accounts. Everything is
 * made in the scratch arena of the transaction.
 */
#include "gateway/core/publisher_internal.h"

#include <stdio.h>

#define CAMERAS_A_RECORD 5000
#define HOUR_MS          3600000

int64_t hour_of(int64_t utc_ms)
{
	return utc_ms - utc_ms % HOUR_MS;
}

static void *scratch(struct publisher *p, size_t n)
{
	return arena_alloc(&p->scratch, n);
}

static struct status send(struct publisher *p, const char *topic, int32_t partition, struct span key,
	struct span value, struct error *e)
{
	struct producer_message m = {
		.topic = topic, .partition = partition, .key = key, .value = value, .copy = true};

	return transaction_send(p, &m, e);
}

static struct status send_signed(struct publisher *p, const char *topic, int32_t partition, const char *key,
	const ProtobufCMessage *message, struct error *e)
{
	struct buffer value = {0};
	struct status status = stored_record_seal(message, p->options.key, &value);

	if (ok(status))
		status = send(p, topic, partition, span_text(key), buffer_span(&value), e);
	buffer_free(&value);
	return status;
}

static Anpr__V1__Gap **gap_message(struct publisher *p, const struct partner *partner, struct utc_ms now)
{
	Anpr__V1__Gap **list = scratch(p, sizeof *list);
	Anpr__V1__Gap *gap = scratch(p, sizeof *gap);

	if (!list || !gap)
		return NULL;
	anpr__v1__gap__init(gap);
	gap->cause = partner->work_gap;
	gap->from_ms = partner->work_gap_from_ms;
	/* A gap by an off is open: what comes next is asked for by time, not by cursor. */
	gap->to_ms = partner->work_gap == ANPR__V1__GAP_CAUSE__GAP_CAUSE_OFF ? 0 : now.v;
	list[0] = gap;
	return list;
}

static struct status partner_message(
	struct publisher *p, struct partner *partner, struct utc_ms now, Anpr__V1__PartnerRecord **out)
{
	Anpr__V1__PartnerRecord *m = scratch(p, sizeof *m);

	REQUIRE(m, S_OVERLOAD);
	anpr__v1__partner_record__init(m);
	TRY(partner_work_cameras(partner));
	m->partner = partner->id;
	m->cursor = partner->work_cursor ? (char *)partner->work_cursor : partner->cursor;
	m->totals = totals_message(&partner->work, 0, partner->work.n_cameras, &p->scratch);
	m->feeds = feed_messages(&partner->work_feeds, true, &m->n_feeds, &p->scratch);
	m->key_epoch = p->window.epoch;
	m->permitted_ids = partner->permitted;
	m->n_permitted_ids = partner->n_permitted;
	m->received_at_ms = partner->newest_arrival_ms;
	REQUIRE(m->totals && m->feeds, S_OVERLOAD);
	if (partner->work_gap != ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED) {
		m->gaps = gap_message(p, partner, now);
		REQUIRE(m->gaps, S_OVERLOAD);
		m->n_gaps = 1;
	}
	*out = m;
	return S_OK;
}

static struct status record_message(
	struct publisher *p, Anpr__V1__LedgerRecord__Kind kind, struct utc_ms now, Anpr__V1__LedgerRecord *m)
{
	anpr__v1__ledger_record__init(m);
	m->kind = kind;
	m->publisher = p->options.index;
	m->ordinal = p->ordinal + 1;
	m->previous_hash.data = p->ledger_hash.v;
	m->previous_hash.len = sizeof p->ledger_hash.v;
	m->batch_id.data = p->attempt.id;
	m->batch_id.len = sizeof p->attempt.id;
	m->policy_version = p->snapshot ? snapshot_version(p->snapshot) : 0;
	m->written_at_ms = now.v;
	m->node = (char *)p->options.node;
	m->partners = scratch(p, p->n_partners * sizeof *m->partners);
	REQUIRE(m->partners, S_OVERLOAD);
	for (size_t i = 0; i < p->n_partners; i++) {
		if (!p->partners[i]->in_hand)
			continue;
		TRY(partner_message(p, p->partners[i], now, &m->partners[m->n_partners]));
		m->n_partners++;
	}
	return S_OK;
}

struct status statement_ledger(struct publisher *p, Anpr__V1__LedgerRecord__Kind kind, struct utc_ms now,
	struct digest *hash, struct error *e)
{
	Anpr__V1__LedgerRecord record;

	TRY(record_message(p, kind, now, &record));
	p->message.n = 0;
	TRY(ledger_encode(&record, &p->message, hash));
	return send(p, p->options.ledger, (int32_t)p->options.index, (struct span){0},
		buffer_span(&p->message), e);
}

/* One partner's hour as it goes into accounts, or while under way into heads. */
struct hour {
	const struct partner *partner;
	int64_t hour_ms;
	const struct totals *totals;
	const struct feed_set *feeds;
	const struct digest *ledger_hash;
};

/* As Account records of at most 5,000 cameras each. */
static struct status send_hour(struct publisher *p, const char *topic, int32_t partition,
	const char *key_prefix, const struct hour *hour, struct error *e)
{
	size_t parts = hour->totals->n_cameras / CAMERAS_A_RECORD + 1;

	for (size_t part = 0; part < parts; part++) {
		Anpr__V1__Account account = ANPR__V1__ACCOUNT__INIT;
		size_t from = part * CAMERAS_A_RECORD;
		size_t to = part + 1 == parts ? hour->totals->n_cameras : from + CAMERAS_A_RECORD;
		char key[160];

		snprintf(key, sizeof key, "%s/%zu", key_prefix, part);
		account.partner = hour->partner->id;
		account.hour_ms = hour->hour_ms;
		account.part = (uint32_t)part;
		account.totals = totals_message(hour->totals, from, to, &p->scratch);
		account.feeds = feed_messages(hour->feeds, false, &account.n_feeds, &p->scratch);
		account.ledger_hash.data = (uint8_t *)hour->ledger_hash->v;
		account.ledger_hash.len = sizeof hour->ledger_hash->v;
		account.publisher = p->options.index;
		account.node = (char *)p->options.node;
		REQUIRE(account.totals && account.feeds, S_OVERLOAD);
		TRY(send_signed(p, topic, partition, key, &account.base, e));
	}
	return S_OK;
}

/* The hour as it will be once the transaction is committed. The caller frees. */
static struct status hour_after(const struct partner *partner, struct totals *out)
{
	TRY(totals_add(out, &partner->hour, true));
	return partner->in_hand ? totals_add(out, &partner->work, true) : S_OK;
}

bool statement_hour_over(const struct publisher *p, struct utc_ms now)
{
	for (size_t i = 0; i < p->n_partners; i++)
		if (p->partners[i]->hour_ms != 0 && p->partners[i]->hour_ms != hour_of(now.v))
			return true;
	return false;
}

struct status statement_accounts(
	struct publisher *p, struct utc_ms now, bool all, const struct digest *hash, struct error *e)
{
	for (size_t i = 0; i < p->n_partners; i++) {
		struct partner *partner = p->partners[i];
		bool over = partner->hour_ms != 0 && partner->hour_ms != hour_of(now.v);
		struct totals hour = {0};
		struct status status;
		char key[128];

		if (partner->hour_ms == 0 || (!over && !all))
			continue;
		/* What this very transaction brings already belongs to the new hour. */
		status = over ? totals_add(&hour, &partner->hour, true) : hour_after(partner, &hour);
		snprintf(
			key, sizeof key, "%s/%s", partner->id, CLOCK_TEXT((struct utc_ms){partner->hour_ms}));
		if (ok(status) && hour.received > 0)
			status = send_hour(p, p->options.accounts, 0, key,
				&(struct hour){partner, partner->hour_ms, &hour,
					partner->in_hand && !over ? &partner->work_feeds : &partner->feeds,
					hash},
				e);
		totals_free(&hour);
		TRY(status);
	}
	return S_OK;
}

static struct status head_partner(struct publisher *p, struct partner *partner, struct utc_ms now,
	const struct digest *hash, Anpr__V1__PartnerHead **out, struct error *e)
{
	Anpr__V1__PartnerHead *m = scratch(p, sizeof *m);
	bool over = partner->hour_ms != 0 && partner->hour_ms != hour_of(now.v);
	struct totals hour = {0}, ever = {0};
	struct status status;
	char key[128];

	REQUIRE(m, S_OVERLOAD);
	anpr__v1__partner_head__init(m);
	m->partner = partner->id;
	m->cursor = partner->in_hand && partner->work_cursor ? (char *)partner->work_cursor : partner->cursor;
	m->feeds = feed_messages(
		partner->in_hand ? &partner->work_feeds : &partner->feeds, false, &m->n_feeds, &p->scratch);
	m->hour_ms = hour_of(now.v);
	m->off_since_ms = partner_off_since_after(partner);
	m->received_at_ms = partner->newest_arrival_ms;
	if (over) /* the hour begins with this transaction */
		status = partner->in_hand ? totals_add(&hour, &partner->work, true) : S_OK;
	else
		status = hour_after(partner, &hour);
	if (ok(status))
		status = totals_add(&ever, &partner->ever, false);
	if (ok(status) && partner->in_hand)
		status = totals_add(&ever, &partner->work, false);
	if (ok(status)) {
		m->ever = totals_message(&ever, 0, 0, &p->scratch);
		snprintf(key, sizeof key, "hour/%s", partner->id);
		status = m->feeds && m->ever
				 ? send_hour(p, p->options.heads, (int32_t)p->options.index, key,
					   &(struct hour){partner, m->hour_ms, &hour, &partner->feeds, hash},
					   e)
				 : S_OVERLOAD;
	}
	totals_free(&hour);
	totals_free(&ever);
	*out = m;
	return status;
}

static struct status send_window_key(struct publisher *p, struct error *e)
{
	Anpr__V1__WindowKey m = ANPR__V1__WINDOW_KEY__INIT;

	m.epoch = p->window.epoch;
	m.key.data = p->window.key;
	m.key.len = sizeof p->window.key;
	return send_signed(p, p->options.heads, (int32_t)p->options.index, "window-key", &m.base, e);
}

/* Where reading must begin so that the whole window is seen again. */
static int64_t window_offset(const struct publisher *p, struct utc_ms now)
{
	int64_t offset = p->n_marks > 0 ? p->marks[0].offset : p->ledger_next;

	for (size_t i = 0; i < p->n_marks && p->marks[i].at_ms <= now.v - p->window.length_ms; i++)
		offset = p->marks[i].offset;
	return offset;
}

struct status statement_head(
	struct publisher *p, struct utc_ms now, const struct digest *hash, struct error *e)
{
	Anpr__V1__Head head = ANPR__V1__HEAD__INIT;
	char key[32];

	resume_mark(p, now.v, p->ledger_next);
	if (p->window_key_new)
		TRY(send_window_key(p, e));
	head.publisher = p->options.index;
	head.ordinal = p->ordinal + 1;
	head.ledger_hash.data = (uint8_t *)hash->v;
	head.ledger_hash.len = sizeof hash->v;
	head.ledger_offset = p->ledger_next;
	head.window_offset = window_offset(p, now);
	head.written_at_ms = now.v;
	head.node = (char *)p->options.node;
	head.partners = scratch(p, p->n_partners * sizeof *head.partners);
	REQUIRE(head.partners, S_OVERLOAD);
	for (size_t i = 0; i < p->n_partners; i++)
		TRY(head_partner(p, p->partners[i], now, hash, &head.partners[head.n_partners++], e));
	snprintf(key, sizeof key, "publisher/%u", p->options.index);
	return send_signed(p, p->options.heads, (int32_t)p->options.index, key, &head.base, e);
}

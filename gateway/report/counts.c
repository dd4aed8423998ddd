/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads by partner and day, added up from clock hours. An hour is taken from the ledger where that still has
 * all of it, for then it is the newest; else from the account that a node signed. No read is looked at, and
 * what is kept grows with hours and cameras only.
 */
#include "gateway/report/internal.h"

#include <stdlib.h>

struct hour {
	struct tally account, ledger;
	bool has_account, has_ledger;
	uint32_t publisher;
};

/* --- adding up --- */

static void tally_add_message(struct tally *t, const Anpr__V1__Totals *m)
{
	t->received += m->received;
	t->permitted += m->permitted;
	t->published += m->published;
	t->images_dropped += m->classes_dropped;
	for (size_t i = 0; i < m->n_denied; i++)
		t->denied[(unsigned)m->denied[i]->reason % REASON_COUNT] += m->denied[i]->n;
	for (size_t i = 0; i < m->n_rejected; i++)
		t->rejected[(unsigned)m->rejected[i]->rejection % REJECTION_COUNT] += m->rejected[i]->n;
}

static void tally_add(struct tally *t, const struct tally *more)
{
	t->received += more->received;
	t->permitted += more->permitted;
	t->published += more->published;
	t->images_dropped += more->images_dropped;
	for (size_t i = 0; i < REASON_COUNT; i++)
		t->denied[i] += more->denied[i];
	for (size_t i = 0; i < REJECTION_COUNT; i++)
		t->rejected[i] += more->rejected[i];
}

static struct partner_counts *partner_of(struct report *r, const char *id)
{
	struct partner_counts *p;

	HASH_FIND(hh, r->counts.partners, id, strlen(id), p);
	if (p)
		return p;
	p = memory_new(1, sizeof *p);
	p->id = memory_text(id);
	p->days = memory_new(r->period.n, sizeof *p->days);
	p->n_hours = (size_t)((r->period.to - r->period.from) / HOUR_MS);
	p->hours = memory_new(p->n_hours, sizeof(struct hour *));
	HASH_ADD_KEYPTR(hh, r->counts.partners, p->id, strlen(p->id), p);
	return p;
}

/* An hour of the period. */
static struct hour *hour_of(const struct report *r, struct partner_counts *p, int64_t hour_ms)
{
	struct hour **h = &p->hours[(hour_ms - r->period.from) / HOUR_MS];

	if (!*h)
		*h = memory_new(1, sizeof **h);
	return *h;
}

static struct camera_bits *camera_of(const struct report *r, struct partner_counts *p, const char *id)
{
	size_t bytes = r->period.n / 8 + 1;
	struct camera_bits *c;

	HASH_FIND(hh, p->cameras, id, strlen(id), c);
	if (c)
		return c;
	c = memory_new(1, sizeof *c);
	c->id = memory_text(id);
	c->sent = memory_new(bytes, 1);
	c->shared = memory_new(bytes, 1);
	HASH_ADD_KEYPTR(hh, p->cameras, c->id, strlen(c->id), c);
	return c;
}

/* Registered ones; the unregistered have no id, and are not told apart. */
static void cameras_note(
	const struct report *r, struct partner_counts *p, size_t day, const Anpr__V1__Totals *m)
{
	for (size_t i = 0; i < m->n_cameras; i++) {
		const Anpr__V1__CameraCount *n = m->cameras[i];
		struct camera_bits *c = *n->camera ? camera_of(r, p, n->camera) : NULL;

		if (c && n->received > 0)
			c->sent[day / 8] |= (uint8_t)(1u << day % 8);
		if (c && n->permitted > 0)
			c->shared[day / 8] |= (uint8_t)(1u << day % 8);
	}
}

/* --- the ledger --- */

static void gap_take(struct report *r, const char *partner, const Anpr__V1__Gap *gap, int64_t told)
{
	struct counts *c = &r->counts;
	int64_t to = gap->to_ms ? gap->to_ms : told;

	if (gap->from_ms >= r->period.to || to < r->period.from)
		return;
	GROW(c->gaps, c->n_gaps);
	c->gaps[c->n_gaps++] =
		(struct gap_note){memory_text(partner), gap->cause, gap->from_ms, gap->to_ms, told};
}

static void partner_record_take(
	struct report *r, const Anpr__V1__LedgerRecord *record, const Anpr__V1__PartnerRecord *from)
{
	int64_t hour_ms = record->written_at_ms - record->written_at_ms % HOUR_MS;
	size_t day = period_day(&r->period, hour_ms);
	struct partner_counts *p;
	struct hour *h;

	for (size_t i = 0; i < from->n_gaps; i++)
		gap_take(r, from->partner, from->gaps[i], record->written_at_ms);
	if (day == NO_DAY || !from->totals)
		return;
	p = partner_of(r, from->partner);
	h = hour_of(r, p, hour_ms);
	h->has_ledger = true;
	h->publisher = record->publisher;
	tally_add_message(&h->ledger, from->totals);
	cameras_note(r, p, day, from->totals);
}

/* A record decided under an entry that the journal has not: the journal was cut. */
static struct status version_check(
	const struct report *r, const Anpr__V1__LedgerRecord *record, struct error *e)
{
	uint64_t there = governance_sequence(r->governance);

	if (record->policy_version <= there)
		return S_OK;
	(void)error_set(e, "%s ends with entry %llu, but the ledger was decided under entry %llu: it was cut",
		r->topics->journal, (unsigned long long)there, (unsigned long long)record->policy_version);
	return S_REFUSED;
}

static struct status ledger_take(
	struct report *r, struct ledger_start *start, const struct verify_record *from, struct error *e)
{
	Anpr__V1__LedgerRecord *record = NULL;
	struct digest hash;
	struct status status;

	if (!ok(ledger_decode(from->value, &record, &hash, NULL))) {
		r->counts.unreadable++;
		return S_OK;
	}
	if (start->ordinal == 0)
		*start = (struct ledger_start){record->ordinal, record->written_at_ms};
	r->counts.ledger_records++;
	status = version_check(r, record, e);
	for (size_t i = 0; i < record->n_partners && ok(status); i++)
		partner_record_take(r, record, record->partners[i]);
	anpr__v1__ledger_record__free_unpacked(record, NULL);
	return status;
}

static struct status ledger_read(struct report *r, const int64_t *ends, int32_t publishers, struct error *e)
{
	const struct verify_source *s = r->source;
	struct counts *c = &r->counts;

	c->n_starts = (size_t)publishers;
	c->starts = memory_new(c->n_starts, sizeof *c->starts);
	for (int32_t k = 0; k < publishers; k++) {
		struct verify_record record;
		struct status status;

		while (ok(status = s->next(s->context, r->topics->ledger, k, ends[k], &record, e))) {
			report_did(r);
			TRY(ledger_take(r, &c->starts[k], &record, e));
		}
		REQUIRE(status.kind == STATUS_WAIT, status);
		if (c->starts[k].ordinal > 1 && c->starts[k].at > c->ledger_from)
			c->ledger_from = c->starts[k].at;
	}
	return S_OK;
}

/* --- the accounts --- */

static void account_take(struct report *r, const Anpr__V1__Account *a)
{
	size_t day = period_day(&r->period, a->hour_ms);
	struct partner_counts *p;
	struct hour *h;

	if (day == NO_DAY || !a->totals)
		return;
	p = partner_of(r, a->partner);
	cameras_note(r, p, day, a->totals);
	if (a->part != 0)
		return; /* each part repeats the totals; only its cameras are its own */
	h = hour_of(r, p, a->hour_ms);
	h->has_account = true;
	h->account = (struct tally){0}; /* a later account of the hour has all that the earlier had */
	tally_add_message(&h->account, a->totals);
}

static void account_open(struct report *r, struct span value)
{
	const uint8_t(*keys)[32];
	size_t n = governance_node_keys(r->governance, &keys);
	Anpr__V1__StoredRecord *holder = NULL;
	Anpr__V1__Account *account = NULL;

	if (ok(stored_record_open(value, keys, n, &holder, NULL))) {
		account = anpr__v1__account__unpack(NULL, holder->record.len, holder->record.data);
		anpr__v1__stored_record__free_unpacked(holder, NULL);
	}
	if (!account) {
		r->counts.unsigned_accounts++;
		return;
	}
	r->counts.accounts++;
	account_take(r, account);
	anpr__v1__account__free_unpacked(account, NULL);
}

static struct status accounts_read(struct report *r, int64_t end, struct error *e)
{
	const struct verify_source *s = r->source;
	struct verify_record record;
	struct status status;

	while (ok(status = s->next(s->context, r->topics->accounts, 0, end, &record, e))) {
		report_did(r);
		account_open(r, record.value);
	}
	return status.kind == STATUS_WAIT ? S_OK : status;
}

/* --- hours into days --- */

static bool ledger_has_all(const struct counts *c, const struct hour *h, int64_t hour_ms)
{
	const struct ledger_start *start = h->publisher < c->n_starts ? &c->starts[h->publisher] : NULL;

	return h->has_ledger && start && (start->ordinal == 1 || start->at < hour_ms);
}

static void hour_settle(
	const struct report *r, const struct hour *h, int64_t hour_ms, struct partner_day *day)
{
	if (ledger_has_all(&r->counts, h, hour_ms)) {
		day->hours_ledger++;
		tally_add(&day->tally, &h->ledger);
	} else if (h->has_account) {
		day->hours_accounts++;
		tally_add(&day->tally, &h->account);
	} else {
		day->hours_part++;
		tally_add(&day->tally, &h->ledger);
	}
}

static void hours_settle(const struct report *r, struct partner_counts *p)
{
	for (size_t i = 0; i < p->n_hours; i++) {
		int64_t hour_ms = r->period.from + (int64_t)i * HOUR_MS;

		if (p->hours[i])
			hour_settle(r, p->hours[i], hour_ms, &p->days[period_day(&r->period, hour_ms)]);
	}
}

static void cameras_settle(const struct report *r, struct partner_counts *p)
{
	struct camera_bits *c, *next;

	HASH_ITER(hh, p->cameras, c, next)
	{
		for (size_t day = 0; day < r->period.n; day++) {
			p->days[day].cameras_sent += (unsigned)c->sent[day / 8] >> day % 8 & 1u;
			p->days[day].cameras_shared += (unsigned)c->shared[day / 8] >> day % 8 & 1u;
		}
	}
}

struct status counts_read(struct report *r, int64_t accounts_end, const int64_t *ledger_ends,
	int32_t publishers, struct error *e)
{
	const struct governance_partner *partners;
	size_t n = governance_partners(r->governance, &partners);
	struct partner_counts *p, *next;

	for (size_t i = 0; i < n; i++)
		(void)partner_of(r, partners[i].id); /* those without a read are told as well */
	TRY(accounts_read(r, accounts_end, e));
	TRY(ledger_read(r, ledger_ends, publishers, e));
	HASH_ITER(hh, r->counts.partners, p, next)
	{
		hours_settle(r, p);
		cameras_settle(r, p);
	}
	return S_OK;
}

static void partner_free(struct partner_counts *p)
{
	struct camera_bits *c, *next;

	HASH_ITER(hh, p->cameras, c, next)
	{
		HASH_DEL(p->cameras, c);
		free(c->id);
		free(c->sent);
		free(c->shared);
		free(c);
	}
	for (size_t i = 0; i < p->n_hours; i++)
		free(p->hours[i]);
	free(p->hours);
	free(p->id);
	free(p->days);
	free(p);
}

void counts_free(struct counts *c)
{
	struct partner_counts *p, *next;

	HASH_ITER(hh, c->partners, p, next)
	{
		HASH_DEL(c->partners, p);
		partner_free(p);
	}
	for (size_t i = 0; i < c->n_gaps; i++)
		free(c->gaps[i].partner);
	free(c->gaps);
	free(c->starts);
}

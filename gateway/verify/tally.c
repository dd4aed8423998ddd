/* SPDX-License-Identifier: Apache-2.0
 *
 * Hours: what the ledger's records of a clock hour add up to, against the account of that hour that a node
 * signed. An account names the ledger record it was made with, so it also holds the ledger in place: records
 * rewritten since have other hashes. And the ledger says when an account was made: with the first record
 * after the hour, and with the last of an ownership; so one that was taken away is missed.
 *
 * Only the hours under way are kept. The ledger is walked in the order of time and the accounts beside it, no
 * further than those of the hour the walk is in: one of a later hour was made with a later record.
 */
#include "gateway/verify/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS   INT64_C(3600000)
#define HOUR_KEPT (2 * HOUR_MS) /* behind a publisher's newest record */
#define AHEAD_MS  HOUR_MS       /* as far as the clocks of two nodes may be apart, and far more */

struct camera_tally {
	char *id;
	uint64_t received, permitted, denied;
	uint64_t signed_with; /* as its hour's */
	UT_hash_handle hh;
};
struct hour {
	char *key; /* "partner hour" */
	int64_t start_ms;
	uint32_t publisher;
	bool whole;           /* the ledger still has its beginning */
	bool judged;          /* whether its accounts are there, since something was last counted */
	uint64_t counted;     /* ordinal of the newest ledger record that counts something in it */
	uint64_t signed_with; /* of the newest ledger record that an account of it was made with */
	uint64_t received, permitted, published, classes_dropped;
	uint64_t denied[64], rejected[64];
	struct camera_tally *cameras;
	UT_hash_handle hh;
};
/* Accounts made with one ledger record. */
struct statement {
	struct digest ledger_hash;
	Anpr__V1__Account **accounts;
	int64_t *offsets;
	size_t n;
	UT_hash_handle hh;
};

/* --- the ledger's side --- */

static struct hour *hour_find(struct verification *v, const char *partner, int64_t start_ms)
{
	struct hour *h;
	char key[160];
	int n = snprintf(key, sizeof key, "%s %lld", partner, (long long)start_ms);

	HASH_FIND(hh, v->hours, key, (size_t)n, h);
	return h;
}

static struct hour *hour_of_record(struct verification *v, const struct publisher_chain *chain,
	const char *partner, int64_t written_at_ms)
{
	int64_t start_ms = written_at_ms - written_at_ms % HOUR_MS;
	struct hour *h = hour_find(v, partner, start_ms);

	if (h)
		return h;
	h = memory_new(1, sizeof *h);
	if (asprintf(&h->key, "%s %lld", partner, (long long)start_ms) < 0)
		abort();
	h->start_ms = start_ms;
	h->publisher = (uint32_t)(chain - v->publishers);
	h->whole = chain->first_ordinal == 1 || chain->first_ms < start_ms;
	HASH_ADD_KEYPTR(hh, v->hours, h->key, strlen(h->key), h);
	return h;
}

static void hour_free(struct verification *v, struct hour *h)
{
	struct camera_tally *c, *next;

	HASH_DEL(v->hours, h);
	HASH_ITER(hh, h->cameras, c, next)
	{
		HASH_DEL(h->cameras, c);
		free(c->id);
		free(c);
	}
	free(h->key);
	free(h);
}

static struct camera_tally *camera_find(const struct hour *h, const char *id)
{
	struct camera_tally *c;

	HASH_FIND(hh, h->cameras, id, strlen(id), c);
	return c;
}

static void camera_add(struct hour *h, const Anpr__V1__CameraCount *count)
{
	struct camera_tally *c = camera_find(h, count->camera);

	if (!c) {
		c = memory_new(1, sizeof *c);
		c->id = memory_text(count->camera);
		HASH_ADD_KEYPTR(hh, h->cameras, c->id, strlen(c->id), c);
	}
	c->received += count->received;
	c->permitted += count->permitted;
	c->denied += count->denied;
}

static void hour_add(struct hour *h, const Anpr__V1__Totals *t, uint64_t ordinal)
{
	h->judged = false;
	h->counted = ordinal;
	h->received += t->received;
	h->permitted += t->permitted;
	h->published += t->published;
	h->classes_dropped += t->classes_dropped;
	for (size_t i = 0; i < t->n_denied; i++)
		h->denied[(unsigned)t->denied[i]->reason % 64] += t->denied[i]->n;
	for (size_t i = 0; i < t->n_rejected; i++)
		h->rejected[(unsigned)t->rejected[i]->rejection % 64] += t->rejected[i]->n;
	for (size_t i = 0; i < t->n_cameras; i++)
		camera_add(h, t->cameras[i]);
}

/* --- the accounts' side --- */

static bool reasons_equal(const struct hour *h, const Anpr__V1__Totals *t)
{
	uint64_t denied[64] = {0}, rejected[64] = {0};

	for (size_t i = 0; i < t->n_denied; i++)
		denied[(unsigned)t->denied[i]->reason % 64] += t->denied[i]->n;
	for (size_t i = 0; i < t->n_rejected; i++)
		rejected[(unsigned)t->rejected[i]->rejection % 64] += t->rejected[i]->n;
	return memcmp(denied, h->denied, sizeof denied) == 0 &&
	       memcmp(rejected, h->rejected, sizeof rejected) == 0;
}

static bool cameras_equal(const struct hour *h, const Anpr__V1__Totals *t)
{
	for (size_t i = 0; i < t->n_cameras; i++) {
		const Anpr__V1__CameraCount *n = t->cameras[i];
		const struct camera_tally *c = camera_find(h, n->camera);

		if (!c || c->received != n->received || c->permitted != n->permitted ||
			c->denied != n->denied)
			return false;
	}
	return true;
}

/* Whether the ledger, as far as it is kept, must have the hour of this account and the record it was made
 * with. */
static bool must_be_there(const struct verification *v, const Anpr__V1__Account *a)
{
	const struct publisher_chain *chain = &v->publishers[publisher_of(v, span_text(a->partner))];

	return chain->first_ordinal > 0 && (chain->first_ordinal == 1 || a->hour_ms >= chain->first_ms);
}

static void account_compare(struct verification *v, const Anpr__V1__Account *a, int64_t offset)
{
	static const struct hour none = {.whole = true};
	const struct hour *h = hour_find(v, a->partner, a->hour_ms);
	const Anpr__V1__Totals *t = a->totals;
	const char *where = PLACE(v->topics->accounts, 0, offset), *what = NULL;

	if (!h && must_be_there(v, a))
		h = &none;
	if (!h || !h->whole)
		return; /* the ledger no longer has the whole hour */
	v->figures.accounts_compared++;
	if (t->received != h->received)
		what = "received";
	else if (t->permitted != h->permitted || t->published != h->published)
		what = "permitted and published";
	else if (!reasons_equal(h, t) || t->classes_dropped != h->classes_dropped)
		what = "denied and rejected by reason";
	else if (!cameras_equal(h, t))
		what = "by camera";
	if (what)
		offence_add(v, OFFENCE_ACCOUNT, where,
			"%s, the hour from %s: reads %s differ from the ledger's", a->partner,
			CLOCK_TEXT((struct utc_ms){a->hour_ms}), what);
}

static void statement_free(struct verification *v, struct statement *s)
{
	HASH_DEL(v->statements, s);
	for (size_t i = 0; i < s->n; i++)
		anpr__v1__account__free_unpacked(s->accounts[i], NULL);
	free(s->accounts);
	free(s->offsets);
	free(s);
}

/* What the account lists is signed for, up to the ledger record it was made with. */
static void account_mark(struct verification *v, const Anpr__V1__Account *a, uint64_t ordinal)
{
	struct hour *h = hour_find(v, a->partner, a->hour_ms);

	if (!h)
		return;
	h->signed_with = ordinal;
	for (size_t i = 0; i < a->totals->n_cameras; i++) {
		struct camera_tally *c = camera_find(h, a->totals->cameras[i]->camera);

		if (c)
			c->signed_with = ordinal;
	}
}

/* --- whether there are accounts of all that was counted --- */

static void tell_missing(
	struct verification *v, const struct hour *h, const struct publisher_chain *chain, size_t left_out)
{
	const char *where = PLACE(v->topics->ledger, (int32_t)h->publisher, chain->next_offset);
	int n = (int)strcspn(h->key, " ");

	if (h->signed_with < h->counted)
		offence_add(v, OFFENCE_ACCOUNT_MISSING, where,
			"%.*s, the hour from %s: by here a node signed an account of it; there is none", n,
			h->key, CLOCK_TEXT((struct utc_ms){h->start_ms}));
	else
		offence_add(v, OFFENCE_ACCOUNT_MISSING, where,
			"%.*s, the hour from %s: its accounts leave out %zu of its %u cameras", n, h->key,
			CLOCK_TEXT((struct utc_ms){h->start_ms}), left_out, HASH_COUNT(h->cameras));
}

/* The newest record read of its publisher is one that the gateway signs the hour's account with, unless it
 * had done so since it last counted something. Older accounts of the hour may be gone: the newest of a key
 * supersedes them. */
static void hour_judge(struct verification *v, struct hour *h, const struct publisher_chain *chain)
{
	size_t left_out = 0;

	if (h->judged || !h->whole || h->received == 0)
		return;
	h->judged = true;
	for (const struct camera_tally *c = h->cameras; c; c = c->hh.next)
		left_out += c->signed_with < h->counted;
	if (h->signed_with < h->counted || left_out > 0)
		tell_missing(v, h, chain, left_out);
}

/* The hours that are over by now; and those that no account will be made about any more are forgotten. */
static void hours_over(struct verification *v, const struct publisher_chain *chain, int64_t now_ms)
{
	struct hour *h, *next;

	HASH_ITER(hh, v->hours, h, next)
	{
		if (h->publisher != (uint32_t)(chain - v->publishers) || h->start_ms + HOUR_MS > now_ms)
			continue;
		hour_judge(v, h, chain);
		if (h->start_ms + HOUR_MS + HOUR_KEPT < now_ms)
			hour_free(v, h);
	}
}

/* A publisher that stopped signed for the hour it was in. Only where it has not gone on: what it signs next
 * supersedes that. */
static void hours_stopped(struct verification *v)
{
	for (uint32_t k = 0; k < v->n_publishers; k++)
		for (struct hour *h = v->publishers[k].stopped ? v->hours : NULL; h; h = h->hh.next)
			if (h->publisher == k)
				hour_judge(v, h, &v->publishers[k]);
}

void tally_add(struct verification *v, const struct publisher_chain *chain,
	const Anpr__V1__LedgerRecord *record, const struct digest *hash)
{
	struct statement *s;

	for (size_t i = 0; i < record->n_partners; i++)
		if (record->partners[i]->totals)
			hour_add(
				hour_of_record(v, chain, record->partners[i]->partner, record->written_at_ms),
				record->partners[i]->totals, record->ordinal);
	HASH_FIND(hh, v->statements, hash, sizeof *hash, s);
	for (size_t i = 0; s && i < s->n; i++) {
		account_compare(v, s->accounts[i], s->offsets[i]);
		account_mark(v, s->accounts[i], record->ordinal);
	}
	if (s)
		statement_free(v, s);
	hours_over(v, chain, record->written_at_ms);
}

struct status accounts_mark(struct verification *v, bool covered, struct error *e)
{
	return (covered ? v->source->settled : v->source->newest)(v->source->context, v->topics->accounts, 1,
		covered ? &v->accounts_covered : &v->accounts_end, e);
}

/* The one at hand, until its ledger record is met. */
static void account_keep(struct verification *v)
{
	Anpr__V1__Account *account = v->ahead.account;
	struct digest hash;
	struct statement *s;

	v->ahead.account = NULL;
	if ((v->ahead.offset < v->accounts_covered && !must_be_there(v, account)) || !account->totals ||
		!ok(digest_from(span_of(account->ledger_hash.data, account->ledger_hash.len), &hash))) {
		anpr__v1__account__free_unpacked(account, NULL);
		return;
	}
	HASH_FIND(hh, v->statements, &hash, sizeof hash, s);
	if (!s) {
		s = memory_new(1, sizeof *s);
		s->ledger_hash = hash;
		HASH_ADD(hh, v->statements, ledger_hash, sizeof s->ledger_hash, s);
	}
	s->offsets = memory_grow(s->offsets, s->n, sizeof *s->offsets);
	GROW(s->accounts, s->n);
	s->offsets[s->n] = v->ahead.offset;
	s->accounts[s->n++] = account;
}

static void account_take(struct verification *v, const struct verify_record *record)
{
	const uint8_t(*keys)[32];
	size_t n = governance_node_keys(v->whole, &keys);
	Anpr__V1__StoredRecord *holder = NULL;
	struct error why = {0};

	v->figures.statements++;
	if (ok(stored_record_open(record->value, keys, n, &holder, &why)))
		v->ahead.account = anpr__v1__account__unpack(NULL, holder->record.len, holder->record.data);
	v->ahead.offset = record->offset;
	if (!v->ahead.account)
		offence_add(v, OFFENCE_UNSIGNED, PLACE(v->topics->accounts, 0, record->offset), "%s",
			why.n > 0 ? error_text(&why) : "it is no account");
	if (holder)
		anpr__v1__stored_record__free_unpacked(holder, NULL);
	error_free(&why);
}

static struct status account_load(struct verification *v, struct error *e)
{
	const struct verify_source *source = v->source;
	struct verify_record record;

	while (!v->ahead.account) {
		TRY(source->next(source->context, v->topics->accounts, 0, v->accounts_end, &record, e));
		account_take(v, &record);
	}
	return S_OK;
}

struct status accounts_until(struct verification *v, int64_t written_at_ms, struct error *e)
{
	struct status status;

	while (ok(status = account_load(v, e)) && v->ahead.account->hour_ms <= written_at_ms + AHEAD_MS)
		account_keep(v);
	return status.kind == STATUS_WAIT ? S_OK : status;
}

static void tell_left_over(struct verification *v)
{
	struct statement *s, *next;

	HASH_ITER(hh, v->statements, s, next)
	{
		if (s->offsets[s->n - 1] >= v->accounts_covered)
			continue; /* its ledger record may be of the next round */
		for (size_t i = 0; i < s->n; i++)
			if (must_be_there(v, s->accounts[i]))
				offence_add(v, OFFENCE_STATEMENT,
					PLACE(v->topics->accounts, 0, s->offsets[i]),
					"the account of %s, the hour from %s, was made with ledger record "
					"%.16s...",
					s->accounts[i]->partner,
					CLOCK_TEXT((struct utc_ms){s->accounts[i]->hour_ms}),
					DIGEST_TEXT(&s->ledger_hash));
		statement_free(v, s);
	}
}

struct status tally_left_over(struct verification *v, struct error *e)
{
	struct status status;

	hours_stopped(v);
	tell_left_over(v);
	while (ok(status = account_load(v, e))) {
		account_keep(v);
		tell_left_over(v);
	}
	return status.kind == STATUS_WAIT ? S_OK : status;
}

void tally_free(struct verification *v)
{
	struct hour *h, *next_hour;
	struct statement *s, *next;

	HASH_ITER(hh, v->hours, h, next_hour)
	{
		hour_free(v, h);
	}
	HASH_ITER(hh, v->statements, s, next)
	{
		statement_free(v, s);
	}
	if (v->ahead.account)
		anpr__v1__account__free_unpacked(v->ahead.account, NULL);
}

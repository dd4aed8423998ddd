/* SPDX-License-Identifier: Apache-2.0
 *
 * The publishers' ledgers: each record follows the one before, was decided under a policy that was in force
 * then, and its counts add up to what is on the topics. Records of all publishers are taken in the order of
 * their times, so that few reads wait.
 */
#include "gateway/verify/internal.h"

#include <stdlib.h>

void ledger_open(struct verification *v)
{
	v->n_publishers = governance_publishers(v->whole);
	v->publishers = memory_new(v->n_publishers, sizeof *v->publishers);
}

struct status ledger_mark(struct verification *v, struct error *e)
{
	int64_t newest[VERIFY_PARTITIONS_MAX];

	REQUIRE(v->n_publishers <= VERIFY_PARTITIONS_MAX, S_REFUSED);
	TRY(v->source->newest(v->source->context, v->topics->ledger, (int32_t)v->n_publishers, newest, e));
	for (uint32_t k = 0; k < v->n_publishers; k++)
		v->publishers[k].mark = newest[k];
	return S_OK;
}

struct status verify_settle(
	const struct verify_source *s, const char *topic, int32_t n, const int64_t *marks, struct error *e)
{
	int64_t until = clock_monotonic_ms() + SETTLE_MS, settled[VERIFY_PARTITIONS_MAX];

	for (;;) {
		int32_t k = 0;

		TRY(s->settled(s->context, topic, n, settled, e));
		while (k < n && settled[k] >= marks[k])
			k++;
		if (k == n)
			return S_OK;
		if (clock_monotonic_ms() > until) {
			error_add(e, NULL, 0, 0, "%s partition %d: a transaction stays open", topic, (int)k);
			return S_RETRY;
		}
		clock_sleep_ms(SETTLE_STEP_MS);
	}
}

/* The reads and accounts of every record below its mark are there by then. */
struct status ledger_settle(struct verification *v, struct error *e)
{
	int64_t marks[VERIFY_PARTITIONS_MAX];

	for (uint32_t k = 0; k < v->n_publishers; k++)
		marks[k] = v->publishers[k].mark;
	return verify_settle(v->source, v->topics->ledger, (int32_t)v->n_publishers, marks, e);
}

static struct status load(struct verification *v, uint32_t k, struct error *e)
{
	struct publisher_chain *chain = &v->publishers[k];

	while (!chain->next) {
		struct verify_record record;
		struct error why = {0};

		TRY(v->source->next(
			v->source->context, v->topics->ledger, (int32_t)k, chain->mark, &record, e));
		chain->next_offset = record.offset;
		if (!ok(ledger_decode(record.value, &chain->next, &chain->next_hash, &why)))
			offence_add(v, OFFENCE_LEDGER, PLACE(v->topics->ledger, (int32_t)k, record.offset),
				"%s", error_text(&why));
		error_free(&why);
	}
	if (chain->first_ordinal == 0) {
		chain->first_ordinal = chain->next->ordinal;
		chain->first_ms = chain->next->written_at_ms;
	}
	return S_OK;
}

static void check_chain(struct verification *v, const struct publisher_chain *chain, const char *where)
{
	const Anpr__V1__LedgerRecord *r = chain->next;
	struct digest previous = {0};

	(void)ok(digest_from(span_of(r->previous_hash.data, r->previous_hash.len), &previous));
	if (chain->ordinal == 0 && r->ordinal > 1)
		return; /* what came before is no longer kept */
	if (r->ordinal != chain->ordinal + 1)
		offence_add(v, OFFENCE_LEDGER, where, "record %llu after record %llu",
			(unsigned long long)r->ordinal, (unsigned long long)chain->ordinal);
	else if (!digest_equal(&previous, &chain->hash))
		offence_add(v, OFFENCE_LEDGER, where,
			"record %llu was made after another record %llu than the one that is there",
			(unsigned long long)r->ordinal, (unsigned long long)chain->ordinal);
	else if (r->publisher != (uint32_t)(chain - v->publishers))
		offence_add(v, OFFENCE_LEDGER, where, "it is publisher %u's", r->publisher);
}

static void check_version(struct verification *v, const struct publisher_chain *chain, const char *where)
{
	const Anpr__V1__LedgerRecord *r = chain->next;

	if (r->policy_version < chain->version)
		offence_add(v, OFFENCE_VERSION, where, "policy version %llu after %llu",
			(unsigned long long)r->policy_version, (unsigned long long)chain->version);
	else if (r->policy_version > v->n_entries)
		offence_add(v, OFFENCE_VERSION, where, "policy version %llu; the journal verifies up to %zu",
			(unsigned long long)r->policy_version, v->n_entries);
}

static void check_partner(struct verification *v, const struct publisher_chain *chain,
	const Anpr__V1__PartnerRecord *p, const char *where)
{
	uint64_t published = 0;
	bool known = true;

	if (publisher_of(v, span_text(p->partner)) != (uint32_t)(chain - v->publishers))
		offence_add(v, OFFENCE_LEDGER, where, "partner %s is another publisher's", p->partner);
	for (size_t i = 0; i < p->n_feeds; i++)
		published += match_feed(v, chain->next, p->partner, p->feeds[i], where, &known);
	if (!p->totals)
		return;
	if (known && p->totals->published != published)
		offence_add(v, OFFENCE_TOTALS, where, "%s: %llu published by its count, %llu by its numbers",
			p->partner, (unsigned long long)p->totals->published, (unsigned long long)published);
	if (p->totals->permitted > p->totals->published)
		offence_add(v, OFFENCE_TOTALS, where, "%s: more permitted than published", p->partner);
}

static void check_record(struct verification *v, struct publisher_chain *chain)
{
	Anpr__V1__LedgerRecord *r = chain->next;
	const char *where = PLACE(v->topics->ledger, (int32_t)(chain - v->publishers), chain->next_offset);

	check_chain(v, chain, where);
	check_version(v, chain, where);
	for (size_t i = 0; i < r->n_partners; i++)
		check_partner(v, chain, r->partners[i], where);
	tally_add(v, chain, r, &chain->next_hash);
	chain->ordinal = r->ordinal;
	chain->hash = chain->next_hash;
	chain->version = r->policy_version;
	chain->stopped = r->kind == ANPR__V1__LEDGER_RECORD__KIND__KIND_STOP;
	v->figures.ledger_records++;
	if (v->figures.from.v == 0 || r->written_at_ms < v->figures.from.v)
		v->figures.from.v = r->written_at_ms;
	if (r->written_at_ms > v->figures.to.v)
		v->figures.to.v = r->written_at_ms;
}

static struct publisher_chain *earliest(struct verification *v)
{
	struct publisher_chain *found = NULL;

	for (uint32_t k = 0; k < v->n_publishers; k++) {
		struct publisher_chain *chain = &v->publishers[k];

		if (chain->next && (!found || chain->next->written_at_ms < found->next->written_at_ms))
			found = chain;
	}
	return found;
}

struct status ledger_round(struct verification *v, struct error *e)
{
	struct publisher_chain *chain;

	for (uint32_t k = 0; k < v->n_publishers; k++) {
		struct status status = load(v, k, e);

		REQUIRE(ok(status) || status.kind == STATUS_WAIT, status);
	}
	while ((chain = earliest(v))) {
		struct status status;

		TRY(match_fetch(v, chain->next, e));
		TRY(accounts_until(v, chain->next->written_at_ms, e));
		check_record(v, chain);
		anpr__v1__ledger_record__free_unpacked(chain->next, NULL);
		chain->next = NULL;
		status = load(v, (uint32_t)(chain - v->publishers), e);
		REQUIRE(ok(status) || status.kind == STATUS_WAIT, status);
	}
	return S_OK;
}

void ledger_free(struct verification *v)
{
	for (uint32_t k = 0; k < v->n_publishers; k++)
		if (v->publishers[k].next)
			anpr__v1__ledger_record__free_unpacked(v->publishers[k].next, NULL);
	free(v->publishers);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * From the topics back to a state, the same after a crash, a fence, an unknown commit: a new handle, whose
 * init fences every earlier owner; the journal to its end; the head and the ledger to their ends; a take-over
 * record. What is in memory survives if the ledger says that nobody else has written meanwhile.
 */
#include "gateway/core/publisher_internal.h"

#include "gateway/base/log.h"
#include "gateway/kafka/reader.h"

#include <stdio.h>
#include <stdlib.h>

#define INIT_MS    5000
#define JOURNAL_MS 5000

void resume_mark(struct publisher *p, int64_t at_ms, int64_t offset)
{
	if (p->n_marks > 0 && at_ms - p->marks[p->n_marks - 1].at_ms < HEAD_EVERY_MS)
		return;
	if (p->n_marks == MARKS_MAX)
		memmove(&p->marks[0], &p->marks[1], (--p->n_marks) * sizeof p->marks[0]);
	p->marks[p->n_marks++] = (struct mark){at_ms, offset};
	/* Of those older than the window only the newest is of use. */
	while (p->n_marks > 1 && p->marks[1].at_ms <= at_ms - p->window.length_ms)
		memmove(&p->marks[0], &p->marks[1], (--p->n_marks) * sizeof p->marks[0]);
}

/* --- reading the ledger --- */

struct ledger_reading {
	struct publisher *p;
	uint64_t covered; /* records up to this one are in the state already: only their window counts */
	bool foreign;     /* somebody else wrote since */
	bool settled;     /* the current batch was committed after all */
	struct error *e;
};

static struct status take_window(struct publisher *p, const Anpr__V1__PartnerRecord *m)
{
	if (m->key_epoch != p->window.epoch)
		return S_OK;
	for (size_t i = 0; i < m->n_permitted_ids; i++)
		TRY(window_add(&p->window, m->permitted_ids[i], (struct utc_ms){m->received_at_ms}));
	return S_OK;
}

static struct status take_partner(struct publisher *p, const Anpr__V1__PartnerRecord *m, bool own)
{
	struct partner *partner = publisher_partner(p, span_text(m->partner));

	return partner ? partner_take_record(partner, m, own) : S_OK;
}

/* The first record of an hour carries the accounts of the one before: hours begin with it. */
static void turn_hours(struct publisher *p, int64_t written_ms)
{
	for (size_t i = 0; i < p->n_partners; i++) {
		if (p->partners[i]->hour_ms == hour_of(written_ms))
			continue;
		totals_clear(&p->partners[i]->hour);
		p->partners[i]->hour_ms = hour_of(written_ms);
	}
}

static struct status take_state(
	struct ledger_reading *l, const Anpr__V1__LedgerRecord *m, const struct digest *hash)
{
	struct publisher *p = l->p;
	bool own = p->attempt.in_doubt && span_equal(span_of(m->batch_id.data, m->batch_id.len),
						  span_of(p->attempt.id, sizeof p->attempt.id));

	if (m->ordinal != p->ordinal + 1 || !span_equal(span_of(m->previous_hash.data, m->previous_hash.len),
						    span_of(p->ledger_hash.v, sizeof p->ledger_hash.v))) {
		error_set(l->e,
			"ledger record %llu of publisher %u does not follow record %llu: not one chain",
			(unsigned long long)m->ordinal, p->options.index, (unsigned long long)p->ordinal);
		return S_REFUSED;
	}
	if (own)
		l->settled = p->attempt.of_batch;
	else
		l->foreign = true;
	turn_hours(p, m->written_at_ms);
	for (size_t i = 0; i < m->n_partners; i++)
		TRY(take_partner(p, m->partners[i], own));
	p->ordinal = m->ordinal;
	p->ledger_hash = *hash;
	return S_OK;
}

static struct status take_ledger_record(void *context, const struct kafka_record *record)
{
	struct ledger_reading *l = context;
	Anpr__V1__LedgerRecord *m = NULL;
	struct status status = S_OK;
	struct digest hash;

	TRY(ledger_decode(record->value, &m, &hash, l->e));
	resume_mark(l->p, m->written_at_ms, record->offset);
	if (m->ordinal > l->covered)
		status = take_state(l, m, &hash);
	for (size_t i = 0; ok(status) && i < m->n_partners; i++)
		status = take_window(l->p, m->partners[i]);
	l->p->ledger_next = record->offset + 1;
	anpr__v1__ledger_record__free_unpacked(m, NULL);
	return status;
}

static struct status refuse_gap(struct publisher *p, struct error *e)
{
	error_set(e,
		"the ledger of publisher %u no longer has what follows its head: an operator must "
		"acknowledge the gap",
		p->options.index);
	return S_REFUSED;
}

static struct reading ledger_from(struct publisher *p, int64_t offset, struct ledger_reading *l)
{
	return (struct reading){p->options.ledger, (int32_t)p->options.index, offset, take_ledger_record, l};
}

/* ahead: a reader of the ledger from `from`, if there is one; then it is taken. errors: REFUSED where the
 * ledger was trimmed past the head: not guessed. */
static struct status read_ledger(struct publisher *p, int64_t from, uint64_t covered, struct reader **ahead,
	struct ledger_reading *l, struct error *e)
{
	int64_t oldest, newest, head_next = p->ledger_next;
	struct reader *opened = *ahead;
	struct reading what;

	*l = (struct ledger_reading){.p = p, .covered = covered, .e = e};
	TRY(watermarks_of(
		p->ends, p->options.ledger, (int32_t)p->options.index, INIT_MS, &oldest, &newest, e));
	if (oldest > head_next)
		return refuse_gap(p, e);
	if (from < oldest)
		from = oldest;
	*ahead = NULL;
	what = ledger_from(p, from, l);
	TRY(watermarks_read(p->ends, &what, opened, LEDGER_MS, &p->ledger_next, e));
	return p->ordinal < covered ? refuse_gap(p, e) : S_OK;
}

/* --- what it means for what is in memory --- */

static void start_over(struct publisher *p)
{
	batch_reset(p->current);
	batch_reset(p->next);
	for (size_t i = 0; i < p->n_partners; i++)
		partner_rewind(p->partners[i]);
}

static struct status read_state(struct publisher *p, struct reader **ahead, struct error *e)
{
	struct ledger_reading l;
	bool known = p->known;
	int64_t from = p->ledger_next;
	uint64_t covered = p->ordinal;

	p->known = false;
	if (!known)
		TRY(resume_heads(p, &from, &covered, e));
	TRY(read_ledger(p, from, covered, ahead, &l, e));
	p->known = true;
	if (!known || l.foreign)
		start_over(p);
	else if (l.settled)
		batch_reset(p->current); /* it had been committed after all */
	p->attempt.in_doubt = false;
	for (size_t i = 0; i < p->n_partners; i++)
		if (!p->partners[i]->started)
			partner_rewind(p->partners[i]);
	return S_OK;
}

/* --- where the fence left things, for receipts --- */

static struct status report_feeds(struct publisher *p, struct fence_report *r)
{
	for (size_t i = 0; i < p->n_partners; i++)
		r->n_feeds += p->partners[i]->feeds.n;
	r->feeds = calloc(r->n_feeds ? r->n_feeds : 1, sizeof *r->feeds);
	REQUIRE(r->feeds, S_OVERLOAD);
	r->n_feeds = 0;
	for (size_t i = 0; i < p->n_partners; i++) {
		const struct partner *partner = p->partners[i];

		for (size_t f = 0; f < partner->feeds.n; f++) {
			struct fence_feed *feed = &r->feeds[r->n_feeds++];

			snprintf(feed->partner, sizeof feed->partner, "%s", partner->id);
			snprintf(feed->topic, sizeof feed->topic, "%s", partner->feeds.items[f].topic);
			feed->sequence = partner->feeds.items[f].sequence;
		}
	}
	return S_OK;
}

static bool has_ends(const struct fence_report *r, const char *topic)
{
	for (size_t i = 0; i < r->n_ends; i++)
		if (strcmp(r->ends[i].topic, topic) == 0)
			return true;
	return false;
}

static struct status report_topic(
	struct publisher *p, struct fence_report *r, const char *topic, struct error *e)
{
	int32_t n = producer_partitions(p->producer, topic);
	int64_t ends[1024];
	struct fence_end *grown;

	REQUIRE(n > 0 && n <= 1024, S_OK);
	TRY(watermarks_newest(p->ends, topic, n, INIT_MS, ends, e));
	grown = reallocarray(r->ends, r->n_ends + (size_t)n, sizeof *grown);
	REQUIRE(grown, S_OVERLOAD);
	r->ends = grown;
	for (int32_t i = 0; i < n; i++) {
		struct fence_end *end = &r->ends[r->n_ends++];

		*end = (struct fence_end){.partition = (uint32_t)i, .high_watermark = ends[i]};
		snprintf(end->topic, sizeof end->topic, "%s", topic);
	}
	return S_OK;
}

static struct status report_fence(struct publisher *p, uint64_t wanted, int64_t fenced_at_ms, struct error *e)
{
	struct fence_report r = {.entry = wanted, .fenced_at_ms = fenced_at_ms};
	struct status status = report_feeds(p, &r);

	for (size_t i = 0; ok(status) && i < p->n_partners; i++)
		for (size_t f = 0; ok(status) && f < p->partners[i]->feeds.n; f++)
			if (!has_ends(&r, p->partners[i]->feeds.items[f].topic))
				status = report_topic(p, &r, p->partners[i]->feeds.items[f].topic, e);
	if (!ok(status)) {
		fence_report_free(&r);
		return status;
	}
	pthread_mutex_lock(&p->lock);
	fence_report_free(&p->report);
	p->report = r;
	p->fence_done = wanted;
	pthread_mutex_unlock(&p->lock);
	p->options.fenced(p->options.context);
	return S_OK;
}

/* --- all of it --- */

/* Every topic a partner's agreements name, and the gateway's own, so that their metadata is there. */
static size_t topics_wanted(struct publisher *p, const char **topics, size_t max)
{
	size_t n = 0;

	topics[n++] = p->options.ledger;
	topics[n++] = p->options.heads;
	topics[n++] = p->options.accounts;
	for (size_t i = 0; p->snapshot && i < p->n_partners; i++) {
		const struct partner_policy *policy =
			snapshot_partner(p->snapshot, span_text(p->partners[i]->id));
		const struct feed_policy *const *feeds;
		size_t n_feeds = policy ? partner_policy_feeds(policy, &feeds) : 0;

		for (size_t f = 0; f < n_feeds && n < max; f++)
			topics[n++] = feeds[f]->topic;
	}
	topics[n] = NULL;
	return n;
}

static void block_missing(struct publisher *p)
{
	for (size_t i = 0; i < p->n_partners; i++) {
		struct partner *partner = p->partners[i];
		const struct partner_policy *policy = snapshot_partner(p->snapshot, span_text(partner->id));
		const struct feed_policy *const *feeds;
		size_t n = policy ? partner_policy_feeds(policy, &feeds) : 0;

		partner->blocked = false;
		for (size_t f = 0; f < n; f++)
			partner->blocked |= producer_partitions(p->producer, feeds[f]->topic) <= 0;
		if (partner->blocked)
			log_warn("topic missing", "partner=%s", partner->id);
	}
}

/* The receipt of an off waits for this: what can be connected while the fence is under way is. */
static struct status take_id_reading(struct publisher *p, struct reader **ahead, struct error *e)
{
	uint64_t wanted = atomic_load(&p->fence_wanted);
	struct reading rest = ledger_from(p, p->ledger_next, NULL);
	const char *topics[64];
	int64_t fenced_at_ms;

	topics_wanted(p, topics, sizeof topics / sizeof topics[0] - 1);
	if (p->known)
		TRY(reader_ahead(p->options.kafka, &rest, ahead, e));
	TRY(producer_fence(p->options.kafka, p->transactional_id, topics, INIT_MS, &p->producer, e));
	fenced_at_ms = clock_now().v;
	TRY(journal_catch_up(p->options.journal, JOURNAL_MS, e));
	TRY(adopt_policy(p));
	TRY(read_state(p, ahead, e));
	return report_fence(p, wanted, fenced_at_ms, e);
}

/* The id is ours from here on, and everything that was done with it before is known. */
static struct status take_id(struct publisher *p, struct error *e)
{
	struct reader *ahead = NULL;
	struct status status = take_id_reading(p, &ahead, e);

	reader_close(ahead);
	return status;
}

struct status resume_fence(struct publisher *p, struct error *e)
{
	struct status status = take_id(p, e);

	p->known = false; /* whose it is goes on writing */
	return status;
}

struct status resume_run(struct publisher *p, struct error *e)
{
	TRY(take_id(p, e));
	block_missing(p);
	if (transaction_run(p, NULL, ANPR__V1__LEDGER_RECORD__KIND__KIND_TAKE_OVER, e) != TRANSACTION_DONE) {
		if (publisher_interrupted(p))
			return S_WAIT;
		if (e->n == 0)
			error_add(e, NULL, 0, 0, "the first transaction was not committed: %s",
				producer_error_word(p->producer));
		return S_RETRY;
	}
	log_info("publisher resumed", "publisher=%u ordinal=%llu version=%llu", p->options.index,
		(unsigned long long)p->ordinal, (unsigned long long)snapshot_version(p->snapshot));
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads out: every read of the batch is decided under one policy version, the permitted ones are sent, and
 * what was done is written down, all in one transaction. Nothing is committed that an off, a fence or a newer
 * policy has made moot since. This is the hot path: no allocation but from arenas, no lock, one copy.
 */
#include "gateway/core/publisher_internal.h"

#include "gateway/base/log.h"

#include <stdio.h>
#include <stdlib.h>

#define SLICE_MS  5
#define ABORT_MS  1000
#define COMMIT_MS 20000 /* beyond transaction.timeout.ms nothing is gained by waiting */

/* What is the same for every read of the transaction. */
struct occasion {
	struct utc_ms now;
	char version[24];
	char source[200];
};

struct status transaction_send(struct publisher *p, const struct producer_message *m, struct error *e)
{
	struct status status;

	while ((status = producer_send(p->producer, m, e)).kind == STATUS_WAIT) {
		struct status flushed = producer_flush(p->producer, SLICE_MS, e);

		if (flushed.kind != STATUS_WAIT)
			TRY(flushed);
	}
	return status;
}

static struct status number(struct publisher *p, struct partner *partner, const char *topic, struct span key,
	struct feed **feed, int32_t *partition, struct shared_read *out)
{
	int32_t partitions = producer_partitions(p->producer, topic);

	REQUIRE(partitions > 0, S_RETRY);
	*feed = feed_for(&partner->work_feeds, topic);
	REQUIRE(*feed, S_OVERLOAD);
	*partition = (int32_t)murmur2_partition(key, (uint32_t)partitions);
	out->sequence = ++(*feed)->sequence;
	out->partition_sequence = feed_partition_next(*feed, (size_t)*partition);
	return out->partition_sequence ? S_OK : S_OVERLOAD;
}

static void describe(struct publisher *p, const struct partner *partner, const struct read *read,
	const struct decision *d, const struct permit *permit, const struct occasion *at, int64_t received_ms,
	char *normalised, struct shared_read *out)
{
	const struct feed_policy *feed = permit->feed;

	*out = (struct shared_read){
		.partner_id = span_text(partner->id),
		.agreement_id = span_text(feed->agreement->id),
		.policy_version = snapshot_version(p->snapshot),
		.purposes = feed->purposes,
		.n_purposes = feed->n_purposes,
		.received_at = {received_ms},
		.published_at = at->now,
		.keep_until = {at->now.v + feed->keep_for_ms},
		.quality = d->quality,
	};
	policy_minimise(permit, d->camera, read, &out->read);
	if (read->kind == READ_KIND_VRM)
		out->vrm_normalised = vrm_normalise(read->vrm, normalised);
	if (d->camera) {
		out->camera_name = span_text(d->camera->name);
		out->camera_area = span_text(d->camera->area);
	}
}

static struct status publish(struct publisher *p, struct partner *partner, const struct read *read,
	const struct decision *d, const struct permit *permit, const struct occasion *at, int64_t received_ms,
	struct error *e)
{
	char key[2 * READ_CAMERA_MAX + 2], normalised[4 * READ_VRM_MAX + 1], id[24];
	const char *camera = d->camera ? d->camera->id : "";
	const char *headers[] = {"ce_specversion", "1.0", "ce_type", "anpr.read.v1", "ce_source", at->source,
		"ce_id", id, "content-type", "application/protobuf", "anpr-partner", partner->id,
		"anpr-agreement", permit->feed->agreement->id, "anpr-policy-version", at->version, NULL};
	struct producer_message m = {
		.topic = permit->feed->topic, .timestamp_ms = at->now.v, .headers = headers};
	struct shared_read shared;
	struct feed *feed;
	int n = snprintf(key, sizeof key, "%s/%s", partner->id, camera);

	REQUIRE(n > 0 && (size_t)n < sizeof key, S_FAULT);
	m.key = span_of(key, (size_t)n);
	describe(p, partner, read, d, permit, at, received_ms, normalised, &shared);
	TRY(number(p, partner, m.topic, m.key, &feed, &m.partition, &shared));
	snprintf(id, sizeof id, "%llu", (unsigned long long)shared.sequence);
	p->message.n = 0;
	TRY(shared_read_encode(&shared, &p->message));
	m.value = arena_copy(&p->scratch, buffer_span(&p->message));
	REQUIRE(m.value.p, S_OVERLOAD);
	TRY(feed_add(feed, m.value));
	return transaction_send(p, &m, e);
}

/* What only the core can notice: it sees a camera's reads one after the other. */
static void notice(struct publisher *p, struct partner *partner, const struct read *read, struct decision *d,
	struct utc_ms now)
{
	char normalised[VRM_BYTES];
	enum misread misread = MISREAD_NONE;

	if (read->kind == READ_KIND_VRM && d->camera)
		misread = misread_look(&p->misreads, span_text(partner->id), span_text(d->camera->id),
			vrm_normalise(read->vrm, normalised), read, now);
	if (misread != MISREAD_NONE)
		partner_notice(partner, d->camera, NOTICE_MISREAD_SUSPECT);
	if (misread == MISREAD_THIS)
		d->quality |= 1u << QUALITY_MISREAD_SUSPECT;
	if (partner_clock_is_off(partner, d->camera))
		d->quality |= 1u << QUALITY_CLOCK_OFFSET;
}

static struct status handle_read(struct publisher *p, struct partner *partner,
	const struct partner_policy *policy, const struct read *read, const struct occasion *at,
	int64_t received_ms, struct error *e)
{
	struct utc_ms received = {received_ms};
	struct read resolved;
	struct decision d;
	uint64_t hash = 0;

	if (!read->local) {
		policy_decide(policy, read, received, at->now, &d);
	} else if (policy_decide_local(policy, read, received, at->now, &resolved, &d)) {
		read = &resolved;
	} else {
		partner_rejected(partner, REJECTION_BAD_TIMESTAMP, 1);
		return S_OK;
	}
	if (d.verdict == VERDICT_PERMIT) {
		hash = window_hash(&p->window, span_text(partner->id), read->read_id);
		/* By arrival: both may have waited long for a broker. */
		if (window_has(&p->window, hash, received)) {
			d.verdict = VERDICT_DENY;
			d.reason = REASON_DUPLICATE;
		}
	}
	partner_count(partner, &d);
	if (d.camera)
		partner_timed(partner, d.camera, received.v - read->captured_at.v, received.v);
	if (p->trial)
		trial_read(p->trial, partner->id, read, &d, received, at->now);
	if (d.verdict != VERDICT_PERMIT)
		return S_OK;
	notice(p, partner, read, &d, at->now);
	TRY(partner_permitted(partner, hash));
	TRY(window_add(&p->window, hash, received));
	for (unsigned i = 0; i < d.n; i++)
		TRY(publish(p, partner, read, &d, &d.permits[i], at, received_ms, e));
	return S_OK;
}

static struct status begin_work(struct partner *partner, const struct partner_policy *policy)
{
	const struct camera *cameras = NULL;
	size_t n = policy ? partner_policy_cameras(policy, &cameras) : 0;

	return partner->in_hand ? S_OK : partner_work_begin(partner, cameras, n);
}

/* A gap is told by the next record even where no read comes with it. */
static struct status tell_gaps(struct publisher *p)
{
	for (size_t i = 0; i < p->n_partners; i++)
		if (p->partners[i]->gap != ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED)
			TRY(begin_work(p->partners[i], NULL));
	return S_OK;
}

static struct status handle_part(
	struct publisher *p, const struct batch_part *part, struct occasion *at, struct error *e)
{
	struct partner *partner = part->partner;
	const struct partner_policy *policy = snapshot_partner(p->snapshot, span_text(partner->id));
	struct utc_ms end;

	if (steer_guard(partner, policy, part, at->now))
		return S_OK; /* asked for again when the end is over */
	TRY(begin_work(partner, policy));
	end = partner_policy_next_end(policy, (struct utc_ms){at->now.v + END_GUARD_MS});
	p->end_ms = end.v < p->end_ms ? end.v : p->end_ms;
	snprintf(at->source, sizeof at->source, "/anpr-gateway/%s/%s", p->options.gateway, partner->id);
	for (size_t i = 0; i < part->reads.n; i++)
		TRY(handle_read(p, partner, policy, &part->reads.reads[i], at, part->received_ms, e));
	for (int i = 0; i < REJECTION_COUNT; i++)
		partner_rejected(partner, (enum rejection)i, part->reads.rejected[i]);
	if (part->reads.cursor.n > 0)
		partner->work_cursor = arena_text(&p->scratch, part->reads.cursor);
	return S_OK;
}

/* Wait for what was sent; the next batch is gathered meanwhile. Nothing is committed yet. */
static struct status settle_messages(struct publisher *p, struct error *e)
{
	struct status status;
	int64_t until = clock_monotonic_ms() + COMMIT_MS;

	while ((status = producer_flush(p->producer, SLICE_MS, e)).kind == STATUS_WAIT) {
		REQUIRE(!publisher_interrupted(p) && clock_monotonic_ms() < until, S_RETRY);
		batch_gather(p, p->next, 0);
	}
	TRY(status);
	return publisher_interrupted(p) ? S_RETRY : S_OK;
}

/* The ledger record, acknowledged but not committed, bears the broker's time. */
static struct status trust_clock(struct publisher *p, struct error *e)
{
	int64_t offset = 0;
	bool known = producer_clock_offset(p->producer, &offset);

	pthread_mutex_lock(&p->lock);
	p->clock_offset_ms = known ? offset : INT64_MAX;
	pthread_mutex_unlock(&p->lock);
	if (known && llabs(offset) <= BROKER_CLOCK_BOUND_MS)
		return S_OK;
	if (known)
		error_set(e,
			"this node's clock is %.1f s %s the broker's, more than the %d s allowed: nothing is "
			"published until they agree; check time synchronisation on both",
			(double)llabs(offset) / 1000, offset < 0 ? "ahead of" : "behind",
			BROKER_CLOCK_BOUND_MS / 1000);
	else
		error_set(e,
			"topic %s does not keep the broker's time, so the clock cannot be trusted: set "
			"message.timestamp.type=LogAppendTime (`anprctl cluster apply` does)",
			p->options.ledger);
	return S_RETRY;
}

static struct status commit(struct publisher *p, struct error *e)
{
	struct status status;
	int64_t until = clock_monotonic_ms() + COMMIT_MS;

	while ((status = producer_commit(p->producer, SLICE_MS, e)).kind == STATUS_WAIT) {
		REQUIRE(clock_monotonic_ms() < until, S_FAULT);
		batch_gather(p, p->next, 0);
	}
	return status;
}

static bool head_due(const struct publisher *p, Anpr__V1__LedgerRecord__Kind kind)
{
	return kind != ANPR__V1__LEDGER_RECORD__KIND__KIND_BATCH ||
	       clock_monotonic_ms() - p->head_at_ms >= HEAD_EVERY_MS;
}

static struct status fill(struct publisher *p, struct batch *b, Anpr__V1__LedgerRecord__Kind kind,
	struct utc_ms now, bool head, struct digest *hash, struct error *e)
{
	struct occasion at = {.now = now};

	TRY(producer_begin(p->producer, e));
	misreads_begin(&p->misreads);
	snprintf(at.version, sizeof at.version, "%llu",
		(unsigned long long)(p->snapshot ? snapshot_version(p->snapshot) : 0));
	for (const struct batch_part *part = b ? b->first : NULL; part; part = part->next)
		TRY(handle_part(p, part, &at, e));
	TRY(tell_gaps(p));
	TRY(statement_ledger(p, kind, now, hash, e));
	TRY(statement_accounts(p, now, kind == ANPR__V1__LEDGER_RECORD__KIND__KIND_STOP, hash, e));
	return head ? statement_head(p, now, hash, e) : S_OK;
}

/* Leave no trace in memory of a transaction that was not committed. */
static void take_back(struct publisher *p)
{
	trial_settle(p->trial, false);
	for (size_t i = 0; i < p->n_partners; i++) {
		struct partner *partner = p->partners[i];

		for (size_t n = 0; partner->in_hand && n < partner->n_permitted; n++)
			window_remove(&p->window, partner->permitted[n]);
		partner->in_hand = false;
		partner->work_cursor = NULL;
	}
	misreads_take_back(&p->misreads);
	arena_reset(&p->scratch);
}

static void committed(struct publisher *p, struct utc_ms now, bool head, const struct digest *hash)
{
	trial_settle(p->trial, true);
	for (size_t i = 0; i < p->n_partners; i++) {
		struct partner *partner = p->partners[i];

		if (partner->hour_ms != hour_of(now.v)) {
			totals_clear(&partner->hour);
			partner->hour_ms = hour_of(now.v);
		}
		/* Only memory can run out here, and then the ledger is read anew. */
		if (partner->in_hand && !ok(partner_work_committed(partner)))
			p->known = false;
	}
	p->ordinal++;
	p->ledger_hash = *hash;
	p->ledger_next = producer_last_offset(p->producer, p->options.ledger, (int32_t)p->options.index) + 1;
	p->head_stale = !head;
	p->window_key_new &= !head;
	if (head)
		p->head_at_ms = clock_monotonic_ms();
	arena_reset(&p->scratch);
}

static int64_t note_begun(struct publisher *p)
{
	int64_t now = clock_monotonic_ms();

	pthread_mutex_lock(&p->lock);
	p->begun_ms = now;
	pthread_mutex_unlock(&p->lock);
	return now;
}

static void count_transaction(struct publisher *p, bool done, int64_t began)
{
	pthread_mutex_lock(&p->lock);
	p->begun_ms = 0;
	p->transactions += done;
	p->aborted += !done;
	p->transaction_ms = clock_monotonic_ms() - began;
	if (done)
		histogram_add(&p->transaction_times, p->transaction_ms);
	pthread_mutex_unlock(&p->lock);
}

enum transaction_end transaction_run(
	struct publisher *p, struct batch *b, Anpr__V1__LedgerRecord__Kind kind, struct error *e)
{
	int64_t began = note_begun(p);
	struct utc_ms now = clock_now();
	bool head = head_due(p, kind);
	struct digest hash;
	struct status status;

	p->attempt = (struct attempt){.of_batch = b != NULL};
	random_bytes(p->attempt.id, sizeof p->attempt.id);
	p->end_ms = INT64_MAX;
	status = fill(p, b, kind, now, head, &hash, e);
	if (ok(status))
		status = settle_messages(p, e);
	if (ok(status))
		status = trust_clock(p, e);
	if (!ok(status)) {
		producer_abort(p->producer, ABORT_MS);
		take_back(p);
		count_transaction(p, false, began);
		return TRANSACTION_NOT;
	}
	status = commit(p, e);
	p->commit_at_ms = clock_monotonic_ms();
	count_transaction(p, ok(status), began);
	if (ok(status)) {
		committed(p, now, head, &hash);
		return TRANSACTION_DONE;
	}
	take_back(p);
	/* Whatever is not known not to have happened may have happened. */
	p->attempt.in_doubt = status.kind != STATUS_RETRY;
	return p->attempt.in_doubt ? TRANSACTION_UNKNOWN : TRANSACTION_NOT;
}

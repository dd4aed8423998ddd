/* SPDX-License-Identifier: Apache-2.0
 *
 * One transaction: begin, send, flush, commit or abort. What is returned says what is known of its fate. The
 * rule that makes RETRY true: the broker is asked to commit only after every message has been acknowledged,
 * so until then whatever fails cannot have been committed; and from then on nothing but the broker's yes is
 * believed.
 */
#include "gateway/kafka/producer_internal.h"

#include "gateway/base/clock.h"

#define COMMIT_MS 5000
#define REASON_MS 50

/* One that failed is given up message by message, in no order: the reason may come last. */
static void await_reason(struct producer *p)
{
	int64_t until = clock_monotonic_ms() + REASON_MS;

	while (p->pending && clock_monotonic_ms() < until)
		producer_serve(p, 5);
}

/* OK, or what has already ended the transaction; known before its commit was asked for. */
static struct status alive(struct producer *p, const char *doing, struct error *e)
{
	rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(p->rk, NULL, 0);

	if (fatal)
		return producer_over(p, doing, fatal, NULL, e);
	if (p->failed || p->events.transaction_failed)
		await_reason(p);
	if (p->failed)
		return producer_over(p, doing, p->error, NULL, e);
	if (p->events.transaction_failed)
		return producer_over(
			p, doing, RD_KAFKA_RESP_ERR__STATE, "the transaction can only be aborted", e);
	return S_OK;
}

static struct status not_in(enum life life, const char *doing, struct error *e)
{
	error_add(e, NULL, 0, 0, "%s: %s", doing,
		life == LIFE_OVER ? "this producer's life is over" : "not what comes next for this producer");
	return S_RETRY;
}

struct status producer_begin(struct producer *p, struct error *e)
{
	const char *doing = "beginning a transaction";

	if (p->life != LIFE_IDLE)
		return not_in(p->life, doing, e);
	producer_serve(p, 0);
	p->failed = 0;
	/* 2.0.2 can hang in begin when a fatal error is waiting. */
	TRY(alive(p, doing, e));
	if (!producer_call(p, CALL_BEGIN, 0))
		return producer_over(p, doing, RD_KAFKA_RESP_ERR__TIMED_OUT, "librdkafka does not return", e);
	if (p->result)
		return producer_over_result(p, doing, e);
	p->life = LIFE_OPEN;
	p->begun = true;
	return S_OK;
}

static rd_kafka_headers_t *make_headers(const char *const *pairs)
{
	rd_kafka_headers_t *headers;

	if (!pairs)
		return NULL;
	headers = rd_kafka_headers_new(8);
	for (; pairs[0] && pairs[1]; pairs += 2)
		rd_kafka_header_add(headers, pairs[0], -1, pairs[1], -1);
	return headers;
}

static rd_kafka_resp_err_t enqueue(struct producer *p, struct topic *t, const struct producer_message *m)
{
	rd_kafka_headers_t *headers = make_headers(m->headers);
	rd_kafka_resp_err_t error = rd_kafka_producev(p->rk, RD_KAFKA_V_RKT(t->handle),
		RD_KAFKA_V_PARTITION(m->partition), RD_KAFKA_V_MSGFLAGS(m->copy ? RD_KAFKA_MSG_F_COPY : 0),
		RD_KAFKA_V_KEY(m->key.p, m->key.n), RD_KAFKA_V_VALUE((void *)m->value.p, m->value.n),
		RD_KAFKA_V_TIMESTAMP(m->timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);

	if (error && headers)
		rd_kafka_headers_destroy(headers);
	return error;
}

struct status producer_send(struct producer *p, const struct producer_message *m, struct error *e)
{
	const char *doing = "sending";
	struct topic *t = topic_find(p, m->topic);
	rd_kafka_resp_err_t error;

	if (p->life != LIFE_OPEN)
		return not_in(p->life, doing, e);
	if (!t || m->partition < 0 || m->partition >= t->partitions)
		return error_set(
			e, "topic %s partition %d: not known to this producer", m->topic, (int)m->partition);
	error = enqueue(p, t, m);
	if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return S_WAIT;
	if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		return error_set(e, "a message of %zu bytes is more than Kafka takes", m->value.n + m->key.n);
	if (error)
		return producer_over(p, doing, error, NULL, e);
	p->pending++;
	t->sent_ms = clock_now().v;
	return S_OK;
}

struct status producer_flush(struct producer *p, int slice_ms, struct error *e)
{
	int64_t until = clock_monotonic_ms() + slice_ms;

	if (p->life != LIFE_OPEN)
		return not_in(p->life, "flushing", e);
	producer_serve(p, 0);
	for (;;) {
		int64_t left = until - clock_monotonic_ms();

		TRY(alive(p, "flushing", e));
		if (!p->pending)
			return S_OK;
		if (left <= 0)
			return S_WAIT;
		producer_serve(p, (int)left);
	}
}

/* After the broker has been asked: only its yes counts, and everything else leaves the fate open. */
static struct status committed(struct producer *p, struct error *e)
{
	if (!p->result) {
		p->life = LIFE_IDLE;
		return S_OK;
	}
	if (rd_kafka_error_is_retriable(p->result) && !rd_kafka_error_is_fatal(p->result) &&
		!rd_kafka_error_txn_requires_abort(p->result)) {
		rd_kafka_error_destroy(p->result);
		p->result = NULL;
		return S_WAIT;
	}
	(void)ok(producer_over_result(
		p, "committing", e)); /* refused or not: it may have been committed before that */
	return S_FAULT;
}

/* The slices are the caller's waits, not librdkafka's: 2.0.2 mixes up the results of a commit that is asked
 * for again while it is under way (seen: "not valid in state CommittingTransaction"), so one call is given
 * all the time. */
struct status producer_commit(struct producer *p, int slice_ms, struct error *e)
{
	if (p->life == LIFE_OPEN) {
		TRY(producer_flush(p, slice_ms, e));
		p->life = LIFE_ENDING;
		p->begun = false;
	}
	if (p->life != LIFE_ENDING)
		return not_in(p->life, "committing", e);
	if (!p->calling)
		(void)producer_start(p, CALL_COMMIT, COMMIT_MS);
	if (producer_wait(p, slice_ms))
		return committed(p, e);
	if (!p->lost)
		return S_WAIT;
	(void)ok(producer_over(
		p, "committing", RD_KAFKA_RESP_ERR__TIMED_OUT, "librdkafka does not return", e));
	return S_FAULT;
}

void producer_abort(struct producer *p, int timeout_ms)
{
	if (!p)
		return;
	/* One that failed on the way is still open at the broker; one whose commit was asked for is not ours
	 * to end. */
	if (p->begun && producer_call(p, CALL_ABORT, timeout_ms)) {
		rd_kafka_error_destroy(p->result);
		p->result = NULL;
	}
	p->begun = false;
	p->life = LIFE_OVER;
	producer_forget(p);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a producer: opened, initialised, ended, closed. All its calls that could block are made on a
 * thread of its own (bound.h), because of 2.0.2's transaction calls some have been seen not to return. Not
 * here: what is done within a transaction (transaction.c), taking an id over in a hurry (fence.c).
 */
#include "gateway/kafka/producer_internal.h"

#include "gateway/base/clock.h"
#include "gateway/base/log.h"

#include <stdlib.h>

#define CLOSE_MS      3000
#define CLOSE_BUSY_MS 200

static struct status open_handle(
	struct producer *p, const struct kafka_config *config, const char *transactional_id, struct error *e)
{
	const struct client_setting settings[] = {
		{"transactional.id", transactional_id},
		/* How long a frozen node can hold up readers; not the default minute. */
		{"transaction.timeout.ms", "15000"},
		{"message.timeout.ms", "10000"},
		{"acks", "all"},
		/* Measured with these: four times the reads a second of no compression, and no slower for a
		   few. */
		{"linger.ms", "2"},
		{"compression.codec", "lz4"},
		{"message.max.bytes", "1048576"},
		{"queue.buffering.max.messages", "200000"},
		{"queue.buffering.max.kbytes", "131072"},
		{"retry.backoff.ms", "50"},
		{NULL, NULL},
	};

	return client_new(config, RD_KAFKA_PRODUCER, settings, RD_KAFKA_EVENT_DR, &p->rk, e);
}

struct status producer_open(const struct kafka_config *config, const char *transactional_id,
	struct producer **out, struct error *e)
{
	struct producer *p = calloc(1, sizeof *p);
	struct status status;

	REQUIRE(p, S_RETRY);
	status = open_handle(p, config, transactional_id, e);
	if (!ok(status)) {
		free(p);
		return status;
	}
	p->queue = rd_kafka_queue_get_main(p->rk);
	p->life = LIFE_NEW;
	p->bound = bound_new();
	if (!p->bound) {
		rd_kafka_queue_destroy(p->queue);
		rd_kafka_destroy(p->rk);
		free(p);
		error_add(e, NULL, 0, 0, "no thread for a Kafka producer");
		return S_RETRY;
	}
	*out = p;
	return S_OK;
}

/* thread: the producer's own. */
static void make_call(void *context)
{
	struct producer *p = context;

	switch (p->call) {
	case CALL_INIT:
		p->result = rd_kafka_init_transactions(p->rk, p->call_ms);
		break;
	case CALL_METADATA: { /* of all topics there is a handle for */
		rd_kafka_resp_err_t error = rd_kafka_metadata(p->rk, 0, NULL, &p->metadata, p->call_ms);

		p->result = error ? rd_kafka_error_new(error, "%s", rd_kafka_err2str(error)) : NULL;
		break;
	}
	case CALL_BEGIN:
		p->result = rd_kafka_begin_transaction(p->rk);
		break;
	case CALL_COMMIT:
		p->result = rd_kafka_commit_transaction(p->rk, p->call_ms);
		break;
	case CALL_ABORT:
		p->result = rd_kafka_abort_transaction(p->rk, p->call_ms);
		break;
	}
}

bool producer_start(struct producer *p, enum call call, int timeout_ms)
{
	if (p->lost || p->calling)
		return false;
	p->call = call;
	p->call_ms = timeout_ms > 0 ? timeout_ms : 0;
	p->call_until = clock_monotonic_ms() + p->call_ms + PRODUCER_GRACE_MS;
	p->result = NULL;
	p->calling = true;
	bound_start(p->bound, make_call, p);
	return true;
}

bool producer_wait(struct producer *p, int timeout_ms)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;

	while (p->calling) {
		int64_t left = until - clock_monotonic_ms();

		/* An abort ends only once its delivery reports have been taken. */
		p->calling = !bound_wait(p->bound, p->pending && left > 2 ? 2 : (int)left);
		if (!p->calling || left <= 0)
			break;
		producer_serve(p, 0);
	}
	if (p->calling && clock_monotonic_ms() > p->call_until) {
		p->lost = true;
		p->life = LIFE_OVER;
	}
	return !p->calling;
}

bool producer_call(struct producer *p, enum call call, int timeout_ms)
{
	return producer_start(p, call, timeout_ms) && producer_wait(p, p->call_ms + PRODUCER_GRACE_MS + 1);
}

void producer_serve(struct producer *p, int timeout_ms)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(p->queue, timeout_ms);

	for (; event; event = rd_kafka_queue_poll(p->queue, 0)) {
		const rd_kafka_message_t *message;

		if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DR)
			client_event(&p->events, event);
		else
			while ((message = rd_kafka_event_message_next(event)))
				topics_acknowledged(p, message);
		/* Only now are the messages' values the caller's alone again. */
		rd_kafka_event_destroy(event);
	}
}

struct status producer_over(
	struct producer *p, const char *doing, rd_kafka_resp_err_t error, const char *words, struct error *e)
{
	rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(p->rk, NULL, 0);

	p->error = fatal ? fatal : error;
	p->life = LIFE_OVER;
	producer_serve(p, 0);
	client_explain(e, doing, p->error, fatal && fatal != error ? NULL : words, &p->events);
	return client_status(p->error);
}

struct status producer_over_result(struct producer *p, const char *doing, struct error *e)
{
	struct status status =
		producer_over(p, doing, rd_kafka_error_code(p->result), rd_kafka_error_string(p->result), e);

	rd_kafka_error_destroy(p->result);
	p->result = NULL;
	return status;
}

struct status producer_init_slice(struct producer *p, int slice_ms, rd_kafka_resp_err_t *why, struct error *e)
{
	*why = RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (!producer_call(p, CALL_INIT, slice_ms))
		return producer_over(p, "taking the transactional id", *why, "librdkafka does not return", e);
	producer_serve(p, 0);
	if (!p->result) {
		p->life = LIFE_IDLE;
		return S_OK;
	}
	*why = rd_kafka_error_code(p->result);
	if (!rd_kafka_error_is_retriable(p->result) || client_status(*why).kind == STATUS_REFUSED)
		return producer_over_result(p, "taking the transactional id", e);
	rd_kafka_error_destroy(p->result);
	p->result = NULL;
	return S_WAIT;
}

struct status producer_init(struct producer *p, const char *const *topics, int timeout_ms, struct error *e)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;
	rd_kafka_resp_err_t why;
	struct status status;

	REQUIRE(p->life == LIFE_NEW, S_RETRY);
	status = producer_init_slice(p, timeout_ms, &why, e);
	if (status.kind == STATUS_WAIT)
		return producer_over(p, "taking the transactional id", why, NULL, e);
	TRY(status);
	return producer_learn(p, topics, (int)(until - clock_monotonic_ms()), e);
}

void producer_forget(struct producer *p)
{
	int64_t begun = clock_monotonic_ms();
	bool told = false;

	if (!p->pending)
		return;
	rd_kafka_purge(
		p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
	while (p->pending) {
		producer_serve(p, 50);
		if (!told && clock_monotonic_ms() - begun > CLOSE_MS) {
			log_warn("kafka producer slow to close", "messages=%zu", p->pending);
			told = true;
		}
	}
}

const char *producer_error_word(const struct producer *p)
{
	return p->error ? rd_kafka_err2name(p->error) : "none";
}

/* thread: the producer's own, as the last thing. */
static void destroy(void *context)
{
	struct producer *p = context;

	rd_kafka_error_destroy(p->result);
	if (p->metadata)
		rd_kafka_metadata_destroy(p->metadata);
	topics_free(p);
	rd_kafka_queue_destroy(p->queue);
	rd_kafka_destroy(p->rk);
	free(p);
}

void producer_close(struct producer *p)
{
	if (!p)
		return;
	producer_forget(p);
	/* What still runs may do so for seconds: that need not be waited for. */
	bound_end(p->bound, destroy, p, p->calling ? CLOSE_BUSY_MS : CLOSE_MS);
}

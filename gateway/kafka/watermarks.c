/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a partition goes, and reading it up to there. The newest offset must be asked for as a reader of
 * uncommitted records would: otherwise the answer is the last stable offset, which leaves out what was
 * committed a moment ago.
 */
#include "gateway/kafka/reader_internal.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/bound.h"

#include <stdlib.h>

#define GRACE_MS 300
#define CLOSE_MS 1000 /* not 0: a handle left at work while the process ends would meet OpenSSL's end */

/* On the heap and owned by the thread that asks: 2.0.2 can outstay the time it is given. */
struct question {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;
	char *topic;
	int32_t first, n;  /* partitions */
	int timeout_ms;
	int64_t oldest;    /* of the last one asked */
	int64_t *newest;   /* of each; owned */
	rd_kafka_resp_err_t error;
};

/* thread: the question's own. */
static void ask(void *context)
{
	struct question *q = context;

	for (int32_t i = 0; i < q->n && !q->error; i++)
		q->error = rd_kafka_query_watermark_offsets(
			q->rk, q->topic, q->first + i, &q->oldest, &q->newest[i], q->timeout_ms);
}

/* thread: the question's own, as the last thing. */
static void destroy(void *context)
{
	struct question *q = context;

	if (q->events)
		rd_kafka_queue_destroy(q->events);
	if (q->rk)
		rd_kafka_destroy(q->rk);
	free(q->topic);
	free(q->newest);
	free(q);
}

static struct status put(const struct kafka_config *config, const char *topic, int32_t first, int32_t n,
	int timeout_ms, struct question **out, struct error *e)
{
	static const struct client_setting settings[] = {
		{"isolation.level", "read_uncommitted"},
		{"fetch.max.bytes", "4194304"}, /* never fetches, but must fit receive.message.max.bytes */
		{NULL, NULL},
	};
	struct question *q = calloc(1, sizeof *q);
	struct status status = S_RETRY;

	if (q) {
		q->topic = strdup(topic);
		q->newest = calloc((size_t)n, sizeof *q->newest);
	}
	if (q && q->topic && q->newest)
		status = client_new(config, RD_KAFKA_CONSUMER, settings, 0, &q->rk, e);
	if (!ok(status)) {
		if (q)
			destroy(q);
		return status;
	}
	q->events = rd_kafka_queue_get_main(q->rk);
	q->first = first;
	q->n = n;
	q->timeout_ms = timeout_ms;
	*out = q;
	return S_OK;
}

static struct status answer(struct question *q, bool came, int64_t *oldest, int64_t *newest, struct error *e)
{
	rd_kafka_resp_err_t error = came ? q->error : RD_KAFKA_RESP_ERR__TIMED_OUT;
	struct client_events said = {0};

	if (!error) {
		*oldest = q->oldest;
		memcpy(newest, q->newest, (size_t)q->n * sizeof *newest);
		return S_OK;
	}
	client_drain(&said, q->events);
	client_explain(e, q->topic, error, NULL, &said);
	return client_status(error);
}

static struct status ask_bounded(const struct kafka_config *config, const char *topic, int32_t first, int32_t n,
	int timeout_ms, int64_t *oldest, int64_t *newest, struct error *e)
{
	struct bound *bound = bound_new();
	struct question *q = NULL;
	struct status status;

	if (!bound) {
		error_add(e, NULL, 0, 0, "no thread to ask Kafka from");
		return S_RETRY;
	}
	status = put(config, topic, first, n, timeout_ms, &q, e);
	if (ok(status))
		status = answer(q, bound_run(bound, ask, q, timeout_ms + GRACE_MS), oldest, newest, e);
	bound_end(bound, q ? destroy : NULL, q, CLOSE_MS);
	return status;
}

struct status reader_watermarks(const struct kafka_config *config, const char *topic, int32_t partition,
	int timeout_ms, int64_t *oldest, int64_t *newest, struct error *e)
{
	return ask_bounded(config, topic, partition, 1, timeout_ms, oldest, newest, e);
}

struct status reader_high_watermarks(const struct kafka_config *config, const char *topic, int32_t n, int timeout_ms,
	int64_t *newest, struct error *e)
{
	int64_t oldest;

	return ask_bounded(config, topic, 0, n, timeout_ms, &oldest, newest, e);
}

struct job {
	struct reader *reader;
	int64_t until, from, newest;
	struct status (*each)(void *context, const struct kafka_record *record);
	void *context;
	int64_t *next;
};

static struct status read_on(struct job *j, struct error *e)
{
	struct kafka_record record;

	while (j->from < j->newest && reader_end(j->reader) < j->newest) {
		int64_t left = j->until - clock_monotonic_ms();
		struct status status = reader_next(j->reader,
			left > 100 ? 100
			: left > 0 ? (int)left
				   : 0,
			&record, e);

		if (ok(status)) {
			*j->next = record.offset;
			TRY(j->each(j->context, &record));
			*j->next = j->from = record.offset + 1;
		} else if (status.kind != STATUS_WAIT) {
			return status;
		} else if (left <= 0) {
			error_add(e, NULL, 0, 0, "the end was not reached in time: read up to %lld of %lld",
				(long long)*j->next, (long long)j->newest);
			return S_RETRY;
		}
	}
	if (reader_end(j->reader) > *j->next)
		*j->next = reader_end(j->reader);
	return S_OK;
}

static struct status from_where(
	int64_t offset, int64_t oldest, int64_t newest, int64_t *from, struct error *e)
{
	*from = offset == READER_OLDEST ? oldest : offset == READER_NEWEST ? newest : offset;
	if (*from < oldest)
		return error_set(e, "offset %lld is no longer there: the oldest is %lld", (long long)*from,
			(long long)oldest);
	if (*from > newest)
		return error_set(
			e, "offset %lld is past the newest, %lld", (long long)*from, (long long)newest);
	return S_OK;
}

struct status reader_to_end(const struct kafka_config *config, const char *topic, int32_t partition,
	int64_t offset, int timeout_ms,
	struct status (*each)(void *context, const struct kafka_record *record), void *context, int64_t *next,
	struct error *e)
{
	struct job j = {
		.until = clock_monotonic_ms() + timeout_ms, .each = each, .context = context, .next = next};
	struct reader_place place = {topic, partition, offset};
	struct status status;
	int64_t oldest;

	TRY(reader_watermarks(config, topic, partition, timeout_ms, &oldest, &j.newest, e));
	TRY(from_where(offset, oldest, j.newest, &j.from, e));
	*next = place.offset = j.from;
	if (j.from == j.newest)
		return S_OK;
	TRY(reader_open_waiting(config, &place, READER_END_WAIT_MS, &j.reader, e));
	status = read_on(&j, e);
	reader_close(j.reader);
	return status;
}

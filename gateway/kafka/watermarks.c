/* SPDX-License-Identifier: Apache-2.0
 *
 * How far partitions go. The newest offset must be asked for as a reader of uncommitted records would:
 * otherwise the answer is the last stable offset, which leaves out what was committed a moment ago.
 */
#include "gateway/kafka/client.h"
#include "gateway/kafka/reader.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/bound.h"

#include <stdlib.h>

#define GRACE_MS 300
#define CLOSE_MS 1000 /* not 0: a handle left at work while the process ends would meet OpenSSL's end */

/* On the heap and owned by the thread that asks: 2.0.2 can outstay the time it is given. */
struct question {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;
	rd_kafka_topic_partition_list_t *oldest; /* NULL = not asked for */
	rd_kafka_topic_partition_list_t *newest;
	int64_t until; /* monotonic ms */
	rd_kafka_resp_err_t error;
};

/* By time, with the times that mean an end: unlike rd_kafka_query_watermark_offsets that keeps to its
 * time-out, and asks for all the partitions of a leader at once. */
static rd_kafka_resp_err_t ask_for(
	struct question *q, rd_kafka_topic_partition_list_t *partitions, int64_t which)
{
	int64_t left = q->until - clock_monotonic_ms();
	rd_kafka_resp_err_t error;

	for (int i = 0; i < partitions->cnt; i++)
		partitions->elems[i].offset = which;
	error = rd_kafka_offsets_for_times(q->rk, partitions, left > 0 ? (int)left : 0);
	for (int i = 0; i < partitions->cnt && !error; i++) {
		error = partitions->elems[i].err;
		if (!error && partitions->elems[i].offset < 0)
			error = RD_KAFKA_RESP_ERR__BAD_MSG;
	}
	return error;
}

/* thread: the question's own. */
static void ask(void *context)
{
	struct question *q = context;

	if (q->oldest)
		q->error = ask_for(q, q->oldest, RD_KAFKA_OFFSET_BEGINNING);
	if (!q->error)
		q->error = ask_for(q, q->newest, RD_KAFKA_OFFSET_END);
}

/* thread: the question's own, as the last thing. */
static void destroy(void *context)
{
	struct question *q = context;

	if (q->events)
		rd_kafka_queue_destroy(q->events);
	if (q->rk)
		rd_kafka_destroy(q->rk);
	if (q->oldest)
		rd_kafka_topic_partition_list_destroy(q->oldest);
	rd_kafka_topic_partition_list_destroy(q->newest);
	free(q);
}

static struct status put(struct question *q, const struct kafka_config *config, struct error *e)
{
	static const struct client_setting settings[] = {
		{"isolation.level", "read_uncommitted"},
		{"fetch.max.bytes", "4194304"}, /* never fetches, but must fit receive.message.max.bytes */
		{NULL, NULL},
	};

	TRY(client_new(config, RD_KAFKA_CONSUMER, settings, 0, &q->rk, e));
	q->events = rd_kafka_queue_get_main(q->rk);
	return S_OK;
}

static struct status answer(struct question *q, bool came, int64_t *oldest, int64_t *newest, struct error *e)
{
	rd_kafka_resp_err_t error = came ? q->error : RD_KAFKA_RESP_ERR__TIMED_OUT;
	struct client_events said = {0};

	if (!error) {
		if (oldest)
			*oldest = q->oldest->elems[0].offset;
		for (int i = 0; i < q->newest->cnt; i++)
			newest[i] = q->newest->elems[i].offset;
		return S_OK;
	}
	client_drain(&said, q->events);
	client_explain(e, "asking how far a topic goes", error, NULL, &said);
	return client_status(error);
}

/* Takes q, which says which partitions. */
static struct status put_and_answer(struct question *q, const struct kafka_config *config, int timeout_ms,
	int64_t *oldest, int64_t *newest, struct error *e)
{
	struct bound *bound = bound_new();
	struct status status;

	if (!bound) {
		destroy(q);
		error_add(e, NULL, 0, 0, "no thread to ask Kafka from");
		return S_RETRY;
	}
	q->until = clock_monotonic_ms() + timeout_ms;
	status = put(q, config, e);
	if (ok(status))
		status = answer(q, bound_run(bound, ask, q, timeout_ms + GRACE_MS), oldest, newest, e);
	bound_end(bound, destroy, q, CLOSE_MS);
	return status;
}

struct status reader_watermarks(const struct kafka_config *config, const char *topic, int32_t partition,
	int timeout_ms, int64_t *oldest, int64_t *newest, struct error *e)
{
	struct question *q = calloc(1, sizeof *q);

	REQUIRE(q, S_RETRY);
	q->oldest = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(q->oldest, topic, partition);
	q->newest = rd_kafka_topic_partition_list_copy(q->oldest);
	return put_and_answer(q, config, timeout_ms, oldest, newest, e);
}

struct status reader_high_watermarks(const struct kafka_config *config, const char *topic, int32_t n,
	int timeout_ms, int64_t *newest, struct error *e)
{
	struct question *q = calloc(1, sizeof *q);

	REQUIRE(q, S_RETRY);
	q->newest = rd_kafka_topic_partition_list_new(n);
	for (int32_t i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(q->newest, topic, i);
	return put_and_answer(q, config, timeout_ms, NULL, newest, e);
}

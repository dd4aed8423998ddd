/* SPDX-License-Identifier: Apache-2.0
 *
 * How far partitions go. The newest offset must be asked for as a reader of uncommitted records would:
 * otherwise the answer is the last stable offset, which leaves out what was committed a moment ago.
 */
#include "gateway/kafka/reader_internal.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/bound.h"

#include <stdlib.h>

#define GRACE_MS 300
#define CLOSE_MS 1000 /* not 0: a handle left at work while the process ends would meet OpenSSL's end */

/* A handle and what it is asked. On the heap and owned by the thread that asks: 2.0.2 can outstay the time it
 * is given. */
struct question {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;
	rd_kafka_topic_partition_list_t *oldest; /* NULL = not asked for */
	rd_kafka_topic_partition_list_t *newest;
	int64_t until; /* monotonic ms */
	rd_kafka_resp_err_t error;
};

struct watermarks {
	const struct kafka_config *config;
	bool settled;
	struct bound *bound; /* both, or neither */
	struct question *question;
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

static void forget(struct question *q)
{
	if (q->oldest)
		rd_kafka_topic_partition_list_destroy(q->oldest);
	if (q->newest)
		rd_kafka_topic_partition_list_destroy(q->newest);
	q->oldest = q->newest = NULL;
	q->error = RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* thread: the question's own, as the last thing. */
static void destroy(void *context)
{
	struct question *q = context;

	if (q->events)
		rd_kafka_queue_destroy(q->events);
	if (q->rk)
		rd_kafka_destroy(q->rk);
	forget(q);
	free(q);
}

static void let_go(struct watermarks *w)
{
	if (w->bound)
		bound_end(w->bound, destroy, w->question, CLOSE_MS);
	w->bound = NULL;
	w->question = NULL;
}

static struct status handle_open(struct watermarks *w, struct error *e)
{
	const struct client_setting settings[] = {
		{"isolation.level", w->settled ? "read_committed" : "read_uncommitted"},
		{"fetch.max.bytes", "4194304"}, /* never fetches, but must fit receive.message.max.bytes */
		{NULL, NULL},
	};

	if (w->bound)
		return S_OK;
	w->question = calloc(1, sizeof *w->question);
	REQUIRE(w->question, S_RETRY);
	w->bound = bound_new();
	if (!w->bound) {
		free(w->question);
		w->question = NULL;
		error_add(e, NULL, 0, 0, "no thread to ask Kafka from");
		return S_RETRY;
	}
	TRY(client_new(w->config, RD_KAFKA_CONSUMER, settings, 0, &w->question->rk, e));
	w->question->events = rd_kafka_queue_get_main(w->question->rk);
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

/* Takes `partitions`. */
static struct status put(struct watermarks *w, rd_kafka_topic_partition_list_t *partitions, int timeout_ms,
	int64_t *oldest, int64_t *newest, struct error *e)
{
	struct status status = handle_open(w, e);
	struct question *q = w->question;

	if (ok(status)) {
		q->newest = partitions;
		q->oldest = oldest ? rd_kafka_topic_partition_list_copy(partitions) : NULL;
		q->until = clock_monotonic_ms() + timeout_ms;
		status = answer(q, bound_run(w->bound, ask, q, timeout_ms + GRACE_MS), oldest, newest, e);
	} else {
		rd_kafka_topic_partition_list_destroy(partitions);
	}
	if (ok(status))
		forget(q);
	else
		let_go(w); /* it may be at it still, or know another leader */
	return status;
}

struct watermarks *watermarks_new(const struct kafka_config *config, bool settled)
{
	struct watermarks *w = calloc(1, sizeof *w);

	if (w)
		*w = (struct watermarks){.config = config, .settled = settled};
	return w;
}

const struct kafka_config *watermarks_config(const struct watermarks *w)
{
	return w->config;
}

struct status watermarks_of(struct watermarks *w, const char *topic, int32_t partition, int timeout_ms,
	int64_t *oldest, int64_t *newest, struct error *e)
{
	rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(one, topic, partition);
	return put(w, one, timeout_ms, oldest, newest, e);
}

struct status watermarks_newest(
	struct watermarks *w, const char *topic, int32_t n, int timeout_ms, int64_t *newest, struct error *e)
{
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(n);

	for (int32_t i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(all, topic, i);
	return put(w, all, timeout_ms, NULL, newest, e);
}

void watermarks_free(struct watermarks *w)
{
	if (w)
		let_go(w);
	free(w);
}

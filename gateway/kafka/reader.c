/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading one partition by offset, with librdkafka's simple consumer: it needs no group, so neither a group's
 * rights nor its coordinator. Not here: how far there is to read (watermarks.c).
 */
#include "gateway/kafka/reader_internal.h"

#include "gateway/kafka/bound.h"

#include <stdlib.h>

#define BATCH    512
#define CLOSE_MS 2000

struct reader {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *records;
	rd_kafka_queue_t *events;
	struct bound *bound; /* for closing only */
	struct client_events said;
	unsigned long told; /* of said.all_down */
	int32_t partition;
	int64_t end;
	bool started;
	bool trimmed;
	rd_kafka_message_t *messages[BATCH];
	size_t n, at; /* messages fetched; the next to hand out */
};

static struct status open_handle(
	struct reader *r, const struct kafka_config *config, const char *wait_ms, struct error *e)
{
	const struct client_setting settings[] = {
		{"isolation.level", "read_committed"},
		{"enable.partition.eof", "true"},
		{"auto.offset.reset", "error"},
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"check.crcs", "true"},
		/* The end is told only by an empty answer, which the broker holds back for this long. */
		{"fetch.wait.max.ms", wait_ms},
		{"fetch.error.backoff.ms", "50"},
		{"fetch.max.bytes", "4194304"},
		/* How far ahead it may fetch: a verifier has a reader for each of very many partitions. The
		 * limit must be several answers wide: once it is reached, librdkafka looks again a second
		 * later, however soon the records are taken. A record that is larger than an answer comes
		 * nevertheless. */
		{"fetch.message.max.bytes", "131072"},
		{"queued.max.messages.kbytes", "1024"},
		{NULL, NULL},
	};

	return client_new(config, RD_KAFKA_CONSUMER, settings, 0, &r->rk, e);
}

/* thread: the reader's own, as the last thing. */
static void destroy(void *context)
{
	struct reader *r = context;

	for (size_t i = 0; i < r->n; i++)
		if (r->messages[i])
			rd_kafka_message_destroy(r->messages[i]);
	if (r->started)
		rd_kafka_consume_stop(r->topic, r->partition);
	if (r->topic)
		rd_kafka_topic_destroy(r->topic);
	if (r->records)
		rd_kafka_queue_destroy(r->records);
	if (r->events)
		rd_kafka_queue_destroy(r->events);
	if (r->rk)
		rd_kafka_destroy(r->rk);
	free(r);
}

/* thread: the reader's own. */
static void learn_leader(void *context)
{
	struct reader *r = context;
	const struct rd_kafka_metadata *metadata;

	if (!rd_kafka_metadata(r->rk, 0, r->topic, &metadata, CLIENT_REQUEST_MS))
		rd_kafka_metadata_destroy(metadata);
}

static struct status start(struct reader *r, const struct kafka_config *config,
	const struct reader_place *place, const char *wait_ms, struct error *e)
{
	TRY(open_handle(r, config, wait_ms, e));
	r->events = rd_kafka_queue_get_main(r->rk);
	r->records = rd_kafka_queue_new(r->rk);
	r->topic = rd_kafka_topic_new(r->rk, place->topic, NULL);
	r->partition = place->partition;
	r->end = -1;
	/* Where the leader is not known yet, librdkafka asks it for the oldest or newest offset half a second
	 * later. */
	if (r->topic && place->offset < 0 && !bound_run(r->bound, learn_leader, r, 2 * CLIENT_REQUEST_MS))
		return S_RETRY;
	if (r->topic &&
		rd_kafka_consume_start_queue(r->topic, place->partition, place->offset, r->records) == 0) {
		r->started = true;
		return S_OK;
	}
	return error_set(e, "topic %s partition %d offset %lld: %s", place->topic, (int)place->partition,
		(long long)place->offset, rd_kafka_err2str(rd_kafka_last_error()));
}

struct status reader_open_waiting(const struct kafka_config *config, const struct reader_place *place,
	const char *wait_ms, struct reader **out, struct error *e)
{
	struct reader *r = calloc(1, sizeof *r);
	struct status status;

	REQUIRE(r, S_RETRY);
	r->bound = bound_new();
	if (!r->bound) {
		free(r);
		error_add(e, NULL, 0, 0, "no thread for a Kafka reader");
		return S_RETRY;
	}
	status = start(r, config, place, wait_ms, e);
	if (ok(status))
		*out = r;
	else
		reader_close(r);
	return status;
}

struct status reader_open(const struct kafka_config *config, const char *topic, int32_t partition,
	int64_t offset, struct reader **out, struct error *e)
{
	struct reader_place place = {topic, partition, offset};

	return reader_open_waiting(config, &place, READER_FOLLOW_WAIT_MS, out, e);
}

/* Wait for one, then take what else is there: asked for many at once, librdkafka waits until there are as
 * many. */
static void fetch(struct reader *r, int timeout_ms)
{
	ssize_t n = rd_kafka_consume_batch_queue(r->records, timeout_ms, r->messages, 1);

	r->n = n > 0 ? (size_t)n : 0;
	r->at = 0;
	if (r->n == 0)
		return;
	n = rd_kafka_consume_batch_queue(r->records, 0, r->messages + 1, BATCH - 1);
	r->n += n > 0 ? (size_t)n : 0;
}

/* What stands in a record's place. OK: nothing to tell, go on. */
static struct status take_error(struct reader *r, const rd_kafka_message_t *m, struct error *e)
{
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		r->end = m->offset;
		return S_OK;
	}
	r->trimmed |= m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
		      m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
	client_explain(e, rd_kafka_topic_name(r->topic), m->err, rd_kafka_message_errstr(m), &r->said);
	return r->trimmed ? S_BAD_INPUT : S_RETRY;
}

static void fill(const rd_kafka_message_t *m, struct kafka_record *record)
{
	rd_kafka_timestamp_type_t type;

	record->partition = m->partition;
	record->offset = m->offset;
	record->timestamp_ms = rd_kafka_message_timestamp(m, &type);
	record->append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
	record->key = span_of(m->key, m->key_len);
	record->value = span_of(m->payload, m->len);
}

/* The broker went away since this was last told. */
static struct status nothing(struct reader *r, struct error *e)
{
	client_drain(&r->said, r->events);
	if (r->said.all_down == r->told)
		return S_WAIT;
	r->told = r->said.all_down;
	client_explain(e, rd_kafka_topic_name(r->topic), RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, NULL, &r->said);
	return S_RETRY;
}

static void release_current(struct reader *r)
{
	if (r->at == 0 || !r->messages[r->at - 1])
		return;
	rd_kafka_message_destroy(r->messages[r->at - 1]);
	r->messages[r->at - 1] = NULL;
}

struct status reader_next(struct reader *r, int timeout_ms, struct kafka_record *record, struct error *e)
{
	release_current(r);
	if (r->trimmed)
		return error_set(e, "%s: the offset is no longer there", rd_kafka_topic_name(r->topic));
	for (;;) {
		const rd_kafka_message_t *m;

		if (r->at == r->n) {
			fetch(r, timeout_ms);
			if (r->n == 0)
				return nothing(r, e);
		}
		m = r->messages[r->at++];
		if (!m->err) {
			fill(m, record);
			return S_OK;
		}
		TRY(take_error(r, m, e));
		release_current(r);
		timeout_ms = 0; /* an end was news enough to come back for */
	}
}

int64_t reader_end(const struct reader *r)
{
	return r->end;
}

void reader_close(struct reader *r)
{
	if (r)
		bound_end(r->bound, destroy, r, CLOSE_MS);
}

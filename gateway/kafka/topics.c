/* SPDX-License-Identifier: Apache-2.0
 *
 * What a producer knows of the topics it writes: partitions, newest offsets acknowledged, the broker's clock.
 */
#include "gateway/kafka/producer_internal.h"

#include "gateway/base/clock.h"

#include <stdlib.h>

struct topic *topic_find(struct producer *p, const char *name)
{
	for (size_t i = 0; i < p->n_topics; i++)
		if (p->topics[i]->name == name || strcmp(p->topics[i]->name, name) == 0)
			return p->topics[i];
	return NULL;
}

static void topic_free(struct topic *t)
{
	if (t->handle)
		rd_kafka_topic_destroy(t->handle);
	free(t->last);
	free(t->name);
	free(t);
}

void topics_free(struct producer *p)
{
	for (size_t i = 0; i < p->n_topics; i++)
		topic_free(p->topics[i]);
	p->n_topics = 0;
}

static struct status topic_add(struct producer *p, const char *name, struct error *e)
{
	rd_kafka_topic_conf_t *conf;
	struct topic *t;

	if (p->n_topics == PRODUCER_TOPICS_MAX) {
		error_add(e, NULL, 0, 0, "more than %d topics for one producer", PRODUCER_TOPICS_MAX);
		return S_REFUSED;
	}
	t = calloc(1, sizeof *t);
	REQUIRE(t, S_RETRY);
	conf = rd_kafka_default_topic_conf_dup(p->rk);
	rd_kafka_topic_conf_set_opaque(conf, t);
	t->name = strdup(name);
	t->handle = t->name ? rd_kafka_topic_new(p->rk, name, conf) : NULL;
	if (t->handle) {
		p->topics[p->n_topics++] = t;
		return S_OK;
	}
	rd_kafka_topic_conf_destroy(conf);
	topic_free(t);
	error_add(e, NULL, 0, 0, "topic %s: not a name Kafka takes", name);
	return S_REFUSED;
}

static struct status size(struct topic *t, int32_t partitions)
{
	int64_t *last;

	if (partitions <= t->partitions)
		return S_OK;
	last = realloc(t->last, (size_t)partitions * sizeof *last);
	REQUIRE(last, S_RETRY);
	for (int32_t i = t->partitions; i < partitions; i++)
		last[i] = -1;
	t->last = last;
	t->partitions = partitions;
	return S_OK;
}

static struct status take_metadata(struct producer *p, const char *const *names, struct error *e)
{
	for (; *names; names++) {
		struct topic *t = topic_find(p, *names);
		rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

		for (int i = 0; t && i < p->metadata->topic_cnt; i++) {
			const struct rd_kafka_metadata_topic *m = &p->metadata->topics[i];

			if (strcmp(m->topic, *names) != 0)
				continue;
			error = m->err;
			if (!error && m->partition_cnt > 0)
				TRY(size(t, m->partition_cnt));
		}
		if (error) {
			error_add(e, NULL, 0, 0, "topic %s: %s (%s)", *names, rd_kafka_err2str(error),
				rd_kafka_err2name(error));
			p->error = error;
			return client_status(error);
		}
	}
	return S_OK;
}

/* Without this the first transaction waits for a scan that comes once a second. */
struct status producer_learn(struct producer *p, const char *const *names, int timeout_ms, struct error *e)
{
	struct status status;

	REQUIRE(names && *names, S_OK);
	for (const char *const *name = names; *name; name++)
		if (!topic_find(p, *name))
			TRY(topic_add(p, *name, e));
	if (!producer_call(p, CALL_METADATA, timeout_ms))
		return producer_over(p, "asking for topics", RD_KAFKA_RESP_ERR__TIMED_OUT,
			"librdkafka does not return", e);
	if (p->result)
		return producer_over_result(p, "asking for topics", e);
	status = take_metadata(p, names, e);
	rd_kafka_metadata_destroy(p->metadata);
	p->metadata = NULL;
	return status;
}

/* Says only that something else went wrong. */
static bool is_purge(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

void topics_acknowledged(struct producer *p, const rd_kafka_message_t *message)
{
	struct topic *t = rd_kafka_topic_opaque(message->rkt);
	rd_kafka_timestamp_type_t type;
	int64_t at;

	p->pending--;
	if (message->err) {
		p->failed++;
		if (!p->error || is_purge(p->error))
			p->error = message->err;
		return;
	}
	if (message->partition >= 0 && message->partition < t->partitions)
		t->last[message->partition] = message->offset;
	at = rd_kafka_message_timestamp(message, &type);
	if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) {
		int64_t now = clock_now().v;

		/* The broker stamped it at some moment between sending and now. */
		p->clock_offset_ms = at < t->sent_ms ? at - t->sent_ms : at > now ? at - now : 0;
		p->clock_known = true;
	}
}

int32_t producer_partitions(struct producer *p, const char *name)
{
	const struct topic *t = topic_find(p, name);

	return t ? t->partitions : 0;
}

int64_t producer_last_offset(struct producer *p, const char *name, int32_t partition)
{
	const struct topic *t = topic_find(p, name);

	return t && partition >= 0 && partition < t->partitions ? t->last[partition] : -1;
}

bool producer_clock_offset(struct producer *p, int64_t *offset_ms)
{
	*offset_ms = p->clock_offset_ms;
	return p->clock_known;
}

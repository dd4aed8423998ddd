/* SPDX-License-Identifier: Apache-2.0
 *
 * A member of the group of nodes. librdkafka tells of rebalances by a callback, but only on the thread that
 * polls. Eager assignment by ranges: 2.0.2's cooperative one has faults (mended later) that lose partitions.
 */
#include "gateway/kafka/membership.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/bound.h"
#include "gateway/kafka/client.h"

#include <stdlib.h>

#define CLOSE_MS 3000

struct membership {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;
	struct bound *bound; /* for closing only */
	struct client_events said;
	unsigned long told; /* of said.all_down */
	bool known, changed;
	bool has[MEMBERSHIP_MAX];
};

static void take(struct membership *m, const rd_kafka_topic_partition_list_t *partitions)
{
	bool has[MEMBERSHIP_MAX] = {0};

	for (int i = 0; i < partitions->cnt; i++)
		if (partitions->elems[i].partition >= 0 && partitions->elems[i].partition < MEMBERSHIP_MAX)
			has[partitions->elems[i].partition] = true;
	m->changed |= !m->known || memcmp(has, m->has, sizeof has) != 0;
	m->known = true;
	memcpy(m->has, has, sizeof has);
}

/* thread: that of membership_poll. What is revoked stays ours until the next assignment, a moment later, says
 * whose it is: most often ours again. */
static void rebalance(
	rd_kafka_t *rk, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *partitions, void *context)
{
	if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		rd_kafka_assign(rk, NULL);
		return;
	}
	for (int i = 0; i < partitions->cnt; i++)
		partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
	rd_kafka_assign(rk, partitions);
	rd_kafka_pause_partitions(rk, partitions);
	take(context, partitions);
}

static void set_callback(rd_kafka_conf_t *conf, void *context)
{
	rd_kafka_conf_set_rebalance_cb(conf, rebalance);
	rd_kafka_conf_set_opaque(conf, context);
}

static struct status join(struct membership *m, const struct kafka_config *config, const char *group,
	const char *topic, struct error *e)
{
	const struct client_setting settings[] = {
		{"group.id", group},
		{"session.timeout.ms", "6000"},
		{"heartbeat.interval.ms", "1500"},
		{"max.poll.interval.ms", "15000"},
		{"partition.assignment.strategy", "range"},
		{"enable.auto.commit", "false"},
		{"auto.offset.reset", "latest"},
		{"fetch.max.bytes", "4194304"},
		{"queued.max.messages.kbytes", "1024"},
		{NULL, NULL},
	};
	rd_kafka_topic_partition_list_t *topics;
	rd_kafka_resp_err_t error;

	TRY(client_new_with(config, RD_KAFKA_CONSUMER, settings, 0, set_callback, m, &m->rk, e));
	m->events = rd_kafka_queue_get_main(m->rk);
	topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
	error = rd_kafka_subscribe(m->rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	if (!error)
		return S_OK;
	client_explain(e, "joining the nodes", error, NULL, NULL);
	return S_BAD_INPUT;
}

/* thread: the membership's own, as the last thing. */
static void leave(void *context)
{
	struct membership *m = context;

	if (m->rk) {
		rd_kafka_consumer_close(m->rk); /* calls rebalance once more */
		rd_kafka_queue_destroy(m->events);
		rd_kafka_destroy(m->rk);
	}
	free(m);
}

struct status membership_open(const struct kafka_config *config, const char *group, const char *topic,
	struct membership **out, struct error *e)
{
	struct membership *m = calloc(1, sizeof *m);
	struct status status;

	REQUIRE(m, S_RETRY);
	m->bound = bound_new();
	if (!m->bound) {
		free(m);
		error_add(e, NULL, 0, 0, "no thread for the membership");
		return S_RETRY;
	}
	status = join(m, config, group, topic, e);
	if (ok(status))
		*out = m;
	else
		membership_close(m);
	return status;
}

/* What stands in a record's place; records themselves are not wanted. */
static struct status take_message(struct membership *m, rd_kafka_message_t *message, struct error *e)
{
	rd_kafka_resp_err_t error = message->err;
	struct status status = S_WAIT;

	if (error && client_status(error).kind == STATUS_REFUSED) {
		client_explain(
			e, "being one of the nodes", error, rd_kafka_message_errstr(message), &m->said);
		status = S_REFUSED;
	}
	rd_kafka_message_destroy(message);
	return status;
}

struct status membership_poll(struct membership *m, int timeout_ms, struct error *e)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;

	do {
		int64_t left = until - clock_monotonic_ms();
		rd_kafka_message_t *message = rd_kafka_consumer_poll(m->rk, left > 100 ? 100
									    : left > 0 ? (int)left
										       : 0);
		struct status status = message ? take_message(m, message, e) : S_WAIT;

		if (status.kind != STATUS_WAIT)
			return status;
		if (m->changed) {
			m->changed = false;
			return S_OK;
		}
		client_drain(&m->said, m->events);
	} while (clock_monotonic_ms() < until);
	if (m->said.all_down == m->told)
		return S_WAIT;
	m->told = m->said.all_down;
	client_explain(e, "being one of the nodes", RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, NULL, &m->said);
	return S_RETRY;
}

bool membership_has(const struct membership *m, int32_t partition)
{
	return partition >= 0 && partition < MEMBERSHIP_MAX && m->has[partition];
}

bool membership_known(const struct membership *m)
{
	return m->known;
}

void membership_close(struct membership *m)
{
	if (m)
		bound_end(m->bound, leave, m, CLOSE_MS);
}

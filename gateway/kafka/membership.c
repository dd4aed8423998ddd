/* SPDX-License-Identifier: Apache-2.0
 *
 * A member of the group of nodes. librdkafka tells of rebalances by a callback, but only on the thread that
 * polls. Eager assignment by ranges: 2.0.2's cooperative one has faults (mended later) that lose partitions.
 */
#include "gateway/kafka/membership.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/bound.h"
#include "gateway/kafka/client.h"

#include <stdio.h>
#include <stdlib.h>

#define CLOSE_MS 3000

struct membership {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;
	const char *group, *topic, *node; /* borrowed */
	struct bound *bound;              /* for closing only */
	struct client_events said;
	unsigned long told; /* of said.all_down */
	bool moved;
};

/* thread: that of membership_poll. */
static void rebalance(
	rd_kafka_t *rk, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *partitions, void *context)
{
	struct membership *m = context;

	m->moved = true;
	if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		rd_kafka_assign(rk, NULL);
		return;
	}
	for (int i = 0; i < partitions->cnt; i++)
		partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
	rd_kafka_assign(rk, partitions);
	rd_kafka_pause_partitions(rk, partitions);
}

static void set_callback(rd_kafka_conf_t *conf, void *context)
{
	rd_kafka_conf_set_rebalance_cb(conf, rebalance);
	rd_kafka_conf_set_opaque(conf, context);
}

static struct status join(struct membership *m, const struct kafka_config *config, struct error *e)
{
	const struct client_setting settings[] = {
		{"group.id", m->group},
		{"session.timeout.ms", "6000"},
		{"heartbeat.interval.ms", "250"},
		{"max.poll.interval.ms", "8000"},
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
	rd_kafka_topic_partition_list_add(topics, m->topic, RD_KAFKA_PARTITION_UA);
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
	m->group = group;
	m->topic = topic;
	m->node = config->client_id;
	m->bound = bound_new();
	if (!m->bound) {
		free(m);
		error_add(e, NULL, 0, 0, "no thread for the membership");
		return S_RETRY;
	}
	status = join(m, config, e);
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
		if (m->moved) {
			m->moved = false;
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

/* --- who has what --- */

/* What is left of an assignment: version, then topics with their partitions, as consumers write it. */
struct rest {
	const uint8_t *p, *end;
};

/* A big-endian number of n bytes; -1 where there is none. */
static int32_t take_number(struct rest *r, unsigned n)
{
	uint32_t value = 0;

	if ((size_t)(r->end - r->p) < n)
		return -1;
	for (unsigned i = 0; i < n; i++)
		value = value << 8 | *r->p++;
	return value > INT32_MAX ? -1 : (int32_t)value;
}

static struct span take_name(struct rest *r)
{
	int32_t n = take_number(r, 2);
	struct span name = span_of(r->p, 0);

	if (n < 0 || r->end - r->p < n)
		return name;
	name.n = (size_t)n;
	r->p += n;
	return name;
}

static void take_partitions(const struct membership *m, const struct rd_kafka_group_member_info *member,
	struct membership_view *out)
{
	const uint8_t *bytes = member->member_assignment;
	struct rest r = {bytes, bytes + (bytes ? member->member_assignment_size : 0)};
	int32_t version = take_number(&r, 2), topics = version < 0 ? 0 : take_number(&r, 4);

	for (; topics > 0 && r.p < r.end; topics--) {
		bool ours = span_is(take_name(&r), m->topic);

		for (int32_t n = take_number(&r, 4); n > 0 && r.p < r.end; n--) {
			int32_t k = take_number(&r, 4);

			if (ours && k >= 0 && k < MEMBERSHIP_MAX)
				snprintf(out->owners[k], sizeof out->owners[k], "%s", member->client_id);
		}
	}
}

static void take_group(
	const struct membership *m, const struct rd_kafka_group_info *group, struct membership_view *out)
{
	out->settled = strcmp(group->state, "Stable") == 0;
	out->alone = group->member_cnt > 0;
	for (int i = 0; i < group->member_cnt; i++) {
		bool own = strcmp(group->members[i].client_id, m->node) == 0;

		out->joined |= own;
		out->alone &= own;
		if (out->settled)
			take_partitions(m, &group->members[i], out);
	}
}

/* The older of librdkafka's two ways of asking: 2.0.2's administration fails an assertion of its own when the
 * coordinator goes away under a DescribeConsumerGroups. */
struct status membership_look(
	struct membership *m, int timeout_ms, struct membership_view *out, struct error *e)
{
	const struct rd_kafka_group_list *list = NULL;
	rd_kafka_resp_err_t error = rd_kafka_list_groups(m->rk, m->group, &list, timeout_ms);

	*out = (struct membership_view){0};
	/* Partial: a broker did not answer, but it is not the one that was asked about the group. */
	if (error == RD_KAFKA_RESP_ERR__PARTIAL && list && list->group_cnt == 1)
		error = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (!error && list && list->group_cnt == 1) {
		error = list->groups[0].err;
		if (!error)
			take_group(m, &list->groups[0], out);
	}
	if (list)
		rd_kafka_group_list_destroy(list);
	if (!error)
		return S_OK;
	client_explain(e, "asking which nodes there are", error, NULL, &m->said);
	return client_status(error);
}

void membership_close(struct membership *m)
{
	if (m)
		bound_end(m->bound, leave, m, CLOSE_MS);
}

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
	rd_kafka_queue_t *events, *answers;
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
	m->answers = rd_kafka_queue_new(m->rk);
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
		rd_kafka_queue_destroy(m->answers);
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

static void take_partitions(
	const struct membership *m, const rd_kafka_MemberDescription_t *member, struct membership_view *out)
{
	const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
	const rd_kafka_topic_partition_list_t *list =
		assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;

	for (int i = 0; list && i < list->cnt; i++) {
		int32_t k = list->elems[i].partition;

		if (k >= 0 && k < MEMBERSHIP_MAX && strcmp(list->elems[i].topic, m->topic) == 0)
			snprintf(out->owners[k], sizeof out->owners[k], "%s",
				rd_kafka_MemberDescription_client_id(member));
	}
}

static void take_group(const struct membership *m, const rd_kafka_ConsumerGroupDescription_t *group,
	struct membership_view *out)
{
	size_t n = rd_kafka_ConsumerGroupDescription_member_count(group);

	out->settled = rd_kafka_ConsumerGroupDescription_state(group) == RD_KAFKA_CONSUMER_GROUP_STATE_STABLE;
	out->alone = n > 0;
	for (size_t i = 0; i < n; i++) {
		const rd_kafka_MemberDescription_t *member =
			rd_kafka_ConsumerGroupDescription_member(group, i);
		bool own = strcmp(rd_kafka_MemberDescription_client_id(member), m->node) == 0;

		out->joined |= own;
		out->alone &= own;
		if (out->settled)
			take_partitions(m, member, out);
	}
}

static rd_kafka_resp_err_t take_answer(
	const struct membership *m, rd_kafka_event_t *answer, struct membership_view *out)
{
	const rd_kafka_DescribeConsumerGroups_result_t *result =
		rd_kafka_event_DescribeConsumerGroups_result(answer);
	size_t n = 0;
	const rd_kafka_ConsumerGroupDescription_t **groups =
		result ? rd_kafka_DescribeConsumerGroups_result_groups(result, &n) : NULL;
	const rd_kafka_error_t *error;

	if (n != 1)
		return rd_kafka_event_error(answer) ? rd_kafka_event_error(answer)
						    : RD_KAFKA_RESP_ERR__BAD_MSG;
	error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
	if (!error)
		take_group(m, groups[0], out);
	return error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

struct status membership_look(
	struct membership *m, int timeout_ms, struct membership_view *out, struct error *e)
{
	rd_kafka_AdminOptions_t *options =
		rd_kafka_AdminOptions_new(m->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
	rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
	rd_kafka_event_t *answer;
	char words[256];

	*out = (struct membership_view){0};
	/* What an earlier look was too impatient for is of no use any more. */
	while ((answer = rd_kafka_queue_poll(m->answers, 0)))
		rd_kafka_event_destroy(answer);
	rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, words, sizeof words);
	rd_kafka_DescribeConsumerGroups(m->rk, &(const char *){m->group}, 1, options, m->answers);
	rd_kafka_AdminOptions_destroy(options);
	answer = rd_kafka_queue_poll(m->answers, timeout_ms + 200);
	if (answer) {
		error = take_answer(m, answer, out);
		rd_kafka_event_destroy(answer);
	}
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

/* SPDX-License-Identifier: Apache-2.0
 *
 * A topic's metadata, asked for once.
 */
#include "gateway/kafka/partitions.h"

#include "gateway/kafka/client.h"

#include <stdio.h>

static struct status ask(rd_kafka_t *rk, const char *topic, int timeout_ms, int32_t *out,
	struct client_events *said, struct error *e)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t error;
	char doing[300];

	REQUIRE(handle, error_set(e, "topic %s: not a name Kafka takes", topic));
	error = rd_kafka_metadata(rk, 0, handle, &metadata, timeout_ms);
	if (!error && metadata->topic_cnt == 1)
		error = metadata->topics[0].err;
	if (!error)
		*out = metadata->topics[0].partition_cnt;
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(handle);
	if (!error && *out > 0)
		return S_OK;
	snprintf(doing, sizeof doing, "topic %s", topic);
	client_explain(e, doing, error, NULL, said);
	return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
			       error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
		       ? S_REFUSED
		       : client_status(error);
}

struct status topic_partitions(
	const struct kafka_config *config, const char *topic, int timeout_ms, int32_t *out, struct error *e)
{
	static const struct client_setting settings[] = {{"fetch.max.bytes", "4194304"}, {NULL, NULL}};
	struct client_events said = {0};
	rd_kafka_queue_t *events;
	rd_kafka_t *rk = NULL;
	struct status status;

	TRY(client_new(config, RD_KAFKA_CONSUMER, settings, 0, &rk, e));
	events = rd_kafka_queue_get_main(rk);
	*out = 0;
	status = ask(rk, topic, timeout_ms, out, &said, e);
	rd_kafka_queue_destroy(events);
	rd_kafka_destroy(rk);
	return status;
}

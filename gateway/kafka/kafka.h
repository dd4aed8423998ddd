/* SPDX-License-Identifier: Apache-2.0
 *
 * What every use of Kafka shares: how to reach the cluster, and what an operation can end in. Only this
 * folder knows librdkafka; its threads never call ours, everything is polled.
 */
#ifndef ANPR_KAFKA_KAFKA_H
#define ANPR_KAFKA_KAFKA_H

#include "gateway/base/error.h"
#include "gateway/base/span.h"

#include <stdint.h>

/* How far a node's clock may be from the broker's. Less than the guard before ends, which so holds for every
 * node; as the default of what cameras' clocks are allowed. */
#define BROKER_CLOCK_BOUND_MS 2000

/* All borrowed, for as long as anything opened with it lives. */
struct kafka_config {
	const char *brokers; /* host:port[,host:port] */
	const char *ca_pem;  /* texts, not paths: no process needs the files */
	const char *cert_pem;
	const char *key_pem;
	const char *client_id;
};

/* One record as read: all borrowed until the next call on the reader. */
struct kafka_record {
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* as the topic keeps it: ours, or the broker's append time */
	bool append_time;     /* timestamp_ms is the broker's */
	struct span key, value;
};

#endif

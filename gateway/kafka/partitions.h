/* SPDX-License-Identifier: Apache-2.0
 *
 * How many partitions a topic has, for those who only read it.
 */
#ifndef ANPR_KAFKA_PARTITIONS_H
#define ANPR_KAFKA_PARTITIONS_H

#include "gateway/base/status.h"
#include "gateway/kafka/kafka.h"

/* Asks any broker. errors: RETRY (none answers in time), REFUSED (no such topic, or no right to see it). */
MUST struct status topic_partitions(
	const struct kafka_config *config, const char *topic, int timeout_ms, int32_t *out, struct error *e);

#endif

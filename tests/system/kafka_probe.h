/* SPDX-License-Identifier: Apache-2.0
 *
 * What the cases of kafka_probe share: how to reach the broker and to hurt it, measuring, saying what was
 * found.
 */
#ifndef ANPR_TESTS_KAFKA_PROBE_H
#define ANPR_TESTS_KAFKA_PROBE_H

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/kafka/producer.h"
#include "gateway/kafka/reader.h"

#define JOURNAL "anpr.journal"
#define LEDGER  "anpr.ledger"
#define READS   "anpr.reads"

struct probe {
	struct kafka_config kafka; /* as the gateway */
	struct kafka_config admin; /* as the cluster's administrator */
	const char *pki;
	const char *broker_dir; /* of deploy/kafka/broker; NULL = the broker cannot be hurt */
	const char *broker_tool;
	struct error e;
	int failures;
};

/* Say so and count it, unless `good`. Returns good. */
bool probe_check(struct probe *p, bool good, const char *format, ...) __attribute__((format(printf, 3, 4)));
void probe_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
double probe_now_ms(void);
/* `what` to the broker: kill, start, freeze, thaw. */
void probe_broker(struct probe *p, const char *what);
/* The same brokers with another certificate, kept to the end. */
struct kafka_config probe_as(struct probe *p, const char *name);
const char *probe_status(struct status status);

/* A producer of `id`, initialised; NULL and a failure counted where it cannot be had. */
struct producer *probe_producer(struct probe *p, const char *id);
/* Begin a transaction and send n messages of 400 bytes to the ledger's partition, and to six of the topic's.
 */
struct status probe_fill(struct probe *p, struct producer *producer, int n);
struct status probe_flush(struct probe *p, struct producer *producer, int timeout_ms);
struct status probe_commit(struct probe *p, struct producer *producer, int timeout_ms);
/* As watermarks_of, with a handle for this one question. */
struct status probe_watermarks(const struct kafka_config *config, const char *topic, int32_t partition,
	int timeout_ms, int64_t *oldest, int64_t *newest, struct error *e);
/* Committed records of the ledger's partition 0. */
long probe_count(struct probe *p);

typedef void probe_case(struct probe *p);
probe_case case_cluster, case_rights;
probe_case case_commit, case_latency, case_throughput, case_abort, case_misuse, case_oversize;
probe_case case_fence_idle, case_fence_flight, case_fence_race, case_zombie;
probe_case case_end, case_long, case_held, case_trimmed, case_follow, case_append_time;
probe_case case_killed, case_frozen_commit, case_frozen_fence, case_frozen_read, case_nobody;
probe_case case_nodes, case_nodes_frozen;
probe_case case_one_frozen, case_one_killed;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * librdkafka's administration: a handle, questions put to a queue, answers taken from it, all within one time
 * limit. For this folder only.
 */
#ifndef ANPR_KAFKA_ADMIN_H
#define ANPR_KAFKA_ADMIN_H

#include "gateway/kafka/client.h"
#include "gateway/kafka/cluster_internal.h"

/* librdkafka before 2.6 has no name for transactional ids as things that rights are about; the protocol calls
 * it 5. */
#define ADMIN_TRANSACTIONAL_ID ((rd_kafka_ResourceType_t)5)

struct admin {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events, *answers;
	struct client_events said;
	int64_t until; /* monotonic ms */
};

MUST struct status admin_open(
	const struct kafka_config *config, int timeout_ms, struct admin *a, struct error *e);
void admin_close(struct admin *a);
int admin_left(const struct admin *a);
/* Options for a request; destroy them after it was put. */
rd_kafka_AdminOptions_t *admin_options(const struct admin *a, rd_kafka_admin_op_t api, void *opaque);
/* The next answer. OK: *answer is to be destroyed; it may hold errors of its parts. Else there is none, or it
 * is an error as a whole: the reason is in e, and *opaque says whose it is where known. */
MUST struct status admin_answer(
	struct admin *a, const char *doing, rd_kafka_event_t **answer, void **opaque, struct error *e);
/* A right. NULL: this librdkafka has no way to say it. */
rd_kafka_AclBinding_t *admin_acl(const struct acl *acl);
/* All rights there are. */
rd_kafka_AclBinding_t *admin_acl_filter(void);
/* Kafka's number for an operation's name; 0 = there is none. */
int admin_operation(const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The one request that librdkafka before 2.6 cannot make: giving a right on transactional ids, without which
 * no gateway can begin a transaction. Kafka's CreateAcls, version 1, said by hand over TLS. For this folder
 * only.
 */
#ifndef ANPR_KAFKA_ACL_WIRE_H
#define ANPR_KAFKA_ACL_WIRE_H

#include "gateway/base/buffer.h"
#include "gateway/kafka/cluster_internal.h"

/* Ask the first broker that answers. `operation` is Kafka's number for acl->operation.
 * errors: RETRY (none answers in time), REFUSED (not allowed to, or the cluster has no rights); the reason is
 * in e. */
MUST struct status acl_wire_create(const struct kafka_config *config, const struct acl *acl, int operation,
	int timeout_ms, struct error *e);

/* Whether rights may be looked at at all: librdkafka 2.0.2 drops the error that the broker answers with, so
 * that to whom it is refused the list is empty. errors: as above; REFUSED: it is refused. */
MUST struct status acl_wire_may_look(const struct kafka_config *config, int timeout_ms, struct error *e);

/* The request's bytes, length included, and what the answer's bytes (length left out) say; for tests too. */
MUST struct status acl_wire_encode(const struct acl *acl, int operation, struct buffer *out);
MUST struct status acl_wire_decode(struct span answer, struct error *e);
MUST struct status acl_wire_encode_look(struct buffer *out);
MUST struct status acl_wire_decode_look(struct span answer, struct error *e);

#endif

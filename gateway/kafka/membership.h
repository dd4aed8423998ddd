/* SPDX-License-Identifier: Apache-2.0
 *
 * Which partitions of a topic this node is to look after: a consumer group of all nodes, from which nothing
 * is read. It only says what is wanted. Two nodes that look after one partition at once do no harm, as the
 * later fences the earlier, so what a node has stays its own until it is told of something else: while the
 * cluster is away, too.
 */
#ifndef ANPR_KAFKA_MEMBERSHIP_H
#define ANPR_KAFKA_MEMBERSHIP_H

#include "gateway/kafka/kafka.h"

#define MEMBERSHIP_MAX 256 /* partitions */

struct membership;

/* Join. Nothing is assigned yet. errors: BAD_INPUT, RETRY */
MUST struct status membership_open(const struct kafka_config *config, const char *group, const char *topic,
	struct membership **out, struct error *e);
/* Wait at most timeout_ms. OK: what is wanted of this node has changed. WAIT: it has not. RETRY: the cluster
 * is away. REFUSED: not allowed. A node that does not call this for 15 s is taken for dead, and what it had
 * goes to others. thread: one. */
MUST struct status membership_poll(struct membership *m, int timeout_ms, struct error *e);
/* Whether this node is to look after the partition. */
bool membership_has(const struct membership *m, int32_t partition);
/* Whether it has been told anything at all yet. */
bool membership_known(const struct membership *m);
/* Leave, so that others take over at once, and free; NULL is fine. */
void membership_close(struct membership *m);

#endif

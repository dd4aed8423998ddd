/* SPDX-License-Identifier: Apache-2.0
 *
 * The group of nodes, and which of them looks after which partition of a topic: a consumer group from which
 * nothing is read. Whose a partition is, is what the group's coordinator says when asked; two nodes that
 * look after one partition for a moment do no harm, as the later fences the earlier.
 */
#ifndef ANPR_KAFKA_MEMBERSHIP_H
#define ANPR_KAFKA_MEMBERSHIP_H

#include "gateway/kafka/kafka.h"

#define MEMBERSHIP_MAX 256 /* partitions */

struct membership;

/* Join, as config->client_id. Nothing is assigned yet. errors: BAD_INPUT, RETRY */
MUST struct status membership_open(const struct kafka_config *config, const char *group, const char *topic,
	struct membership **out, struct error *e);
/* Wait at most timeout_ms. OK: the group moved, look. WAIT: it did not. RETRY: the cluster is away. REFUSED:
 * not allowed. A node that does not call this for 8 s is taken for dead, and what it had goes to others.
 * thread: one, for all of these. */
MUST struct status membership_poll(struct membership *m, int timeout_ms, struct error *e);

/* The group as its coordinator has it. */
struct membership_view {
	bool joined;                     /* this node is a member, or an earlier life of it still is */
	bool alone;                      /* and nobody else is */
	bool settled;                    /* every member has been told what is its */
	char owners[MEMBERSHIP_MAX][65]; /* the node that has the partition; "" = none. Only where settled */
};
/* Ask for it. errors: RETRY, REFUSED */
MUST struct status membership_look(
	struct membership *m, int timeout_ms, struct membership_view *out, struct error *e);
/* Leave, so that others take over at once, and free; NULL is fine. */
void membership_close(struct membership *m);

#endif

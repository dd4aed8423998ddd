/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of the nodes runs which publisher: this node's place in the group of nodes. Decides nothing about
 * reads; fencing keeps two owners of a moment from harm.
 */
#ifndef ANPR_CORE_NODES_H
#define ANPR_CORE_NODES_H

#include "gateway/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct core;
struct nodes;
struct publisher;

/* Memory only; nodes_begin starts the thread. */
struct nodes *nodes_new(struct core *core);
/* Join. Each of the publishers is told whose it is from a moment later until nodes_end. errors: REFUSED */
MUST struct status nodes_begin(struct nodes *n, struct publisher *const *publishers, uint32_t n_publishers);
/* Begin to leave, so that others take over; nodes_end waits until it is done, and frees. NULL is fine. */
void nodes_leave(struct nodes *n);
void nodes_end(struct nodes *n);

/* Have it asked anew whose the publishers are: the number of the look that will tell. Any thread; does not
 * block. */
uint64_t nodes_ask(void *nodes);
/* The node that runs the publisher, as last heard; "" = none, or not known. Any thread. */
void nodes_owner(struct nodes *n, uint32_t publisher, char *to, size_t cap);
/* Why that cannot be had just now, in words; false = it can. Any thread. */
bool nodes_trouble(struct nodes *n, char *to, size_t cap);

#endif

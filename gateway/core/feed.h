/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed is one partner's reads into one topic: its sequence numbers and running digest, as committed.
 */
#ifndef ANPR_CORE_FEED_H
#define ANPR_CORE_FEED_H

#include "gateway/base/arena.h"
#include "gateway/record/record.h"

struct feed {
	char *topic;          /* owned */
	uint64_t sequence;    /* last used */
	uint64_t *partitions; /* last used, by partition; owned */
	size_t n_partitions;
	struct digest digest; /* d' = SHA-256(d || value), from 32 zero bytes */
	bool touched;         /* by the transaction in hand */
	uint32_t *steps;      /* the digest's beginning after each of its reads; owned, kept for the next */
	size_t n_steps, cap_steps;
};

struct feed_set {
	struct feed *items;
	size_t n;
};

/* The feed into the topic, made when new. NULL when out of memory. */
struct feed *feed_for(struct feed_set *set, const char *topic);
/* The next sequence number in the partition. 0 when out of memory. */
uint64_t feed_partition_next(struct feed *f, size_t partition);
/* One read more: its bytes into the digest. errors: OVERLOAD */
MUST struct status feed_add(struct feed *f, struct span value);
/* Make *to equal to *from, without touched marks. */
MUST struct status feed_set_copy(struct feed_set *to, const struct feed_set *from);
void feed_set_free(struct feed_set *set);

/* As messages from the arena: touched ones only, or all. NULL when out of memory; *n is set. */
Anpr__V1__Feed **feed_messages(const struct feed_set *set, bool touched_only, size_t *n, struct arena *arena);
/* Take a message's state over. errors: BAD_INPUT, OVERLOAD. */
MUST struct status feed_take_over(struct feed_set *set, const Anpr__V1__Feed *m);

#endif

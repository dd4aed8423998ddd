/* SPDX-License-Identifier: Apache-2.0
 *
 * Sequence numbers and digests of feeds, kept twice by a publisher: as committed, and as the transaction in
 * hand would leave them.
 */
#include "gateway/core/feed.h"

#include <stdlib.h>

#define PARTITIONS_MAX 4096

struct feed *feed_for(struct feed_set *set, const char *topic)
{
	struct feed *items;

	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->items[i].topic, topic) == 0)
			return &set->items[i];
	items = reallocarray(set->items, set->n + 1, sizeof *items);
	if (!items)
		return NULL;
	set->items = items;
	items[set->n] = (struct feed){.topic = strdup(topic)};
	return items[set->n].topic ? &items[set->n++] : NULL;
}

static bool reserve_partitions(struct feed *f, size_t n)
{
	uint64_t *partitions;

	if (n <= f->n_partitions)
		return true;
	if (n > PARTITIONS_MAX)
		return false;
	partitions = reallocarray(f->partitions, n, sizeof *partitions);
	if (!partitions)
		return false;
	memset(partitions + f->n_partitions, 0, (n - f->n_partitions) * sizeof *partitions);
	f->partitions = partitions;
	f->n_partitions = n;
	return true;
}

uint64_t feed_partition_next(struct feed *f, size_t partition)
{
	return reserve_partitions(f, partition + 1) ? ++f->partitions[partition] : 0;
}

static bool feed_is_in(const struct feed_set *set, const char *topic)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->items[i].topic, topic) == 0)
			return true;
	return false;
}

/* Take out what the other set has not: feeds that only an aborted transaction had begun. */
static void drop_others(struct feed_set *set, const struct feed_set *keep)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (feed_is_in(keep, set->items[i].topic)) {
			set->items[n++] = set->items[i];
			continue;
		}
		free(set->items[i].topic);
		free(set->items[i].partitions);
		free(set->items[i].steps);
	}
	set->n = n;
}

struct status feed_add(struct feed *f, struct span value)
{
	const uint8_t *d = f->digest.v;

	if (f->n_steps == f->cap_steps) {
		size_t cap = f->cap_steps ? 2 * f->cap_steps : 256;
		uint32_t *steps = reallocarray(f->steps, cap, sizeof *steps);

		REQUIRE(steps, S_OVERLOAD);
		f->steps = steps;
		f->cap_steps = cap;
	}
	f->digest = digest_chain(&f->digest, value);
	f->steps[f->n_steps++] =
		(uint32_t)d[0] | (uint32_t)d[1] << 8 | (uint32_t)d[2] << 16 | (uint32_t)d[3] << 24;
	f->touched = true;
	return S_OK;
}

struct status feed_set_copy(struct feed_set *to, const struct feed_set *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct feed *source = &from->items[i];
		struct feed *f = feed_for(to, source->topic);

		REQUIRE(f && reserve_partitions(f, source->n_partitions), S_OVERLOAD);
		if (f->n_partitions > 0)
			memset(f->partitions, 0, f->n_partitions * sizeof f->partitions[0]);
		if (source->n_partitions > 0)
			memcpy(f->partitions, source->partitions,
				source->n_partitions * sizeof f->partitions[0]);
		f->sequence = source->sequence;
		f->digest = source->digest;
		f->touched = false;
		f->n_steps = 0;
	}
	if (to->n > from->n)
		drop_others(to, from);
	return S_OK;
}

void feed_set_free(struct feed_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		free(set->items[i].topic);
		free(set->items[i].partitions);
		free(set->items[i].steps);
	}
	free(set->items);
	*set = (struct feed_set){0};
}

static bool partition_messages(const struct feed *f, Anpr__V1__Feed *m, struct arena *arena)
{
	Anpr__V1__PartitionSequence *items = arena_alloc(arena, f->n_partitions * sizeof *items);

	m->partitions = arena_alloc(arena, f->n_partitions * sizeof *m->partitions);
	if (!items || !m->partitions)
		return false;
	for (size_t i = 0; i < f->n_partitions; i++) {
		if (f->partitions[i] == 0)
			continue;
		anpr__v1__partition_sequence__init(&items[i]);
		items[i].partition = (uint32_t)i;
		items[i].sequence = f->partitions[i];
		m->partitions[m->n_partitions++] = &items[i];
	}
	return true;
}

Anpr__V1__Feed **feed_messages(const struct feed_set *set, bool touched_only, size_t *n, struct arena *arena)
{
	Anpr__V1__Feed **messages = arena_alloc(arena, set->n * sizeof *messages);

	*n = 0;
	for (size_t i = 0; messages && i < set->n; i++) {
		const struct feed *f = &set->items[i];
		Anpr__V1__Feed *m;

		if (touched_only && !f->touched)
			continue;
		m = arena_alloc(arena, sizeof *m);
		if (!m)
			return NULL;
		anpr__v1__feed__init(m);
		m->topic = f->topic;
		m->sequence = f->sequence;
		m->digest.data = (uint8_t *)f->digest.v;
		m->digest.len = sizeof f->digest.v;
		if (touched_only) {
			m->steps = f->steps;
			m->n_steps = f->n_steps;
		}
		if (!partition_messages(f, m, arena))
			return NULL;
		messages[(*n)++] = m;
	}
	return messages;
}

struct status feed_take_over(struct feed_set *set, const Anpr__V1__Feed *m)
{
	struct feed *f = feed_for(set, m->topic);

	REQUIRE(f, S_OVERLOAD);
	TRY(digest_from(span_of(m->digest.data, m->digest.len), &f->digest));
	f->sequence = m->sequence;
	for (size_t i = 0; i < m->n_partitions; i++) {
		REQUIRE(m->partitions[i]->partition < PARTITIONS_MAX, S_BAD_INPUT);
		REQUIRE(reserve_partitions(f, m->partitions[i]->partition + 1), S_OVERLOAD);
		f->partitions[m->partitions[i]->partition] = m->partitions[i]->sequence;
	}
	return S_OK;
}

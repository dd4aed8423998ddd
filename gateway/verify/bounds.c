/* SPDX-License-Identifier: Apache-2.0
 *
 * What enforced entries demand of what follows them: from a place on, nothing of a publisher's under a
 * version older than theirs. The place is an offset in a partition of a police topic, or a number of a feed
 * as the ledger counts it. Whichever of the two is read first, the entry or what breaks it, it is told.
 */
#include "gateway/verify/internal.h"

#include <stdlib.h>

void bounds_init(struct verification *v, struct bounds *b, const char *topic, int32_t partition)
{
	*b = (struct bounds){.topic = topic,
		.partition = partition,
		.required = memory_new(v->n_publishers, sizeof *b->required),
		.recent = memory_new(RECENT, sizeof *b->recent)};
}

void bounds_fini(struct bounds *b)
{
	free(b->limits);
	free(b->required);
	free(b->recent);
}

int64_t bounds_at(uint64_t sequence)
{
	return sequence < INT64_MAX ? (int64_t)sequence : INT64_MAX - 1;
}

/* What was met before the entry that says where it may no longer be. */
static void check_back(
	struct verification *v, const struct bounds *b, const struct limit *limit, uint64_t entry)
{
	for (size_t i = 0; i < b->n_recent; i++) {
		const struct recent *r = &b->recent[i];

		if (r->publisher == limit->publisher && r->version < limit->version && r->at >= limit->from)
			offence_add(v, OFFENCE_READ_AFTER_OFF, PLACE(b->topic, b->partition, r->offset),
				"%lld was decided under policy version %llu; entry %llu says that from %lld "
				"on version %llu held",
				(long long)r->at, (unsigned long long)r->version, (unsigned long long)entry,
				(long long)limit->from, (unsigned long long)limit->version);
	}
}

/* In their order: entries come nearly in that order. */
void bounds_limit(struct verification *v, struct bounds *b, const struct limit *limit, uint64_t entry)
{
	size_t at = b->n_limits;

	if (limit->publisher >= v->n_publishers)
		return;
	check_back(v, b, limit, entry);
	GROW(b->limits, b->n_limits);
	while (at > 0 && b->limits[at - 1].from > limit->from)
		at--;
	memmove(b->limits + at + 1, b->limits + at, (b->n_limits - at) * sizeof *b->limits);
	b->limits[at] = *limit;
	b->n_limits++;
}

static void remember(struct bounds *b, const struct recent *met)
{
	struct recent *at = NULL;

	for (size_t i = b->n_recent; i > 0 && !at; i--)
		if (b->recent[i - 1].version == met->version && b->recent[i - 1].publisher == met->publisher)
			at = &b->recent[i - 1];
	if (!at && b->n_recent == RECENT) {
		memmove(b->recent, b->recent + 1, (RECENT - 1) * sizeof b->recent[0]);
		b->n_recent--;
	}
	if (!at)
		at = &b->recent[b->n_recent++];
	*at = *met;
}

/* Limits that lie behind are no longer needed one by one. */
static void pass(struct bounds *b, int64_t at)
{
	size_t n = 0;

	for (; n < b->n_limits && b->limits[n].from <= at; n++) {
		uint64_t *required = &b->required[b->limits[n].publisher];

		if (*required < b->limits[n].version)
			*required = b->limits[n].version;
	}
	if (n == 0)
		return;
	b->n_limits -= n;
	memmove(b->limits, b->limits + n, b->n_limits * sizeof *b->limits);
}

uint64_t bounds_demand(struct bounds *b, const struct recent *met)
{
	remember(b, met);
	pass(b, met->at);
	return b->required[met->publisher];
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The reads that one ledger record says it published into one topic, found there: each number once, the chain
 * of their bytes ending in the digest. What is not as it says is told as near to the read as can be known.
 */
#include "gateway/verify/internal.h"

#include <stdlib.h>

/* A read that may be one of those looked for. */
struct candidate {
	struct waiting *read;
	size_t partition;
};

/* One ledger record's part in one feed. */
struct match {
	struct verification *v;
	struct trail *trail;
	const Anpr__V1__Feed *feed;
	const char *where;
	uint64_t version;
	struct candidate *candidates; /* by sequence, then offset */
	size_t n;
	uint64_t *found; /* by partition */
	struct digest digest;
	bool whole; /* none missing so far: the digest can be followed */
};

/* The ledger's word is the state from here on, whatever was found. */
static void take_state(struct trail *t, const Anpr__V1__Feed *feed)
{
	t->known = true;
	t->sequence = feed->sequence;
	(void)ok(digest_from(span_of(feed->digest.data, feed->digest.len), &t->digest));
	for (size_t i = 0; i < feed->n_partitions; i++)
		trail_shelf(t, feed->partitions[i]->partition)->accounted = feed->partitions[i]->sequence;
}

/* How many the record says it published; false: its numbers contradict each other or those before. */
static bool counts(struct trail *t, const Anpr__V1__Feed *feed, uint64_t *n)
{
	uint64_t in_partitions = 0;

	*n = 0;
	if (feed->sequence < t->sequence)
		return false;
	*n = feed->sequence - t->sequence;
	for (size_t i = 0; i < feed->n_partitions; i++) {
		uint64_t before = trail_shelf(t, feed->partitions[i]->partition)->accounted;

		if (feed->partitions[i]->sequence < before)
			return false;
		in_partitions += feed->partitions[i]->sequence - before;
	}
	return in_partitions == *n && (feed->n_steps == 0 || feed->n_steps == *n);
}

static bool shelf_has(const struct shelf *shelf, uint64_t partition_sequence)
{
	for (const struct waiting *w = shelf->first; w; w = w->next)
		if (w->partition_sequence == partition_sequence)
			return true;
	return false;
}

/* Fetch until the last one looked for in this partition is there, or the topic's end. */
static struct status fetch(
	struct verification *v, struct trail *t, struct stream *s, uint64_t last, struct error *e)
{
	bool there = shelf_has(trail_shelf(t, (size_t)s->partition), last);
	struct status status = S_OK;

	while (!there && ok(status)) {
		struct shelf *shelf;

		status = stream_pull(v, s, e);
		shelf = trail_shelf(t, (size_t)s->partition);
		there = ok(status) && shelf->first && shelf->last->partition_sequence == last;
	}
	return status.kind == STATUS_WAIT ? S_OK : status;
}

/* The ledger has lost its beginning, and this is the first it tells of the feed: where it stood before is not
 * told any more. */
static bool begins_here(const struct verification *v, const struct trail *t)
{
	return !t->known && v->publishers[t->publisher].first_ordinal > 1;
}

static struct status fetch_feed(
	struct verification *v, const char *partner, const Anpr__V1__Feed *feed, struct error *e)
{
	struct trail *t = trail_of(v, partner, feed->topic);

	if (begins_here(v, t))
		return S_OK; /* it only says what is older than what is left of the ledger */
	for (size_t i = 0; i < feed->n_partitions; i++) {
		const Anpr__V1__PartitionSequence *p = feed->partitions[i];
		struct stream *s = stream_find(v, feed->topic, (int32_t)p->partition);

		if (s && p->sequence > trail_shelf(t, p->partition)->accounted)
			TRY(fetch(v, t, s, p->sequence, e));
	}
	return S_OK;
}

struct status match_fetch(struct verification *v, const Anpr__V1__LedgerRecord *record, struct error *e)
{
	for (size_t i = 0; i < record->n_partners; i++)
		for (size_t k = 0; k < record->partners[i]->n_feeds; k++)
			TRY(fetch_feed(v, record->partners[i]->partner, record->partners[i]->feeds[k], e));
	return S_OK;
}

/* Out of the shelf: all that the record accounts for, or should. */
static void collect_shelf(struct match *m, size_t partition)
{
	struct shelf *shelf = &m->trail->shelves[partition];
	struct waiting **at = &shelf->first;

	while (*at) {
		struct waiting *w = *at;

		if (w->sequence > m->feed->sequence) {
			shelf->last = w;
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->next = NULL;
		GROW(m->candidates, m->n);
		m->candidates[m->n++] = (struct candidate){w, partition};
	}
}

static int by_sequence(const void *a, const void *b)
{
	const struct waiting *x = ((const struct candidate *)a)->read,
			     *y = ((const struct candidate *)b)->read;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static void collect(struct match *m)
{
	for (size_t i = 0; i < m->trail->n_shelves; i++)
		collect_shelf(m, i);
	if (m->n > 0)
		qsort(m->candidates, m->n, sizeof m->candidates[0], by_sequence);
}

static struct span value_of(const struct waiting *w)
{
	return span_of(w->value, w->n);
}

static uint32_t step_of(const struct digest *d)
{
	return (uint32_t)d->v[0] | (uint32_t)d->v[1] << 8 | (uint32_t)d->v[2] << 16 | (uint32_t)d->v[3] << 24;
}

/* Of several that bear the same number, the one the ledger knows. */
static size_t choose(const struct match *m, size_t from, size_t to, uint64_t sequence)
{
	if (to - from == 1 || !m->whole || m->feed->n_steps == 0)
		return from;
	for (size_t i = from; i < to; i++) {
		struct digest d = digest_chain(&m->digest, value_of(m->candidates[i].read));

		if (step_of(&d) == m->feed->steps[sequence - m->trail->sequence - 1])
			return i;
	}
	return from;
}

static void tell_added(const struct match *m, const struct candidate *c)
{
	offence_add(m->v, OFFENCE_READ_ADDED, PLACE(m->trail->topic, (int32_t)c->partition, c->read->offset),
		"it bears number %llu, which another read has", (unsigned long long)c->read->sequence);
}

/* Take the read that has its place in the record. */
static void take(struct match *m, const struct candidate *c)
{
	const struct waiting *w = c->read;
	const char *where = PLACE(m->trail->topic, (int32_t)c->partition, w->offset);
	bool right = m->whole;

	m->found[c->partition]++;
	m->digest = digest_chain(&m->digest, value_of(w));
	if (m->whole && m->feed->n_steps > 0)
		right = step_of(&m->digest) == m->feed->steps[w->sequence - m->trail->sequence - 1];
	if (m->whole && !right)
		offence_add(m->v, OFFENCE_READ_ALTERED, where,
			"number %llu is not what %s says was published", (unsigned long long)w->sequence,
			m->where);
	m->whole = right;
	if (w->version != m->version)
		offence_add(m->v, OFFENCE_READ_OTHER_VERSION, where, "version %llu; %s says %llu",
			(unsigned long long)w->version, m->where, (unsigned long long)m->version);
	m->v->figures.reads_accounted += right;
}

static void take_each(struct match *m)
{
	size_t at = 0;

	for (; at < m->n && m->candidates[at].read->sequence <= m->trail->sequence; at++)
		tell_added(m, &m->candidates[at]);
	for (uint64_t s = m->trail->sequence + 1; s <= m->feed->sequence; s++) {
		size_t to = at, chosen;

		while (to < m->n && m->candidates[to].read->sequence == s)
			to++;
		if (to == at) {
			m->whole = false;
			continue;
		}
		chosen = choose(m, at, to, s);
		for (size_t i = at; i < to; i++)
			if (i != chosen)
				tell_added(m, &m->candidates[i]);
		take(m, &m->candidates[chosen]);
		at = to;
	}
}

/* What is not on the topic: by retention when the partition no longer has its beginning and nothing of the
 * feed was met in it before; else taken away. */
static void tell_missing(struct match *m)
{
	for (size_t i = 0; i < m->feed->n_partitions; i++) {
		size_t partition = m->feed->partitions[i]->partition;
		uint64_t last = m->feed->partitions[i]->sequence;
		struct shelf *shelf = trail_shelf(m->trail, partition);
		uint64_t before = shelf->accounted, missing = last - before - m->found[partition];
		const struct stream *s = stream_find(m->v, m->trail->topic, (int32_t)partition);

		if (missing > 0 && s && s->oldest > 0 && !shelf->found)
			m->v->figures.reads_gone += missing;
		else if (missing > 0)
			offence_add(m->v, OFFENCE_READ_MISSING, m->where,
				"%llu of the reads it published into %s partition %zu, numbers %llu to %llu "
				"there, are not on "
				"the topic",
				(unsigned long long)missing, m->trail->topic, partition,
				(unsigned long long)before + 1, (unsigned long long)last);
		shelf->found = shelf->found || m->found[partition] > 0;
	}
}

static void tell_digest(struct match *m)
{
	struct digest said;

	if (m->whole && ok(digest_from(span_of(m->feed->digest.data, m->feed->digest.len), &said)) &&
		!digest_equal(&said, &m->digest))
		offence_add(m->v, OFFENCE_READ_ALTERED, m->where,
			"one of the reads numbered %llu to %llu is not what was published",
			(unsigned long long)m->trail->sequence + 1, (unsigned long long)m->feed->sequence);
}

static void match_run(struct match *m)
{
	collect(m);
	m->found = memory_new(m->trail->n_shelves, sizeof *m->found);
	take_each(m);
	tell_missing(m);
	tell_digest(m);
	for (size_t i = 0; i < m->n; i++)
		waiting_free(m->trail, m->candidates[i].read);
	free(m->candidates);
	free(m->found);
}

/* What it published, where an enforced entry no longer allowed its version. */
static void check_bounds(struct verification *v, struct trail *t, const Anpr__V1__LedgerRecord *record,
	const Anpr__V1__Feed *feed, const char *where)
{
	struct recent met = {record->policy_version, t->publisher, bounds_at(feed->sequence),
		v->publishers[t->publisher].next_offset};
	uint64_t demanded = bounds_demand(&t->bounds, &met);

	if (record->policy_version < demanded)
		offence_add(v, OFFENCE_READ_AFTER_OFF, where,
			"it publishes up to number %llu of %s under policy version %llu; by there an "
			"enforced entry demanded version %llu",
			(unsigned long long)feed->sequence, feed->topic,
			(unsigned long long)record->policy_version, (unsigned long long)demanded);
}

uint64_t match_feed(struct verification *v, const Anpr__V1__LedgerRecord *record, const char *partner,
	const Anpr__V1__Feed *feed, const char *where, bool *known)
{
	struct trail *t = trail_of(v, partner, feed->topic);
	struct match m = {.v = v,
		.trail = t,
		.feed = feed,
		.where = where,
		.version = record->policy_version,
		.digest = t->digest,
		.whole = true};
	uint64_t n = 0;

	if (begins_here(v, t)) {
		trail_begin_at(v, t, feed->sequence);
		*known = false;
	} else if (!counts(t, feed, &n)) {
		offence_add(v, OFFENCE_TOTALS, where,
			"the numbers it gives for %s do not follow those before", feed->topic);
		*known = false;
	} else if (n > 0 && stream_find(v, feed->topic, 0)) {
		match_run(&m);
	} else if (n > 0) {
		t->baseline = feed->sequence; /* not asked for later, should the topic be opened then */
	}
	if (feed->sequence != t->sequence)
		check_bounds(v, t, record, feed, where);
	take_state(t, feed);
	return n;
}

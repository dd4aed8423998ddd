/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads that were met on a topic and wait for the ledger record that accounts for them: a transaction's worth
 * in good times. One that nothing accounts for was added by somebody else.
 */
#include "gateway/verify/internal.h"

#include <openssl/crypto.h>
#include <stdlib.h>

struct trail *trail_of(struct verification *v, const char *partner, const char *topic)
{
	struct trail *t = NULL;
	char key[400];
	int n = snprintf(key, sizeof key, "%s %s", partner, topic);

	HASH_FIND(hh, v->trails, key, (size_t)n, t);
	if (t)
		return t;
	t = memory_new(1, sizeof *t);
	t->key = memory_text(key);
	t->topic = memory_text(topic);
	t->publisher = publisher_of(v, span_text(partner));
	bounds_init(v, &t->bounds, v->topics->ledger, (int32_t)t->publisher);
	HASH_ADD_KEYPTR(hh, v->trails, t->key, (size_t)n, t);
	/* Not named by any so far: nothing had been published. */
	if (v->publishers[t->publisher].enforced > 0)
		bounds_limit(v, &t->bounds,
			&(struct limit){1, t->publisher, v->publishers[t->publisher].enforced}, 0);
	return t;
}

static const Anpr__V1__FencedFeed *fenced_feed(const Anpr__V1__FencedPublisher *p, const struct trail *t)
{
	char key[400];

	for (size_t i = 0; i < p->n_feeds; i++) {
		snprintf(key, sizeof key, "%s %s", p->feeds[i]->partner, p->feeds[i]->topic);
		if (strcmp(key, t->key) == 0)
			return p->feeds[i];
	}
	return NULL;
}

void trails_limit(
	struct verification *v, const Anpr__V1__FencedPublisher *fenced, uint64_t version, uint64_t entry)
{
	struct publisher_chain *chain = &v->publishers[fenced->publisher];

	for (size_t i = 0; i < fenced->n_feeds; i++)
		(void)trail_of(v, fenced->feeds[i]->partner, fenced->feeds[i]->topic);
	for (struct trail *t = v->trails; t; t = t->hh.next) {
		const Anpr__V1__FencedFeed *named = fenced_feed(fenced, t);
		int64_t from = bounds_at(named ? named->last_sequence : 0) + 1;

		if (t->publisher == fenced->publisher)
			bounds_limit(v, &t->bounds, &(struct limit){from, t->publisher, version}, entry);
	}
	if (chain->enforced < version)
		chain->enforced = version;
}

struct shelf *trail_shelf(struct trail *t, size_t partition)
{
	for (; t->n_shelves <= partition; t->n_shelves++) {
		GROW(t->shelves, t->n_shelves);
		t->shelves[t->n_shelves] = (struct shelf){0};
	}
	return &t->shelves[partition];
}

void waiting_free(struct trail *t, struct waiting *w)
{
	OPENSSL_cleanse(w->value, w->n);
	free(w);
	t->n_waiting--;
}

/* One from before what is left of the ledger: all that can be asked is that none is missing between. */
static void put_before(struct verification *v, struct shelf *shelf, const struct stream *s, int64_t offset,
	uint64_t partition_sequence)
{
	if (shelf->before != 0 && partition_sequence != shelf->before + 1)
		offence_add(v, partition_sequence > shelf->before ? OFFENCE_READ_MISSING : OFFENCE_READ_ADDED,
			PLACE(s->topic, s->partition, offset), "number %llu in its partition after %llu",
			(unsigned long long)partition_sequence, (unsigned long long)shelf->before);
	shelf->before = partition_sequence;
	shelf->found = true;
	v->figures.reads_before_ledger++;
}

void shelf_put(struct verification *v, struct trail *t, const struct stream *s,
	const struct verify_record *record, uint64_t sequence, uint64_t partition_sequence, uint64_t version)
{
	struct shelf *shelf = trail_shelf(t, (size_t)s->partition);
	struct waiting *w;

	if (t->known && sequence <= t->baseline) {
		put_before(v, shelf, s, record->offset, partition_sequence);
		return;
	}
	if (t->n_waiting >= WAITING_MAX) {
		offence_add(v, OFFENCE_READ_ADDED, PLACE(s->topic, s->partition, record->offset),
			"after %d others that no ledger record accounts for either", WAITING_MAX);
		return;
	}
	w = memory_new(1, sizeof *w + record->value.n);
	*w = (struct waiting){.offset = record->offset,
		.sequence = sequence,
		.partition_sequence = partition_sequence,
		.version = version,
		.n = record->value.n};
	memcpy(w->value, record->value.p, record->value.n);
	*(shelf->first ? &shelf->last->next : &shelf->first) = w;
	shelf->last = w;
	t->n_waiting++;
}

void trail_begin_at(struct verification *v, struct trail *t, uint64_t sequence)
{
	t->baseline = sequence;
	for (size_t i = 0; i < t->n_shelves; i++) {
		struct shelf *shelf = &t->shelves[i];
		const struct stream *s = stream_find(v, t->topic, (int32_t)i);
		struct waiting **at = &shelf->first;

		while (*at) {
			struct waiting *w = *at;

			if (w->sequence > sequence) {
				shelf->last = w;
				at = &w->next;
				continue;
			}
			*at = w->next;
			put_before(v, shelf, s, w->offset, w->partition_sequence);
			waiting_free(t, w);
		}
	}
}

static void shelf_left_over(
	struct verification *v, struct trail *t, struct shelf *shelf, const struct stream *s)
{
	while (shelf->first && shelf->first->offset < s->covered) {
		struct waiting *w = shelf->first;

		shelf->first = w->next;
		if (!t->known && v->publishers[t->publisher].first_ordinal > 1)
			put_before(v, shelf, s, w->offset, w->partition_sequence);
		else
			offence_add(v, OFFENCE_READ_ADDED, PLACE(s->topic, s->partition, w->offset),
				"no ledger record accounts for it (it says number %llu)",
				(unsigned long long)w->sequence);
		waiting_free(t, w);
	}
}

void trails_left_over(struct verification *v)
{
	for (struct trail *t = v->trails; t; t = t->hh.next) {
		for (size_t i = 0; i < t->n_shelves; i++) {
			const struct stream *s = stream_find(v, t->topic, (int32_t)i);

			if (s)
				shelf_left_over(v, t, &t->shelves[i], s);
		}
	}
}

void trails_free(struct verification *v)
{
	struct trail *t, *next;

	HASH_ITER(hh, v->trails, t, next)
	{
		HASH_DEL(v->trails, t);
		for (size_t i = 0; i < t->n_shelves; i++) {
			while (t->shelves[i].first) {
				struct waiting *w = t->shelves[i].first;

				t->shelves[i].first = w->next;
				waiting_free(t, w);
			}
		}
		bounds_fini(&t->bounds);
		free(t->shelves);
		free(t->key);
		free(t->topic);
		free(t);
	}
}

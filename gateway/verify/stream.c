/* SPDX-License-Identifier: Apache-2.0
 *
 * The partitions of the police topics: how far they are read, and what enforced entries demand of what stands
 * in them. An off that was acknowledged names, for each partition, the offset from which nothing decided
 * under an older policy may be appended; that is checked here whichever of the two is read first.
 */
#include "gateway/verify/internal.h"

#include <stdlib.h>

struct stream *stream_find(struct verification *v, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < v->n_streams; i++)
		if (v->streams[i].partition == partition && strcmp(v->streams[i].topic, topic) == 0)
			return &v->streams[i];
	return NULL;
}

/* All of its partitions or, where the source fails, none. The end is asked for at once: the topic may be met
 * after the round's own marks were set. */
static struct status topic_open(struct verification *v, const char *topic, struct error *e)
{
	const struct verify_source *source = v->source;
	int64_t oldest[VERIFY_PARTITIONS_MAX], newest[VERIFY_PARTITIONS_MAX];
	int32_t n = 0;

	TRY(source->partitions(source->context, topic, &n, e));
	REQUIRE(n <= VERIFY_PARTITIONS_MAX, S_REFUSED);
	for (int32_t i = 0; i < n; i++)
		TRY(source->oldest(source->context, topic, i, &oldest[i], e));
	if (n > 0)
		TRY(source->newest(source->context, topic, n, newest, e));
	for (int32_t i = 0; i < n; i++) {
		struct stream *s;

		GROW(v->streams, v->n_streams);
		s = &v->streams[v->n_streams++];
		*s = (struct stream){.topic = memory_text(topic),
			.partition = i,
			.partitions = n,
			.oldest = oldest[i],
			.end = newest[i],
			.required = memory_new(v->n_publishers, sizeof *s->required)};
	}
	return S_OK;
}

struct opening {
	struct verification *v;
	struct status status;
	struct error *e;
};

static void topic_met(void *context, const char *topic)
{
	struct opening *o = context;

	if (ok(o->status) && !stream_find(o->v, topic, 0))
		o->status = topic_open(o->v, topic, o->e);
}

struct status streams_open(struct verification *v, struct error *e)
{
	struct opening o = {v, S_OK, e};

	governance_topics(v->whole, topic_met, &o);
	return o.status;
}

struct status streams_mark(struct verification *v, bool covered, struct error *e)
{
	int64_t newest[VERIFY_PARTITIONS_MAX];

	for (size_t i = 0; i < v->n_streams; i += (size_t)v->streams[i].partitions) {
		struct stream *first = &v->streams[i];

		TRY(v->source->newest(v->source->context, first->topic, first->partitions, newest, e));
		for (int32_t k = 0; k < first->partitions; k++)
			*(covered ? &first[k].covered : &first[k].end) = newest[k];
	}
	return S_OK;
}

struct status stream_pull(struct verification *v, struct stream *s, struct error *e)
{
	struct verify_record record;

	TRY(v->source->next(v->source->context, s->topic, s->partition, s->end, &record, e));
	read_check(v, s, &record);
	verification_did(v, 1);
	return S_OK;
}

/* Reads met before the entry that says where they may no longer be. */
static void limit_check_back(
	struct verification *v, const struct stream *s, const struct limit *limit, uint64_t entry)
{
	for (size_t i = 0; i < s->n_recent; i++) {
		const struct recent *r = &s->recent[i];

		if (r->publisher == limit->publisher && r->version < limit->version &&
			r->offset >= limit->from)
			offence_add(v, OFFENCE_READ_AFTER_OFF, PLACE(s->topic, s->partition, r->offset),
				"decided under policy version %llu; entry %llu says that from offset %lld on "
				"version "
				"%llu held",
				(unsigned long long)r->version, (unsigned long long)entry,
				(long long)limit->from, (unsigned long long)limit->version);
	}
}

static void demand(struct stream *s, const struct limit *limit)
{
	if (s->required[limit->publisher] < limit->version)
		s->required[limit->publisher] = limit->version;
}

/* By offset: entries come nearly in that order. */
void stream_limit(struct verification *v, struct stream *s, const struct limit *limit, uint64_t entry)
{
	size_t at = s->n_limits;

	if (limit->publisher >= v->n_publishers)
		return;
	limit_check_back(v, s, limit, entry);
	GROW(s->limits, s->n_limits);
	while (at > 0 && s->limits[at - 1].from > limit->from)
		at--;
	memmove(s->limits + at + 1, s->limits + at, (s->n_limits - at) * sizeof *s->limits);
	s->limits[at] = *limit;
	s->n_limits++;
	if (at < s->n_passed) {
		s->n_passed++;
		demand(s, limit);
	}
}

static void remember(struct stream *s, uint32_t publisher, uint64_t version, int64_t offset)
{
	struct recent *at = NULL;

	for (size_t i = s->n_recent; i > 0 && !at; i--)
		if (s->recent[i - 1].version == version && s->recent[i - 1].publisher == publisher)
			at = &s->recent[i - 1];
	if (!at && s->n_recent == RECENT) {
		memmove(s->recent, s->recent + 1, (RECENT - 1) * sizeof s->recent[0]);
		s->n_recent--;
	}
	if (!at)
		at = &s->recent[s->n_recent++];
	*at = (struct recent){version, publisher, offset};
}

bool stream_allows(struct stream *s, uint32_t publisher, uint64_t version, int64_t offset)
{
	remember(s, publisher, version, offset);
	for (; s->n_passed < s->n_limits && s->limits[s->n_passed].from <= offset; s->n_passed++)
		demand(s, &s->limits[s->n_passed]);
	return version >= s->required[publisher];
}

void streams_free(struct verification *v)
{
	for (size_t i = 0; i < v->n_streams; i++) {
		free(v->streams[i].topic);
		free(v->streams[i].limits);
		free(v->streams[i].required);
	}
	free(v->streams);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The partitions of the police topics, and how far they are read.
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
			.end = newest[i]};
		bounds_init(v, &s->bounds, s->topic, i);
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

	REQUIRE(!v->without_reads, S_OK);
	governance_topics(v->whole, topic_met, &o);
	return o.status;
}

struct status streams_mark(struct verification *v, bool covered, struct error *e)
{
	int64_t newest[VERIFY_PARTITIONS_MAX];

	for (size_t i = 0; i < v->n_streams; i += (size_t)v->streams[i].partitions) {
		struct stream *first = &v->streams[i];

		TRY((covered ? v->source->settled : v->source->newest)(
			v->source->context, first->topic, first->partitions, newest, e));
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

void streams_free(struct verification *v)
{
	for (size_t i = 0; i < v->n_streams; i++) {
		bounds_fini(&v->streams[i].bounds);
		free(v->streams[i].topic);
	}
	free(v->streams);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Records out of a cluster, each partition from its oldest on, by a reader of its own. An end is an
 * end-of-partition event at or past the offset asked for, so that what a transaction still holds back is
 * waited for and not overlooked.
 */
#include "gateway/ctl/records.h"

#include "gateway/base/buffer.h"
#include "gateway/kafka/partitions.h"
#include "gateway/kafka/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METADATA_MS 10000
#define SLICE_MS    200
#define PATIENCE_MS 60000 /* beyond transaction.timeout.ms and a broker's restart */

struct partition {
	char *topic;
	int32_t number;
	struct reader *reader;
	struct kafka_record held; /* fetched, but past the limit asked for */
	bool holds;
};

struct records {
	const struct kafka_config *config;
	struct verify_source source;
	struct partition **partitions;
	size_t n;
	struct buffer unreadable;
};

static struct status partitions_of(void *context, const char *topic, int32_t *out, struct error *e)
{
	struct records *r = context;
	struct status status = topic_partitions(r->config, topic, METADATA_MS, out, e);

	if (status.kind != STATUS_REFUSED)
		return status;
	*out = 0;
	if (!strstr(buffer_text(&r->unreadable), topic))
		TRY(buffer_format(&r->unreadable, "%s%s", r->unreadable.n ? ", " : "", topic));
	return S_OK;
}

static struct status oldest(
	void *context, const char *topic, int32_t partition, int64_t *out, struct error *e)
{
	struct records *r = context;
	int64_t end;

	return reader_watermarks(r->config, topic, partition, METADATA_MS, out, &end, e);
}

static struct status partition_add(
	struct records *r, const char *topic, int32_t number, struct partition **out)
{
	struct partition **partitions, *p;

	partitions = reallocarray(r->partitions, r->n + 1, sizeof *partitions);
	REQUIRE(partitions, S_OVERLOAD);
	r->partitions = partitions;
	p = calloc(1, sizeof *p);
	REQUIRE(p, S_OVERLOAD);
	*p = (struct partition){.topic = strdup(topic), .number = number};
	r->partitions[r->n++] = *out = p;
	return p->topic ? S_OK : S_OVERLOAD;
}

/* With its reader open; one that could not be opened is tried again. */
static struct status partition_for(
	struct records *r, const char *topic, int32_t number, struct partition **out, struct error *e)
{
	*out = NULL;
	for (size_t i = 0; i < r->n && !*out; i++)
		if (r->partitions[i]->number == number && strcmp(r->partitions[i]->topic, topic) == 0)
			*out = r->partitions[i];
	if (!*out)
		TRY(partition_add(r, topic, number, out));
	return (*out)->reader ? S_OK
			      : reader_open(r->config, topic, number, READER_OLDEST, &(*out)->reader, e);
}

/* Whatever is asked about is read later: its readers connect, and fetch ahead, while the question is out. */
static struct status newest(void *context, const char *topic, int32_t n, int64_t *out, struct error *e)
{
	struct records *r = context;
	struct partition *p;

	for (int32_t i = 0; i < n; i++)
		TRY(partition_for(r, topic, i, &p, e));
	return reader_high_watermarks(r->config, topic, n, METADATA_MS, out, e);
}

static void hand_out(struct partition *p, struct verify_record *out)
{
	p->holds = false;
	*out = (struct verify_record){p->held.offset, p->held.timestamp_ms, p->held.key, p->held.value};
}

static struct status next(void *context, const char *topic, int32_t number, int64_t limit,
	struct verify_record *out, struct error *e)
{
	struct records *r = context;
	int64_t until = clock_monotonic_ms() + PATIENCE_MS;
	struct partition *p;

	TRY(partition_for(r, topic, number, &p, e));
	for (;;) {
		struct status status;

		if (p->holds && p->held.offset < limit) {
			hand_out(p, out);
			return S_OK;
		}
		if (p->holds || reader_end(p->reader) >= limit)
			return S_WAIT;
		error_free(e);
		status = reader_next(p->reader, SLICE_MS, &p->held, e);
		p->holds = ok(status);
		if (status.kind == STATUS_BAD_INPUT)
			return S_REFUSED; /* trimmed while it was read */
		REQUIRE(ok(status) || clock_monotonic_ms() < until, S_RETRY);
	}
}

struct records *records_new(const struct kafka_config *config)
{
	struct records *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->config = config;
	r->source = (struct verify_source){r, partitions_of, newest, oldest, next};
	return r;
}

const struct verify_source *records_source(const struct records *r)
{
	return &r->source;
}

const char *records_unreadable(struct records *r)
{
	return buffer_text(&r->unreadable);
}

void records_free(struct records *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++) {
		reader_close(r->partitions[i]->reader);
		free(r->partitions[i]->topic);
		free(r->partitions[i]);
	}
	free(r->partitions);
	buffer_free(&r->unreadable);
	free(r);
}

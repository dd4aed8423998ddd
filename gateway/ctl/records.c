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

struct counted {
	char *topic;
	int32_t n;
};

struct records {
	const struct kafka_config *config;
	struct watermarks *watermarks, *settled;
	struct counted *counted; /* topics whose partitions were counted; they stay as many */
	size_t n_counted;
	struct verify_source source;
	struct partition **partitions;
	size_t n;
	struct buffer unreadable;
};

static struct status count(struct records *r, const char *topic, int32_t *out, struct error *e)
{
	struct counted *counted;

	TRY(topic_partitions(r->config, topic, METADATA_MS, out, e));
	counted = reallocarray(r->counted, r->n_counted + 1, sizeof *counted);
	REQUIRE(counted, S_OVERLOAD);
	r->counted = counted;
	r->counted[r->n_counted] = (struct counted){strdup(topic), *out};
	REQUIRE(r->counted[r->n_counted].topic, S_OVERLOAD);
	r->n_counted++;
	return S_OK;
}

static struct status partitions_of(void *context, const char *topic, int32_t *out, struct error *e)
{
	struct records *r = context;
	struct status status;

	for (size_t i = 0; i < r->n_counted; i++)
		if (strcmp(r->counted[i].topic, topic) == 0) {
			*out = r->counted[i].n;
			return S_OK;
		}
	status = count(r, topic, out, e);
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

	return watermarks_of(r->watermarks, topic, partition, METADATA_MS, out, &end, e);
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
	return watermarks_newest(r->watermarks, topic, n, METADATA_MS, out, e);
}

static struct status settled(void *context, const char *topic, int32_t n, int64_t *out, struct error *e)
{
	struct records *r = context;

	return watermarks_newest(r->settled, topic, n, METADATA_MS, out, e);
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
	r->watermarks = watermarks_new(config, false);
	r->settled = watermarks_new(config, true);
	if (!r->watermarks || !r->settled) {
		records_free(r);
		return NULL;
	}
	r->source = (struct verify_source){r, partitions_of, newest, settled, oldest, next};
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
	for (size_t i = 0; i < r->n_counted; i++)
		free(r->counted[i].topic);
	free(r->counted);
	watermarks_free(r->watermarks);
	watermarks_free(r->settled);
	buffer_free(&r->unreadable);
	free(r);
}

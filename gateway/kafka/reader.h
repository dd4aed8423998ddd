/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading partitions by offset, committed records only, and knowing when the end has truly been reached: the
 * high watermark by ListOffsets (read uncommitted) first, then an end-of-partition event at or past it. No
 * groups here.
 */
#ifndef ANPR_KAFKA_READER_H
#define ANPR_KAFKA_READER_H

#include "gateway/kafka/kafka.h"

struct reader;

#define READER_OLDEST (-2)
#define READER_NEWEST (-1)

/* A reader of one partition from `offset`. Where that is READER_OLDEST or READER_NEWEST it waits for the
 * broker, 3 s at most; else it never does. */
MUST struct status reader_open(const struct kafka_config *config, const char *topic, int32_t partition,
	int64_t offset, struct reader **out, struct error *e);
/* The next record. OK: *record is filled. WAIT: nothing within timeout_ms. RETRY: the broker is away or
 * refuses; the reader stays usable. BAD_INPUT: the offset is no longer there (trimmed). */
MUST struct status reader_next(
	struct reader *r, int timeout_ms, struct kafka_record *record, struct error *e);
/* Offset of the newest end-of-partition event seen; -1 = none yet. */
int64_t reader_end(const struct reader *r);
/* How far partitions go: one handle for whoever asks again and again, made when first needed, and anew after
 * it failed to answer. One thread. */
struct watermarks;
/* settled: the newest is where the oldest transaction under way begins, if there is one (the last stable
 * offset): of all below it is decided whether it is committed.
 * config: borrowed for its life. NULL: out of memory. */
struct watermarks *watermarks_new(const struct kafka_config *config, bool settled);
/* Newest offset there is (uncommitted included, unless settled) and oldest, asked of the partition's leader,
 * bounded by timeout_ms whatever librdkafka does. */
MUST struct status watermarks_of(struct watermarks *w, const char *topic, int32_t partition, int timeout_ms,
	int64_t *oldest, int64_t *newest, struct error *e);
/* Newest offset of each of the partitions 0 to n - 1, into newest[n]. */
MUST struct status watermarks_newest(
	struct watermarks *w, const char *topic, int32_t n, int timeout_ms, int64_t *newest, struct error *e);
void watermarks_free(struct watermarks *w);
void reader_close(struct reader *r);

/* What is read of one partition, and who is given each committed record. */
struct reading {
	const char *topic;
	int32_t partition;
	int64_t offset; /* to begin from; READER_OLDEST and READER_NEWEST as above */
	struct status (*each)(void *context, const struct kafka_record *record);
	void *context;
};

/* Read to the end as it is now (watermark taken first); stops early with what `each` returns if that is not
 * OK. *next is where to go on from. RETRY: no record for timeout_ms. As long as they come it goes on: who
 * gave up and began anew would never get through a partition that takes longer. */
MUST struct status reader_to_end(const struct kafka_config *config, const struct reading *what,
	int timeout_ms, int64_t *next, struct error *e);
/* The same with a handle for watermarks that is kept, and, where somebody is in a hurry, with a reader that
 * has been opened ahead at the same offset (not negative), so that it connects while something else is waited
 * for. ahead: NULL = none; closed in any case. */
MUST struct status reader_ahead(
	const struct kafka_config *config, const struct reading *what, struct reader **out, struct error *e);
MUST struct status watermarks_read(struct watermarks *w, const struct reading *what, struct reader *ahead,
	int timeout_ms, int64_t *next, struct error *e);

#endif

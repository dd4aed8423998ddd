/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a partition to its end: the newest offset is asked for first, then records are read until an end is
 * told that lies at or past it. A last stable offset or a position would leave out what was committed a
 * moment ago.
 */
#include "gateway/kafka/reader_internal.h"

#include "gateway/base/clock.h"

struct job {
	struct reader *reader;
	int timeout_ms; /* between one record and the next */
	int64_t from, newest;
	struct status (*each)(void *context, const struct kafka_record *record);
	void *context;
	int64_t *next;
};

static struct status read_on(struct job *j, struct error *e)
{
	int64_t until = clock_monotonic_ms() + j->timeout_ms;
	struct kafka_record record;

	while (j->from < j->newest && reader_end(j->reader) < j->newest) {
		int64_t left = until - clock_monotonic_ms();
		struct status status = reader_next(j->reader,
			left > 100 ? 100
			: left > 0 ? (int)left
				   : 0,
			&record, e);

		if (ok(status)) {
			*j->next = record.offset;
			TRY(j->each(j->context, &record));
			*j->next = j->from = record.offset + 1;
			until = clock_monotonic_ms() + j->timeout_ms;
		} else if (status.kind != STATUS_WAIT) {
			return status;
		} else if (left <= 0) {
			error_add(e, NULL, 0, 0, "nothing came for %d ms: read up to %lld of %lld",
				j->timeout_ms, (long long)*j->next, (long long)j->newest);
			return S_RETRY;
		}
	}
	if (j->reader && reader_end(j->reader) > *j->next)
		*j->next = reader_end(j->reader);
	return S_OK;
}

static struct status from_where(
	int64_t offset, int64_t oldest, int64_t newest, int64_t *from, struct error *e)
{
	*from = offset == READER_OLDEST ? oldest : offset == READER_NEWEST ? newest : offset;
	if (*from < oldest)
		return error_set(e, "offset %lld is no longer there: the oldest is %lld", (long long)*from,
			(long long)oldest);
	if (*from > newest)
		return error_set(
			e, "offset %lld is past the newest, %lld", (long long)*from, (long long)newest);
	return S_OK;
}

struct status reader_ahead(
	const struct kafka_config *config, const struct reading *what, struct reader **out, struct error *e)
{
	struct reader_place place = {what->topic, what->partition, what->offset};

	return reader_open_waiting(config, &place, READER_END_WAIT_MS, out, e);
}

struct status watermarks_read(struct watermarks *w, const struct reading *what, struct reader *ahead,
	int timeout_ms, int64_t *next, struct error *e)
{
	const struct kafka_config *config = watermarks_config(w);
	struct job j = {.reader = ahead,
		.timeout_ms = timeout_ms,
		.each = what->each,
		.context = what->context,
		.next = next};
	struct reading from = *what;
	struct status status = S_OK;
	int64_t oldest;

	/* It connects while the watermarks are asked for; an end it comes to counts only if it is at or past
	 * them. */
	if (!j.reader && what->offset >= 0)
		status = reader_ahead(config, what, &j.reader, e);
	if (ok(status))
		status = watermarks_of(w, what->topic, what->partition, timeout_ms, &oldest, &j.newest, e);
	if (ok(status))
		status = from_where(what->offset, oldest, j.newest, &j.from, e);
	if (ok(status)) {
		*next = from.offset = j.from;
		if (!j.reader && j.from < j.newest)
			status = reader_ahead(config, &from, &j.reader, e);
	}
	if (ok(status))
		status = read_on(&j, e);
	reader_close(j.reader);
	return status;
}

struct status reader_to_end(const struct kafka_config *config, const struct reading *what, int timeout_ms,
	int64_t *next, struct error *e)
{
	struct watermarks *once = watermarks_new(config, false);
	struct status status = once ? watermarks_read(once, what, NULL, timeout_ms, next, e) : S_OVERLOAD;

	watermarks_free(once);
	return status;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases about reading: where the end is, what comes in late, what is no longer there.
 */
#include "tests/system/kafka_probe.h"

static struct status last_of(void *context, const struct kafka_record *record)
{
	*(int64_t *)context = record->offset;
	return S_OK;
}

/* Right after a commit has returned, its records must be read: over and over, as the markers may yet be on
 * their way. */
void case_end(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	double begun, took = 0, most = 0;
	int64_t next = READER_OLDEST, last = -1;

	for (int i = 0; producer && i < 30; i++) {
		if (!probe_check(p, ok(probe_fill(p, producer, 3)) && ok(probe_commit(p, producer, 5000)),
			    "commit"))
			break;
		begun = probe_now_ms();
		probe_check(p,
			ok(reader_to_end(&p->kafka, &(struct reading){LEDGER, 0, next, last_of, &last}, 10000,
				&next, &p->e)),
			"to the end");
		begun = probe_now_ms() - begun;
		took += begun;
		most = begun > most ? begun : most;
		probe_check(p, last == producer_last_offset(producer, LEDGER, 0), "read %lld, written %lld",
			(long long)last, (long long)producer_last_offset(producer, LEDGER, 0));
		probe_check(p, next > last, "next");
	}
	probe_note("from a commit to having read it to the end: %.0f ms on average, %.0f at most", took / 30,
		most);
	producer_close(producer);
}

#define LONG_RECORDS 3000
#define LONG_BYTES   8192 /* a busy publisher's ledger records */

static bool write_long(struct probe *p, struct producer *producer)
{
	static const uint8_t value[LONG_BYTES];
	const struct producer_message m = {
		.topic = LEDGER, .partition = 1, .value = span_of(value, sizeof value)};

	for (int i = 0; i < LONG_RECORDS; i++) {
		if (i % 100 == 0 && !ok(producer_begin(producer, &p->e)))
			return false;
		if (!ok(producer_send(producer, &m, &p->e)))
			return false;
		if (i % 100 == 99 && !ok(probe_commit(p, producer, 5000)))
			return false;
	}
	return true;
}

struct slow {
	int sleep_ms;
	long n;
};

static struct status take_slowly(void *context, const struct kafka_record *record)
{
	struct slow *slow = context;

	slow->n += record->value.n == LONG_BYTES;
	if (slow->sleep_ms > 0)
		clock_sleep_ms(slow->sleep_ms);
	return S_OK;
}

/* A long partition is read about as fast as it was written, and whoever needs more time for it than may pass
 * between two records gets through all the same. */
void case_long(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	double begun = probe_now_ms(), written, took;
	struct slow fast = {0}, slow = {.sleep_ms = 1};
	int64_t next;

	if (!producer || !probe_check(p, write_long(p, producer), "written"))
		return;
	written = probe_now_ms() - begun;
	begun = probe_now_ms();
	probe_check(p,
		ok(reader_to_end(&p->kafka, &(struct reading){LEDGER, 1, READER_OLDEST, take_slowly, &fast},
			60000, &next, &p->e)),
		"to the end");
	took = probe_now_ms() - begun;
	probe_note("%d records of %d bytes: written in %.0f ms, read in %.0f", LONG_RECORDS, LONG_BYTES,
		written, took);
	probe_check(p, took < 5 * written, "read in %.0f ms what was written in %.0f", took, written);
	probe_check(p,
		ok(reader_to_end(&p->kafka, &(struct reading){LEDGER, 1, READER_OLDEST, take_slowly, &slow},
			1500, &next, &p->e)),
		"to the end, slowly");
	probe_check(p, fast.n == slow.n && fast.n >= LONG_RECORDS, "%ld and %ld records", fast.n, slow.n);
	producer_close(producer);
}

void case_trimmed(struct probe *p)
{
	struct kafka_record record;
	struct reader *reader = NULL;
	int64_t oldest = -1, newest = -1, next;
	long n = 0;
	struct status status;
	double begun = probe_now_ms();

	probe_check(
		p, ok(probe_watermarks(&p->kafka, LEDGER, 0, 3000, &oldest, &newest, &p->e)), "watermarks");
	probe_note("watermarks %lld..%lld in %.0f ms", (long long)oldest, (long long)newest,
		probe_now_ms() - begun);
	status = reader_to_end(
		&p->kafka, &(struct reading){LEDGER, 0, newest + 100, last_of, &next}, 3000, &next, NULL);
	probe_check(p, status.kind == STATUS_BAD_INPUT, "past the end: %s", probe_status(status));
	if (!probe_check(p, ok(reader_open(&p->kafka, LEDGER, 0, newest + 100, &reader, &p->e)), "reader"))
		return;
	do
		status = reader_next(reader, 500, &record, NULL);
	while (status.kind == STATUS_WAIT && n++ < 20);
	probe_check(
		p, status.kind == STATUS_BAD_INPUT, "an offset that is not there: %s", probe_status(status));
	reader_close(reader);
	status = probe_watermarks(&p->kafka, "anpr.no-such-topic", 0, 2000, &oldest, &newest, &p->e);
	probe_check(p, status.kind == STATUS_RETRY || status.kind == STATUS_REFUSED, "no such topic: %s",
		probe_status(status));
	probe_note("no such topic: %s, %s", probe_status(status), error_text(&p->e));
	error_free(&p->e);
}

/* How soon a standing reader has what was committed. */
void case_follow(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	struct kafka_record record = {0};
	struct reader *reader = NULL;
	double total = 0, most = 0;
	int64_t oldest, newest;

	probe_check(
		p, ok(probe_watermarks(&p->kafka, LEDGER, 0, 3000, &oldest, &newest, &p->e)), "watermarks");
	probe_check(p, ok(reader_open(&p->kafka, LEDGER, 0, newest, &reader, &p->e)), "reader");
	for (int i = 0; producer && reader && i < 20; i++) {
		double begun, took;
		int64_t until = clock_monotonic_ms() + 5000;

		clock_sleep_ms(70);
		if (!probe_check(p, ok(probe_fill(p, producer, 3)) && ok(probe_commit(p, producer, 5000)),
			    "commit"))
			break;
		begun = probe_now_ms();
		while (!ok(reader_next(reader, 100, &record, &p->e)) && clock_monotonic_ms() < until)
			;
		took = probe_now_ms() - begun;
		total += took;
		most = took > most ? took : most;
		probe_check(p, record.offset == producer_last_offset(producer, LEDGER, 0),
			"the record committed");
		probe_check(p, span_is(record.value, "ledger"), "its value");
	}
	probe_note(
		"from a commit's answer to the follower: %.1f ms on average, %.1f at most", total / 20, most);
	reader_close(reader);
	producer_close(producer);
}

void case_append_time(struct probe *p)
{
	struct producer_message m = {
		.topic = JOURNAL, .value = span_text("entry"), .copy = true, .timestamp_ms = 1};
	struct producer *producer = probe_producer(p, "anpr-probe");
	struct kafka_record record = {0};
	struct reader *reader = NULL;
	int64_t offset_ms = 0;

	if (!producer)
		return;
	probe_check(p, !producer_clock_offset(producer, &offset_ms), "no clock known yet");
	probe_check(p,
		ok(producer_begin(producer, &p->e)) && ok(producer_send(producer, &m, &p->e)) &&
			ok(probe_commit(p, producer, 5000)),
		"commit");
	probe_check(p, producer_clock_offset(producer, &offset_ms) && offset_ms > -1000 && offset_ms < 1000,
		"the broker's clock: %lld", (long long)offset_ms);
	probe_note("the broker's clock is %lld ms ahead", (long long)offset_ms);
	probe_check(p,
		ok(reader_open(
			&p->kafka, JOURNAL, 0, producer_last_offset(producer, JOURNAL, 0), &reader, &p->e)) &&
			ok(reader_next(reader, 5000, &record, &p->e)),
		"read back");
	probe_check(
		p, record.append_time && record.timestamp_ms > 1000000, "the broker's time is in the record");
	reader_close(reader);
	producer_close(producer);
}

/* A transaction that is open and flushed: it is before the newest offset, and the end is not reached until it
 * ends. */
void case_held(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	int64_t oldest, newest = -1, all[8] = {0}, next = 0, last = -1;
	struct watermarks *ends;
	long before = probe_count(p);
	struct status status;
	double begun;

	if (!producer || !probe_check(p, ok(probe_fill(p, producer, 6)) && ok(probe_flush(p, producer, 5000)),
				 "filled"))
		return;
	ends = watermarks_new(&p->kafka, false);
	if (!probe_check(p, ends && ok(watermarks_of(ends, LEDGER, 0, 3000, &oldest, &newest, &p->e)),
		    "watermarks"))
		return;
	probe_check(
		p, newest == producer_last_offset(producer, LEDGER, 0) + 1, "newest %lld", (long long)newest);
	begun = probe_now_ms();
	probe_check(p, ok(watermarks_newest(ends, LEDGER, 8, 3000, all, &p->e)), "all watermarks");
	watermarks_free(ends);
	probe_note("watermarks of 8 partitions in %.0f ms", probe_now_ms() - begun);
	probe_check(p, all[0] == newest, "the same of all partitions");
	status = reader_to_end(
		&p->kafka, &(struct reading){LEDGER, 0, oldest, last_of, &last}, 500, &next, &p->e);
	probe_check(p, status.kind == STATUS_RETRY, "the end while a transaction is open: %s",
		probe_status(status));
	error_free(&p->e);
	probe_check(p, ok(probe_commit(p, producer, 5000)), "commit");
	probe_check(p, probe_count(p) == before + 1, "and then the record is there");
	producer_close(producer);
}

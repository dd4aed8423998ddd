/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases about transactions while nothing is wrong with the broker.
 */
#include "tests/system/kafka_probe.h"

#include <stdio.h>
#include <stdlib.h>

static char filler[400];

struct producer *probe_producer(struct probe *p, const char *id)
{
	const char *topics[] = {JOURNAL, LEDGER, READS, NULL};
	struct producer *producer = NULL;

	if (probe_check(p, ok(producer_fence(&p->kafka, id, topics, 15000, &producer, &p->e)),
		    "no producer %s", id))
		return producer;
	return NULL;
}

struct status probe_fill(struct probe *p, struct producer *producer, int n)
{
	static const char *const headers[] = {"ce_type", "anpr.read.v1", "anpr-partner", "probe", NULL};
	struct producer_message ledger = {.topic = LEDGER, .value = span_text("ledger"), .copy = true};

	memset(filler, 'f', sizeof filler);
	TRY(producer_begin(producer, &p->e));
	for (int i = 0; i < n; i++) {
		struct producer_message m = {.topic = READS,
			.partition = i % 6,
			.key = span_text("probe/camera"),
			.value = span_of(filler, sizeof filler),
			.headers = headers};
		struct status status;

		while ((status = producer_send(producer, &m, &p->e)).kind == STATUS_WAIT) {
			status = producer_flush(producer, 20, &p->e);
			if (status.kind != STATUS_WAIT)
				TRY(status);
		}
		TRY(status);
	}
	return producer_send(producer, &ledger, &p->e);
}

static struct status repeat(struct status (*slice)(struct producer *, int, struct error *), struct probe *p,
	struct producer *producer, int timeout_ms)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;
	struct status status;

	do {
		double begun = probe_now_ms();

		status = slice(producer, 20, &p->e);
		probe_check(p, probe_now_ms() - begun < 20 + 1500, "a slice of 20 ms took %.0f ms",
			probe_now_ms() - begun);
	} while (status.kind == STATUS_WAIT && clock_monotonic_ms() < until);
	return status;
}

struct status probe_flush(struct probe *p, struct producer *producer, int timeout_ms)
{
	return repeat(producer_flush, p, producer, timeout_ms);
}

struct status probe_commit(struct probe *p, struct producer *producer, int timeout_ms)
{
	return repeat(producer_commit, p, producer, timeout_ms);
}

static struct status count_one(void *context, const struct kafka_record *record)
{
	(void)record;
	++*(long *)context;
	return S_OK;
}

struct status probe_watermarks(const struct kafka_config *config, const char *topic, int32_t partition,
	int timeout_ms, int64_t *oldest, int64_t *newest, struct error *e)
{
	struct watermarks *once = watermarks_new(config, false);
	struct status status =
		once ? watermarks_of(once, topic, partition, timeout_ms, oldest, newest, e) : S_OVERLOAD;

	watermarks_free(once);
	return status;
}

long probe_count(struct probe *p)
{
	int64_t next;
	long n = 0;

	probe_check(p,
		ok(reader_to_end(&p->kafka, &(struct reading){LEDGER, 0, READER_OLDEST, count_one, &n}, 20000,
			&next, &p->e)),
		"ledger not read to its end");
	return n;
}

void case_commit(struct probe *p)
{
	double begun = probe_now_ms(), opened, first, second;
	struct producer *producer = probe_producer(p, "anpr-probe");
	long before = probe_count(p);

	if (!producer)
		return;
	opened = probe_now_ms();
	probe_check(p,
		ok(probe_fill(p, producer, 30)) && ok(probe_flush(p, producer, 5000)) &&
			ok(probe_commit(p, producer, 5000)),
		"first transaction");
	first = probe_now_ms();
	probe_check(p, ok(probe_fill(p, producer, 30)) && ok(probe_commit(p, producer, 5000)),
		"second transaction");
	second = probe_now_ms();
	probe_note(
		"open and init %.0f ms (with a count of the ledger), first transaction %.0f ms, next %.0f ms",
		opened - begun, first - opened, second - first);
	probe_check(p, first - opened < second - first + 900,
		"the first transaction waited for the scan of a second");
	probe_check(p, producer_partitions(producer, READS) == 12 && producer_partitions(producer, "x") == 0,
		"partitions");
	probe_check(p, producer_last_offset(producer, LEDGER, 0) >= 2 * before, "last offset");
	begun = probe_now_ms();
	producer_close(producer);
	probe_note("closed in %.1f ms", probe_now_ms() - begun);
	begun = probe_now_ms();
	probe_check(p, probe_count(p) == before + 2, "two more records in the ledger");
	probe_note("ledger of %ld read to its end in %.0f ms", before + 2, probe_now_ms() - begun);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void case_latency(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	double took[100];

	for (int i = 0; producer && i < 100; i++) {
		double begun = probe_now_ms();

		if (!probe_check(p,
			    ok(probe_fill(p, producer, 20)) && ok(probe_flush(p, producer, 5000)) &&
				    ok(probe_commit(p, producer, 5000)),
			    "transaction %d", i))
			break;
		took[i] = probe_now_ms() - begun;
		clock_sleep_ms(took[i] < 80 ? (int)(80 - took[i]) : 0);
	}
	qsort(took, 100, sizeof *took, by_value);
	probe_note("20 reads to 6 partitions and the ledger, each 80 ms: p50 %.1f p90 %.1f p99 %.1f ms",
		took[50], took[90], took[98]);
	producer_close(producer);
}

void case_throughput(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	double begun = probe_now_ms();

	for (int i = 0; producer && i < 20; i++)
		if (!probe_check(p,
			    ok(probe_fill(p, producer, 5000)) && ok(probe_flush(p, producer, 10000)) &&
				    ok(probe_commit(p, producer, 5000)),
			    "transaction %d", i))
			break;
	probe_note("20 transactions of 5,000 reads of 400 bytes: %.0f reads a second",
		100000 / ((probe_now_ms() - begun) / 1000));
	producer_close(producer);
}

void case_abort(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	long before = probe_count(p);
	double begun;

	if (!producer)
		return;
	probe_check(p, ok(probe_fill(p, producer, 500)), "filled");
	begun = probe_now_ms();
	producer_abort(producer, 3000);
	probe_note("aborted in %.0f ms", probe_now_ms() - begun);
	probe_check(p, producer_begin(producer, &p->e).kind == STATUS_RETRY, "begins again after an abort");
	error_free(&p->e);
	producer_close(producer);
	probe_check(p, probe_count(p) == before, "nothing of the aborted transaction is there");

	/* Closed with a transaction open and messages under way: nothing of the caller's may be used
	 * afterwards. */
	producer = probe_producer(p, "anpr-probe");
	if (!producer)
		return;
	probe_check(p, ok(probe_fill(p, producer, 5000)), "filled");
	begun = probe_now_ms();
	producer_close(producer);
	probe_note("closed with 5,000 messages under way in %.0f ms", probe_now_ms() - begun);
	probe_check(p, probe_now_ms() - begun < 3500, "close is bounded");
	memset(filler, 'x', sizeof filler);
	producer_close(probe_producer(p, "anpr-probe"));
	probe_check(p, probe_count(p) == before, "nothing of the abandoned transaction is there");
}

void case_misuse(struct probe *p)
{
	struct producer_message m = {.topic = READS, .value = span_text("x"), .copy = true};
	struct producer *producer = probe_producer(p, "anpr-probe");

	if (!producer)
		return;
	probe_check(p, producer_commit(producer, 20, NULL).kind == STATUS_RETRY, "commit without begin");
	probe_check(p, producer_send(producer, &m, NULL).kind == STATUS_RETRY, "send without begin");
	probe_check(p, ok(producer_begin(producer, &p->e)), "begin");
	probe_check(p, producer_begin(producer, NULL).kind == STATUS_RETRY, "begin twice");
	m.partition = 12;
	probe_check(p, producer_send(producer, &m, NULL).kind == STATUS_BAD_INPUT,
		"a partition that is not there");
	m.partition = -1;
	probe_check(p, producer_send(producer, &m, NULL).kind == STATUS_BAD_INPUT, "no partition");
	m.topic = "anpr.other";
	probe_check(p, producer_send(producer, &m, NULL).kind == STATUS_BAD_INPUT, "a topic not asked for");
	probe_check(p, ok(probe_commit(p, producer, 5000)), "an empty transaction commits");
	producer_close(producer);
	producer_close(NULL);
}

void case_oversize(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	struct producer_message m = {.topic = READS, .copy = true};
	uint8_t *big = calloc(1, 3 << 20);

	if (producer && big) {
		probe_check(p, ok(producer_begin(producer, &p->e)), "begin");
		m.value = span_of(big, 3 << 20);
		probe_check(
			p, producer_send(producer, &m, NULL).kind == STATUS_BAD_INPUT, "3 MiB are too much");
		m.value = span_of(big, 900 << 10);
		m.copy = false;
		probe_check(p, ok(producer_send(producer, &m, &p->e)), "900 KiB are not");
		probe_check(p, ok(probe_commit(p, producer, 5000)), "commit");
	}
	producer_close(producer);
	free(big);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases that hurt the broker. Every call must come back within what it was given, and what it says must be
 * true.
 */
#include "tests/system/kafka_probe.h"

/* Addresses where nobody listens. */
void case_nobody(struct probe *p)
{
	struct kafka_config nobody = p->kafka;
	struct producer *producer = NULL;
	const char *topics[] = {LEDGER, NULL};
	int64_t oldest, newest;
	struct status status;
	double begun = probe_now_ms();

	nobody.brokers = "127.0.0.1:1";
	status = producer_fence(&nobody, "anpr-probe", topics, 1000, &producer, &p->e);
	probe_note(
		"fence: %s in %.0f ms, %s", probe_status(status), probe_now_ms() - begun, error_text(&p->e));
	probe_check(p, status.kind == STATUS_RETRY && probe_now_ms() - begun < 2500, "a fence is bounded");
	error_free(&p->e);
	begun = probe_now_ms();
	status = probe_watermarks(&nobody, LEDGER, 0, 1000, &oldest, &newest, &p->e);
	probe_note("watermarks: %s in %.0f ms, %s", probe_status(status), probe_now_ms() - begun,
		error_text(&p->e));
	probe_check(
		p, status.kind == STATUS_RETRY && probe_now_ms() - begun < 2500, "watermarks are bounded");
	error_free(&p->e);
	nobody.key_pem = "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n";
	status = producer_open(&nobody, "anpr-probe", &producer, &p->e);
	probe_check(p, status.kind != STATUS_OK, "a key that is none");
	probe_note("bad key: %s, %s", probe_status(status), error_text(&p->e));
	error_free(&p->e);
}

/* Killed with a transaction flushed: its fate is told rightly, and all goes on afterwards. */
void case_killed(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	long before = probe_count(p), after;
	struct status status;
	double begun;

	if (!producer)
		return;
	probe_check(p, ok(probe_fill(p, producer, 100)) && ok(probe_flush(p, producer, 5000)), "filled");
	probe_broker(p, "kill");
	begun = probe_now_ms();
	status = probe_commit(p, producer, 3000);
	probe_note("commit with the broker killed: %s after %.0f ms", probe_status(status),
		probe_now_ms() - begun);
	probe_check(p, !ok(status) && status.kind != STATUS_RETRY, "what cannot be known is not said");
	begun = probe_now_ms();
	producer_close(producer);
	probe_note("closed in %.0f ms", probe_now_ms() - begun);
	probe_check(p, probe_now_ms() - begun < 3500, "close is bounded");
	probe_broker(p, "start");
	error_free(&p->e);
	begun = probe_now_ms();
	producer = probe_producer(p, "anpr-probe");
	probe_note("fenced after the restart in %.0f ms", probe_now_ms() - begun);
	after = probe_count(p);
	probe_check(p, after == before || after == before + 1, "ledger %ld, then %ld", before, after);
	probe_check(p, producer && ok(probe_fill(p, producer, 10)) && ok(probe_commit(p, producer, 5000)),
		"goes on");
	producer_close(producer);
}

/* Frozen before the commit: slices stay slices; thawed, it is committed after all, by the same handle. */
void case_frozen_commit(struct probe *p)
{
	struct producer *producer = probe_producer(p, "anpr-probe");
	long before = probe_count(p);
	struct status status;
	double begun;

	if (!producer)
		return;
	probe_check(p, ok(probe_fill(p, producer, 100)) && ok(probe_flush(p, producer, 5000)), "filled");
	probe_broker(p, "freeze");
	begun = probe_now_ms();
	status = probe_commit(p, producer, 4000);
	probe_note("commit with the broker frozen: %s after %.0f ms", probe_status(status),
		probe_now_ms() - begun);
	probe_check(p, status.kind == STATUS_WAIT && probe_now_ms() - begun < 5000, "slices are kept");
	probe_broker(p, "thaw");
	begun = probe_now_ms();
	status = probe_commit(p, producer, 8000);
	probe_note("thawed: %s after %.0f ms %s", probe_status(status), probe_now_ms() - begun,
		producer_error_word(producer));
	probe_check(p, ok(status) || status.kind == STATUS_FAULT, "thawed");
	producer_close(producer);
	producer_close(probe_producer(p, "anpr-probe"));
	probe_check(p, !ok(status) || probe_count(p) == before + 1, "committed, so it is there");
	error_free(&p->e);
}

void case_frozen_fence(struct probe *p)
{
	struct producer *zombie = probe_producer(p, "anpr-probe"), *next = NULL;
	const char *topics[] = {LEDGER, NULL};
	long before = probe_count(p);
	struct status status;
	double begun;

	if (!zombie)
		return;
	probe_check(p, ok(probe_fill(p, zombie, 3000)), "filled");
	probe_broker(p, "freeze");
	begun = probe_now_ms();
	status = producer_fence(&p->kafka, "anpr-probe", topics, 2500, &next, &p->e);
	probe_note("fence with the broker frozen: %s after %.0f ms", probe_status(status),
		probe_now_ms() - begun);
	probe_check(p, status.kind == STATUS_RETRY && probe_now_ms() - begun < 4000, "a fence is bounded");
	error_free(&p->e);
	begun = probe_now_ms();
	producer_abort(zombie, 500);
	producer_close(zombie);
	probe_note("aborted and closed in %.0f ms", probe_now_ms() - begun);
	probe_check(p, probe_now_ms() - begun < 6000, "abort and close are bounded");
	probe_broker(p, "thaw");
	begun = probe_now_ms();
	next = probe_producer(p, "anpr-probe");
	probe_note("thawed: fenced after %.0f ms", probe_now_ms() - begun);
	probe_check(p, probe_count(p) == before, "nothing of the one fenced is there");
	producer_close(next);
}

void case_frozen_read(struct probe *p)
{
	struct kafka_record record;
	struct reader *reader = NULL;
	int64_t oldest, newest;
	struct status status;
	double begun;

	probe_check(p,
		ok(reader_open(&p->kafka, LEDGER, 0, READER_OLDEST, &reader, &p->e)) &&
			ok(reader_next(reader, 5000, &record, &p->e)),
		"reader");
	probe_broker(p, "freeze");
	begun = probe_now_ms();
	status = probe_watermarks(&p->kafka, LEDGER, 0, 2000, &oldest, &newest, &p->e);
	probe_note("watermarks with the broker frozen: %s after %.0f ms", probe_status(status),
		probe_now_ms() - begun);
	probe_check(
		p, status.kind == STATUS_RETRY && probe_now_ms() - begun < 4000, "watermarks are bounded");
	error_free(&p->e);
	while (reader && ok(status = reader_next(reader, 100, &record, &p->e)))
		;
	begun = probe_now_ms();
	status = reader_next(reader, 300, &record, &p->e);
	probe_check(p, !ok(status) && probe_now_ms() - begun < 600, "next is bounded");
	error_free(&p->e);
	begun = probe_now_ms();
	reader_close(reader);
	probe_note("reader closed in %.0f ms", probe_now_ms() - begun);
	probe_check(p, probe_now_ms() - begun < 2500, "close is bounded");
	probe_broker(p, "thaw");
}

/* One of several is frozen, then killed: a fence takes as long as the cluster needs to notice, and then
 * stands. */
static void one_of_several(struct probe *p, const char *how, const char *back)
{
	struct producer *zombie = probe_producer(p, "anpr-probe"), *next = NULL;
	long before = probe_count(p), after;
	struct status status;
	double begun;

	if (!zombie)
		return;
	probe_check(p, ok(probe_fill(p, zombie, 600)) && ok(probe_flush(p, zombie, 8000)), "filled");
	probe_broker(p, how);
	begun = probe_now_ms();
	next = probe_producer(p, "anpr-probe");
	probe_note("%s one of several: fenced after %.0f ms", how, probe_now_ms() - begun);
	begun = probe_now_ms();
	status = probe_commit(p, zombie, 8000);
	probe_note("the fenced one's commit: %s %s after %.0f ms", probe_status(status),
		producer_error_word(zombie), probe_now_ms() - begun);
	probe_check(p, !ok(status), "the fenced one commits");
	begun = probe_now_ms();
	producer_close(zombie);
	probe_check(p, probe_now_ms() - begun < 3500, "close is bounded");
	begun = probe_now_ms();
	probe_check(p, next && ok(probe_fill(p, next, 60)) && ok(probe_commit(p, next, 15000)),
		"the next one works");
	probe_note("the next one's transaction: %.0f ms", probe_now_ms() - begun);
	after = probe_count(p);
	probe_check(p, after == before + 1, "ledger %ld, then %ld", before, after);
	producer_close(next);
	probe_broker(p, back);
}

void case_one_frozen(struct probe *p)
{
	one_of_several(p, "freeze", "thaw");
}

void case_one_killed(struct probe *p)
{
	one_of_several(p, "kill", "start");
}

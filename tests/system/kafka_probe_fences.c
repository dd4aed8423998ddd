/* SPDX-License-Identifier: Apache-2.0
 *
 * Cases about taking an id over: how long it takes, and that whoever had it before can do nothing any more.
 */
#include "tests/system/kafka_probe.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* The one fenced tries to go on; nothing of it may become visible. */
static void check_zombie(struct probe *p, struct producer *zombie, long before)
{
	struct status status = probe_commit(p, zombie, 5000);

	probe_check(p, status.kind == STATUS_REFUSED || status.kind == STATUS_FAULT,
		"the fenced one's commit: %s", probe_status(status));
	probe_note("the fenced one's commit: %s %s", probe_status(status), producer_error_word(zombie));
	producer_abort(zombie, 1000);
	producer_close(zombie);
	probe_check(p, probe_count(p) == before, "nothing of the fenced one is there");
	error_free(&p->e);
}

void case_fence_idle(struct probe *p)
{
	struct producer *zombie = probe_producer(p, "anpr-probe"), *next;
	long before = probe_count(p);
	double begun;

	if (!zombie)
		return;
	begun = probe_now_ms();
	next = probe_producer(p, "anpr-probe");
	probe_note("fenced while idle in %.0f ms", probe_now_ms() - begun);
	if (ok(probe_fill(p, zombie, 10)))
		check_zombie(p, zombie, before);
	else
		producer_close(zombie);
	producer_close(next);
}

static void fence_flight(struct probe *p, bool flushed)
{
	struct producer *zombie = probe_producer(p, "anpr-probe"), *next;
	long before = probe_count(p);
	double begun, took;

	if (!zombie)
		return;
	probe_check(p, ok(probe_fill(p, zombie, 100)) && (!flushed || ok(probe_flush(p, zombie, 5000))),
		"filled");
	begun = probe_now_ms();
	next = probe_producer(p, "anpr-probe");
	took = probe_now_ms() - begun;
	probe_note("fenced with a transaction in flight%s in %.0f ms", flushed ? ", flushed," : "", took);
	check_zombie(p, zombie, before);
	probe_check(p, next && ok(probe_fill(p, next, 10)) && ok(probe_commit(p, next, 5000)),
		"the next one works");
	producer_close(next);
	probe_check(p, probe_count(p) == before + 1, "and is read");
}

void case_fence_flight(struct probe *p)
{
	for (int i = 0; i < 5; i++)
		fence_flight(p, true);
	fence_flight(p, false);
}

struct race {
	struct probe *p;
	struct producer *next;
};

static void *fence(void *context)
{
	struct race *r = context;

	r->next = probe_producer(r->p, "anpr-probe");
	return NULL;
}

/* Fenced by somebody else at any moment of a commit: whatever is said, it agrees with what can be read. */
void case_fence_race(struct probe *p)
{
	for (int i = 0; i < 16; i++) {
		struct producer *first = probe_producer(p, "anpr-probe");
		long before = probe_count(p), after;
		struct probe other = {.kafka = p->kafka};
		struct race race = {.p = &other};
		struct status status;
		pthread_t thread;

		if (!first || !probe_check(p, ok(probe_fill(p, first, 50)) && ok(probe_flush(p, first, 5000)),
				      "filled"))
			return;
		pthread_create(&thread, NULL, fence, &race);
		clock_sleep_ms(20 + 6 * i);
		status = probe_commit(p, first, 5000);
		pthread_join(thread, NULL);
		p->failures += other.failures;
		after = probe_count(p);
		probe_check(p, !ok(status) || after == before + 1, "said to be committed, but not there");
		probe_check(p,
			status.kind != STATUS_RETRY && status.kind != STATUS_REFUSED ? true : after == before,
			"said not to be committed, but there");
		probe_note("commit after %d ms: %s (%s), %ld record", 20 + 6 * i, probe_status(status),
			producer_error_word(first), after - before);
		producer_close(first);
		producer_close(race.next);
		error_free(&p->e);
	}
}

/* As probe_commit, by a process that may be frozen: nothing is said of how long a slice takes. */
static struct status commit_frozen(struct probe *p, struct producer *producer)
{
	struct status status;

	while ((status = producer_flush(producer, 20, &p->e)).kind == STATUS_WAIT)
		;
	TRY(status);
	while ((status = producer_commit(producer, 20, &p->e)).kind == STATUS_WAIT)
		;
	return status;
}

/* Publishes as anpr-zombie-<process> until it cannot; somebody freezes it meanwhile, and takes the id over.
 * Then whatever a careless owner might try: librdkafka's abort asks the broker for the id once more, and
 * where the broker has forgotten the fence (transactional.id.expiration.ms) it is given. */
void case_zombie(struct probe *p)
{
	char id[32];
	struct producer *producer;
	struct status status = S_OK;
	int committed = -1;

	snprintf(id, sizeof id, "anpr-zombie-%d", (int)getpid());
	producer = probe_producer(p, id);
	if (!producer)
		return;
	for (; ok(status) && committed < 10000; committed++) {
		if (committed == 10)
			probe_note("publishing as %s", id);
		status = probe_fill(p, producer, 20);
		if (ok(status))
			status = commit_frozen(p, producer);
	}
	probe_note("after %d transactions: %s %s", committed, probe_status(status),
		producer_error_word(producer));
	error_free(&p->e);
	probe_check(p, !ok(status), "it was never stopped");
	for (int i = 0; i < 3; i++) {
		producer_abort(producer, 5000);
		probe_check(p, !ok(probe_fill(p, producer, 20)), "it began another transaction");
		probe_check(p, !ok(producer_commit(producer, 1000, &p->e)), "it committed after all");
	}
	error_free(&p->e);
	producer_close(producer);
}

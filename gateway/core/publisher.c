/* SPDX-License-Identifier: Apache-2.0
 *
 * A publisher's thread, and what others may ask of it. The thread sleeps until a source, a switch or the
 * clock has something for it; it opens Kafka only when there is something to publish or to fence.
 */
#include "gateway/core/publisher_internal.h"

#include "gateway/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define IDLE_POLL_MS    1000
#define RESUME_FIRST_MS 100 /* back-off after a failed resume, doubled up to the next */
#define RESUME_MOST_MS  3000
#define BLOCKED_MS      10000 /* how often a missing topic is looked for */

/* --- state shared by the files --- */

void publisher_say(struct publisher *p, const char *state, const char *detail)
{
	pthread_mutex_lock(&p->lock);
	snprintf(p->state, sizeof p->state, "%s", state);
	snprintf(p->detail, sizeof p->detail, "%s", detail);
	pthread_mutex_unlock(&p->lock);
}

bool publisher_interrupted(struct publisher *p)
{
	if (atomic_load(&p->fence_wanted) > p->fence_done)
		return true;
	if (!p->snapshot || snapshot_version(p->snapshot) < journal_binding(p->options.journal))
		return true;
	if (clock_now().v >= p->end_ms)
		return true;
	for (size_t i = 0; i < p->n_partners; i++)
		if (p->partners[i]->in_hand && atomic_load(&p->partners[i]->held) > 0)
			return true;
	return false;
}

/* --- the thread --- */

static bool anything_wanted(const struct publisher *p)
{
	for (size_t i = 0; i < p->n_partners; i++)
		if (p->partners[i]->wanted)
			return true;
	return false;
}

static bool anything_to_tell(const struct publisher *p)
{
	for (size_t i = 0; i < p->n_partners; i++)
		if (p->partners[i]->gap != ANPR__V1__GAP_CAUSE__GAP_CAUSE_UNSPECIFIED)
			return true;
	return statement_hour_over(p, clock_now());
}

static void give_up_producer(struct publisher *p)
{
	producer_close(p->producer);
	p->producer = NULL;
}

/* Who lost a producer may have been taken for dead, and be about to fence whoever goes on in its stead: the
 * group is asked first. */
static void lose_producer(struct publisher *p)
{
	give_up_producer(p);
	publisher_say(p, "waiting", "the group of nodes is asked whose it is");
	p->needed = p->options.ask(p->options.nodes);
}

static void back_off(struct publisher *p, struct error *e)
{
	int64_t wait = p->resume_wait_ms ? 2 * p->resume_wait_ms : RESUME_FIRST_MS;

	p->resume_wait_ms = wait > RESUME_MOST_MS ? RESUME_MOST_MS : wait;
	/* Two nodes that fence each other must not do so in step. */
	p->retry_at_ms = clock_monotonic_ms() + p->resume_wait_ms / 2 +
			 (int64_t)random_below((uint64_t)p->resume_wait_ms);
	publisher_say(p, p->ours ? "waiting" : "elsewhere", error_text(e));
	log_warn("publisher waits", "publisher=%u detail=%s", p->options.index, LOG_QUOTE(error_text(e)));
}

static void resume(struct publisher *p)
{
	struct error e = {0};
	struct status status;

	publisher_say(p, "resuming", "");
	give_up_producer(p);
	status = resume_run(p, &e);
	if (ok(status)) {
		p->resume_wait_ms = 0;
		p->resumed_at_ms = clock_monotonic_ms();
		publisher_say(p, "publishing", "");
		steer_run(p);
	} else {
		lose_producer(p);
		if (status.kind != STATUS_WAIT)
			back_off(p, &e);
	}
	error_free(&e);
}

static void swap_batches(struct publisher *p)
{
	struct batch *full = p->next;

	p->next = p->current;
	p->current = full;
}

static bool batch_due(const struct publisher *p, const struct batch *b)
{
	int64_t now = clock_monotonic_ms();

	if (!b->first || now - p->commit_at_ms < BATCH_SPACING_MS)
		return false;
	return batch_full(b) || now - b->opened_ms >= p->options.batch_ms;
}

static void publish_batch(struct publisher *p, struct batch *b)
{
	struct error e = {0};
	enum transaction_end end = transaction_run(p, b, ANPR__V1__LEDGER_RECORD__KIND__KIND_BATCH, &e);

	switch (end) {
	case TRANSACTION_DONE:
		if (b)
			batch_reset(b);
		break;
	case TRANSACTION_UNKNOWN:
	case TRANSACTION_NOT:
		log_info("transaction not committed", "publisher=%u known=%s error=%s", p->options.index,
			end == TRANSACTION_NOT ? "yes" : "no", producer_error_word(p->producer));
		lose_producer(p);
		break;
	}
	error_free(&e);
}

static bool wants_kafka(struct publisher *p)
{
	return atomic_load(&p->fence_wanted) > p->fence_done || anything_wanted(p) || p->current->first ||
	       p->next->first || (p->known && anything_to_tell(p));
}

/* There is something to open a producer for, and the group has said since the last was lost that it is ours.
 */
static bool must_open(struct publisher *p)
{
	return !p->producer && p->snapshot && atomic_load(&p->assigned) >= p->needed &&
	       clock_monotonic_ms() >= p->retry_at_ms && wants_kafka(p);
}

/* How long there is nothing to do unless a source or somebody else says so. */
static int patience(struct publisher *p)
{
	int64_t now = clock_monotonic_ms(), wait = IDLE_POLL_MS;

	if (p->ours && must_open(p))
		return 0;
	if (p->next->first) {
		wait = p->next->opened_ms + p->options.batch_ms - now;
		if (wait < p->commit_at_ms + BATCH_SPACING_MS - now)
			wait = p->commit_at_ms + BATCH_SPACING_MS - now;
	}
	if (p->retry_at_ms > now && wait > p->retry_at_ms - now)
		wait = p->retry_at_ms - now;
	return wait < 0 ? 0 : wait > IDLE_POLL_MS ? IDLE_POLL_MS : (int)wait;
}

static void follow_policy(struct publisher *p)
{
	if (p->snapshot && journal_version(p->options.journal) == snapshot_version(p->snapshot))
		return;
	if (!ok(adopt_policy(p))) {
		char trouble[256];

		if (journal_trouble(p->options.journal, trouble, sizeof trouble))
			publisher_say(p, "waiting", trouble);
	}
}

static bool anything_blocked(const struct publisher *p)
{
	for (size_t i = 0; i < p->n_partners; i++)
		if (p->partners[i]->blocked)
			return true;
	return false;
}

/* Take up the trial that is offered; drop the one that is over. */
static void take_trial(struct publisher *p)
{
	struct utc_ms now = clock_now();

	pthread_mutex_lock(&p->lock);
	if (p->offered && !trial_runs(p->offered, now)) {
		trial_release(p->offered);
		p->offered = NULL;
	}
	if (p->trial != p->offered) {
		trial_release(p->trial);
		p->trial = p->offered ? trial_hold(p->offered) : NULL;
	}
	pthread_mutex_unlock(&p->lock);
}

/* Everything gathered is given up (the sources will be asked for it again); what was done is written down. */
static void finish(struct publisher *p)
{
	struct error e = {0};

	if (p->producer && p->known && p->snapshot)
		(void)transaction_run(p, NULL, ANPR__V1__LEDGER_RECORD__KIND__KIND_STOP, &e);
	error_free(&e);
	give_up_producer(p);
}

/* --- whose it is --- */

static void turn(struct publisher *p, bool ours)
{
	p->ours = ours;
	if (ours) {
		publisher_say(p, "idle", "");
		p->retry_at_ms = 0;
		return;
	}
	finish(p);
	steer_leave(p);
	batch_reset(p->current);
	batch_reset(p->next);
	p->known = false;
	publisher_say(p, "elsewhere", "");
	log_info("publisher handed over", "publisher=%u", p->options.index);
}

/* Whoever takes a command fences every publisher concerned, wherever it runs. */
static void fence_only(struct publisher *p)
{
	struct error e = {0};
	struct status status = resume_fence(p, &e);

	give_up_producer(p);
	if (ok(status)) {
		p->resume_wait_ms = 0;
		publisher_say(p, "elsewhere", "");
	} else if (status.kind != STATUS_WAIT) {
		back_off(p, &e);
	}
	error_free(&e);
}

/* One turn of a publisher that is not this node's. */
static void stand_by(struct publisher *p)
{
	follow_policy(p);
	adopt_attachments(p);
	shown_update(p);
	batch_gather(p, p->next, patience(p));
	batch_reset(p->next); /* of a source that had not heard that it was stopped */
	if (p->snapshot && atomic_load(&p->fence_wanted) > p->fence_done &&
		clock_monotonic_ms() >= p->retry_at_ms)
		fence_only(p);
}

static void step(struct publisher *p)
{
	if (p->ours != (atomic_load(&p->assigned) != 0))
		turn(p, !p->ours);
	if (!p->ours) {
		stand_by(p);
		return;
	}
	misreads_expire(&p->misreads, clock_now());
	follow_policy(p);
	adopt_attachments(p);
	take_trial(p);
	steer_run(p);
	shown_update(p);
	batch_gather(p, p->next, patience(p));
	if (!p->snapshot || clock_monotonic_ms() < p->retry_at_ms)
		return;
	if (atomic_load(&p->fence_wanted) > p->fence_done || must_open(p)) {
		resume(p);
		return;
	}
	if (!p->producer)
		return;
	if (anything_blocked(p) && clock_monotonic_ms() - p->resumed_at_ms > BLOCKED_MS) {
		resume(p); /* fetches metadata anew */
		return;
	}
	if (!p->current->first && batch_due(p, p->next))
		swap_batches(p);
	if (p->current->first)
		publish_batch(p, p->current);
	else if (anything_to_tell(p))
		publish_batch(p, NULL);
}

static void *run(void *context)
{
	struct publisher *p = context;
	char name[16];

	snprintf(name, sizeof name, "publisher-%u", p->options.index % 1000);
	prctl(PR_SET_NAME, name);
	while (!atomic_load(&p->stopping))
		step(p);
	finish(p);
	return NULL;
}

/* --- what others ask --- */

struct status publisher_start(
	const struct publisher_options *options, struct publisher **out, struct error *e)
{
	struct publisher *p = calloc(1, sizeof *p);

	REQUIRE(p, S_OVERLOAD);
	p->options = *options;
	p->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	snprintf(p->transactional_id, sizeof p->transactional_id, "anpr-publisher-%u", options->index);
	snprintf(p->state, sizeof p->state, "elsewhere");
	p->needed = 1;
	pthread_mutex_init(&p->lock, NULL);
	window_init(&p->window, options->window_ms);
	TRY(misreads_init(&p->misreads));
	p->ends = watermarks_new(options->kafka, false);
	REQUIRE(p->ends, S_OVERLOAD);
	p->scratch.max = 256u << 20;
	p->current = &p->batches[0];
	p->next = &p->batches[1];
	batch_reset(p->current);
	batch_reset(p->next);
	if (p->wake_fd < 0 || pthread_create(&p->thread, NULL, run, p) != 0)
		return error_set(e, "cannot start publisher %u: %s", options->index, strerror(errno));
	*out = p;
	return S_OK;
}

void publisher_stop(struct publisher *p)
{
	atomic_store(&p->stopping, true);
	publisher_wake(p);
}

void publisher_join(struct publisher *p)
{
	pthread_join(p->thread, NULL);
	adopt_free(p);
	snapshot_release(p->snapshot);
	window_fini(&p->window);
	misreads_fini(&p->misreads);
	watermarks_free(p->ends);
	fence_report_free(&p->report);
	trial_release(p->trial);
	trial_release(p->offered);
	free(p->shown);
	arena_free(&p->batches[0].arena);
	arena_free(&p->batches[1].arena);
	arena_free(&p->scratch);
	buffer_free(&p->message);
	pthread_mutex_destroy(&p->lock);
	close(p->wake_fd);
	free(p);
}

bool publisher_assign(struct publisher *p, uint64_t look)
{
	uint64_t before = atomic_exchange(&p->assigned, look);

	if (before != look)
		publisher_wake(p);
	return (before == 0) != (look == 0);
}

bool publisher_elsewhere(const struct publisher *p)
{
	return atomic_load(&p->assigned) == 0;
}

void publisher_wake(struct publisher *p)
{
	uint64_t one = 1;

	/* A full counter is awake already. */
	if (write(p->wake_fd, &one, sizeof one) < 0)
		return;
}

void publisher_hold(struct publisher *p)
{
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n_partners; i++)
		atomic_store(&p->partners[i]->held, holds_of(p->options.holds, p->partners[i]->id));
	pthread_mutex_unlock(&p->lock);
	publisher_wake(p);
}

void publisher_try(struct publisher *p, struct trial *trial)
{
	pthread_mutex_lock(&p->lock);
	trial_release(p->offered);
	p->offered = trial_hold(trial);
	pthread_mutex_unlock(&p->lock);
	publisher_wake(p);
}

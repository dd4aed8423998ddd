/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal's thread and the questions put to it. The thread follows the topic all the time; a question
 * waits for its turn, at most some milliseconds when nothing else is going on.
 */
#include "gateway/core/journal_internal.h"

#include "gateway/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define FOLLOW_SLICE_MS  10       /* how long a question may wait for the reader to come back */
#define CLOCK_TROUBLE_MS 86400000 /* an entry's wrong time is told for a day */
#define CALM_DOWN_MS     500      /* between attempts while the broker is away */

int time_left(int64_t deadline)
{
	int64_t left = deadline - clock_monotonic_ms();

	return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

void journal_set_trouble(struct journal *j, const char *text)
{
	bool news;

	pthread_mutex_lock(&j->lock);
	news = strncmp(j->trouble, text, sizeof j->trouble - 1) != 0;
	snprintf(j->trouble, sizeof j->trouble, "%s", text);
	pthread_mutex_unlock(&j->lock);
	if (news && text[0])
		log_warn("journal trouble", "detail=%s", LOG_QUOTE(text));
	else if (news)
		log_info("journal well", "version=%llu", (unsigned long long)journal_version(j));
}

static struct request *next_request(struct journal *j)
{
	struct request *r;

	pthread_mutex_lock(&j->lock);
	r = j->requests;
	if (r)
		j->requests = r->next;
	pthread_mutex_unlock(&j->lock);
	return r;
}

static void answer(struct journal *j, struct request *r, struct status status)
{
	pthread_mutex_lock(&j->lock);
	r->status = status;
	r->done = true;
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
}

static struct status served(struct journal *j, const struct request *r)
{
	switch (r->kind) {
	case REQUEST_CATCH_UP:
		return follow_to_end(j, r->deadline, r->error);
	case REQUEST_APPEND:
		return append_run(j, r->append, r->deadline, r->error);
	}
	return S_FAULT;
}

static void serve(struct journal *j, struct request *r)
{
	struct status status = served(j, r);

	follow_publish(j);
	answer(j, r, status);
}

/* The first reading, as often as it takes. */
static void read_first(struct journal *j)
{
	while (!atomic_load(&j->stopping) && !j->broken) {
		struct error e = {0};

		if (ok(follow_to_end(j, clock_monotonic_ms() + 30000, &e))) {
			error_free(&e);
			return;
		}
		if (!j->broken)
			journal_set_trouble(j, error_text(&e));
		error_free(&e);
		clock_sleep_ms(CALM_DOWN_MS);
	}
}

static void *run(void *context)
{
	struct journal *j = context;
	struct request *r;

	prctl(PR_SET_NAME, "journal");
	read_first(j);
	follow_publish(j);
	while (!atomic_load(&j->stopping)) {
		struct error e = {0};
		struct status status;

		while ((r = next_request(j)))
			serve(j, r);
		follow_look(j);
		status = follow_some(j, FOLLOW_SLICE_MS, &e);
		if (ok(status) || status.kind == STATUS_WAIT)
			follow_publish(j);
		else
			clock_sleep_ms(FOLLOW_SLICE_MS);
		error_free(&e);
	}
	while ((r = next_request(j)))
		answer(j, r, S_RETRY);
	return NULL;
}

struct status journal_start(const struct journal_options *options, struct journal **out, struct error *e)
{
	struct journal *j = calloc(1, sizeof *j);

	REQUIRE(j, S_OVERLOAD);
	j->options = *options;
	j->documents_next = READER_OLDEST;
	j->documents = document_store_new();
	j->governance = j->documents ? governance_new(j->documents) : NULL;
	j->ends = watermarks_new(options->kafka, false);
	REQUIRE(j->governance && j->ends, S_OVERLOAD);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->changed, NULL);
	snprintf(j->trouble, sizeof j->trouble, "the journal is being read");
	follow_load_seen(j);
	if (pthread_create(&j->thread, NULL, run, j) != 0)
		return error_set(e, "cannot start the journal's thread: %s", strerror(errno));
	*out = j;
	return S_OK;
}

void journal_stop(struct journal *j)
{
	if (!j)
		return;
	atomic_store(&j->stopping, true);
	pthread_join(j->thread, NULL);
	follow_close(j);
	watermarks_free(j->ends);
	producer_close(j->producer);
	snapshot_release(j->snapshot);
	governance_free(j->governance);
	document_store_free(j->documents);
	for (size_t i = 0; i < JOURNAL_KEPT; i++)
		buffer_free(&j->kept[i].stored);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

struct policy_snapshot *journal_snapshot(struct journal *j)
{
	struct policy_snapshot *s;

	pthread_mutex_lock(&j->lock);
	s = j->snapshot ? snapshot_hold(j->snapshot) : NULL;
	pthread_mutex_unlock(&j->lock);
	return s;
}

uint64_t journal_version(const struct journal *j)
{
	return atomic_load(&j->version);
}

uint64_t journal_binding(const struct journal *j)
{
	return atomic_load(&j->binding);
}

bool journal_trouble(struct journal *j, char *to, size_t cap)
{
	pthread_mutex_lock(&j->lock);
	snprintf(to, cap, "%s", j->trouble);
	pthread_mutex_unlock(&j->lock);
	return to[0] != 0;
}

bool journal_clock_trouble(struct journal *j, char *to, size_t cap)
{
	bool recent;

	pthread_mutex_lock(&j->lock);
	recent = j->clock_trouble_ms != 0 && clock_now().v - j->clock_trouble_ms < CLOCK_TROUBLE_MS;
	snprintf(to, cap, "%s", recent ? j->clock_trouble : "");
	pthread_mutex_unlock(&j->lock);
	return recent;
}

void journal_look(struct journal *j, void (*look)(void *context, const struct governance *g), void *context)
{
	pthread_mutex_lock(&j->lock);
	look(context, j->governance);
	pthread_mutex_unlock(&j->lock);
}

static struct timespec wall_deadline(int timeout_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += timeout_ms / 1000;
	t.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/* Put the question and wait for the answer: the thread keeps to the deadline, and always answers. */
static struct status ask(struct journal *j, struct request *r)
{
	pthread_mutex_lock(&j->lock);
	for (struct request **at = &j->requests;; at = &(*at)->next) {
		if (*at)
			continue;
		*at = r;
		break;
	}
	while (!r->done)
		pthread_cond_wait(&j->changed, &j->lock);
	pthread_mutex_unlock(&j->lock);
	return r->status;
}

struct status journal_catch_up(struct journal *j, int timeout_ms, struct error *e)
{
	struct request r = {
		.kind = REQUEST_CATCH_UP, .deadline = clock_monotonic_ms() + timeout_ms, .error = e};

	return ask(j, &r);
}

struct status journal_append(struct journal *j, struct journal_append *append, struct error *e)
{
	struct request r = {.kind = REQUEST_APPEND,
		.append = append,
		.deadline = clock_monotonic_ms() + append->timeout_ms,
		.error = e};

	return ask(j, &r);
}

static struct status stored_locked(struct journal *j, uint64_t entry, struct buffer *stored)
{
	const struct kept_entry *kept = &j->kept[entry % JOURNAL_KEPT];

	REQUIRE(kept->sequence == entry, S_BAD_INPUT);
	return buffer_append(stored, buffer_span(&kept->stored));
}

struct status journal_stored(struct journal *j, uint64_t entry, struct buffer *stored)
{
	struct status status;

	pthread_mutex_lock(&j->lock);
	status = stored_locked(j, entry, stored);
	pthread_mutex_unlock(&j->lock);
	return status;
}

struct status journal_wait_enforced(
	struct journal *j, uint64_t entry, int timeout_ms, uint64_t *by, struct buffer *stored)
{
	struct timespec until = wall_deadline(timeout_ms);
	struct status status = S_WAIT;
	int waited = 0;

	pthread_mutex_lock(&j->lock);
	while ((*by = governance_enforced_by(j->governance, entry)) == 0 && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&j->changed, &j->lock, &until);
	if (*by != 0)
		status = stored_locked(j, *by, stored);
	pthread_mutex_unlock(&j->lock);
	return status;
}

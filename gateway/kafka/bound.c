/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread with one place for a call. The thread and its owner each hold the struct; the later one to leave
 * frees it.
 */
#include "gateway/kafka/bound.h"

#include "gateway/base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

struct bound {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	bound_call_fn *call; /* NULL = nothing to do */
	bound_call_fn *last;
	void *context, *last_context;
	bool ending;
	bool ended;
	bool left; /* by the owner */
};

static void free_bound(struct bound *b)
{
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* With the lock held; it is while the call itself runs that it is not. */
static void make(struct bound *b, bound_call_fn *call, void *context)
{
	pthread_mutex_unlock(&b->lock);
	call(context);
	pthread_mutex_lock(&b->lock);
}

static void *serve(void *context)
{
	struct bound *b = context;
	sigset_t all;
	bool left;

	sigfillset(&all); /* signals are for the process's own threads */
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_mutex_lock(&b->lock);
	for (;;) {
		if (b->call) {
			make(b, b->call, b->context);
			b->call = NULL;
			pthread_cond_broadcast(&b->changed);
		} else if (b->ending) {
			break;
		} else {
			pthread_cond_wait(&b->changed, &b->lock);
		}
	}
	if (b->last)
		make(b, b->last, b->last_context);
	b->ended = true;
	left = b->left;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	if (left)
		free_bound(b);
	return NULL;
}

/* Detached, because nobody could ever join one that does not come back. */
static bool start_thread(struct bound *b)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int failed;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	failed = pthread_create(&thread, &attributes, serve, b);
	pthread_attr_destroy(&attributes);
	return !failed;
}

struct bound *bound_new(void)
{
	struct bound *b = calloc(1, sizeof *b);
	pthread_condattr_t attributes;

	if (!b)
		return NULL;
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&b->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (start_thread(b))
		return b;
	free_bound(b);
	return NULL;
}

static struct timespec after(int timeout_ms)
{
	int64_t until = clock_monotonic_ms() + (timeout_ms > 0 ? timeout_ms : 0);

	return (struct timespec){.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
}

void bound_start(struct bound *b, bound_call_fn *call, void *context)
{
	pthread_mutex_lock(&b->lock);
	b->call = call;
	b->context = context;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

bool bound_wait(struct bound *b, int timeout_ms)
{
	struct timespec until = after(timeout_ms);
	bool done;

	pthread_mutex_lock(&b->lock);
	while (b->call && pthread_cond_timedwait(&b->changed, &b->lock, &until) == 0)
		;
	done = !b->call;
	pthread_mutex_unlock(&b->lock);
	return done;
}

bool bound_run(struct bound *b, bound_call_fn *call, void *context, int timeout_ms)
{
	bound_start(b, call, context);
	return bound_wait(b, timeout_ms);
}

void bound_end(struct bound *b, bound_call_fn *last, void *context, int timeout_ms)
{
	struct timespec until = after(timeout_ms);
	bool ended;

	pthread_mutex_lock(&b->lock);
	b->last = last;
	b->last_context = context;
	b->ending = true;
	pthread_cond_broadcast(&b->changed);
	while (!b->ended && pthread_cond_timedwait(&b->changed, &b->lock, &until) == 0)
		;
	ended = b->ended;
	b->left = true;
	pthread_mutex_unlock(&b->lock);
	if (ended)
		free_bound(b);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * For ThreadSanitizer only, nothing otherwise. librdkafka uses the threads of C11, which ThreadSanitizer does
 * not know: it crashes in them and sees none of their locks. Here they are made of POSIX threads, as glibc's
 * own are.
 */
#include "gateway/kafka/client.h"

#ifdef __SANITIZE_THREAD__
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

const int client_tsan_threads = 1;

struct start {
	thrd_start_t run;
	void *context;
};

static void *start_thread(void *context)
{
	struct start start = *(struct start *)context;

	free(context);
	return (void *)(intptr_t)start.run(start.context);
}

static int answer(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case ENOMEM:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	case EBUSY:
		return thrd_busy;
	}
	return thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *context)
{
	struct start *start = malloc(sizeof *start);

	if (!start)
		return thrd_nomem;
	*start = (struct start){run, context};
	return answer(pthread_create(thread, NULL, start_thread, start));
}

int thrd_join(thrd_t thread, int *result)
{
	void *value;
	int error = pthread_join(thread, &value);

	if (result)
		*result = (int)(intptr_t)value;
	return answer(error);
}

int thrd_detach(thrd_t thread)
{
	return answer(pthread_detach(thread));
}

int mtx_init(mtx_t *lock, int type)
{
	pthread_mutexattr_t attributes;
	int error;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(
		&attributes, type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
	error = pthread_mutex_init((pthread_mutex_t *)lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return answer(error);
}

void mtx_destroy(mtx_t *lock)
{
	pthread_mutex_destroy((pthread_mutex_t *)lock);
}

int mtx_lock(mtx_t *lock)
{
	return answer(pthread_mutex_lock((pthread_mutex_t *)lock));
}

int mtx_trylock(mtx_t *lock)
{
	return answer(pthread_mutex_trylock((pthread_mutex_t *)lock));
}

int mtx_unlock(mtx_t *lock)
{
	return answer(pthread_mutex_unlock((pthread_mutex_t *)lock));
}

int cnd_init(cnd_t *condition)
{
	return answer(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

void cnd_destroy(cnd_t *condition)
{
	pthread_cond_destroy((pthread_cond_t *)condition);
}

int cnd_signal(cnd_t *condition)
{
	return answer(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
	return answer(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *lock)
{
	return answer(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)lock));
}

int cnd_timedwait(cnd_t *condition, mtx_t *lock, const struct timespec *until)
{
	return answer(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)lock, until));
}
#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections between calls. libcurl keeps them within a multi handle, which is one thread's at a time: so
 * those that nobody uses lie here. That a node has closed one meanwhile libcurl notices, and connects anew.
 */
#include "gateway/http/pool.h"

#include "gateway/http/easy.h"

#include <pthread.h>
#include <stdlib.h>

#define IDLE_MAX 8

struct api_pool {
	pthread_mutex_t lock;
	CURLM *idle[IDLE_MAX];
	size_t n;
};

struct api_pool *api_pool_new(void)
{
	struct api_pool *p = calloc(1, sizeof *p);

	if (p)
		pthread_mutex_init(&p->lock, NULL);
	return p;
}

void api_pool_free(struct api_pool *p)
{
	if (!p)
		return;
	while (p->n > 0)
		curl_multi_cleanup(p->idle[--p->n]);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

CURLM *pool_take(struct api_pool *p)
{
	CURLM *multi = NULL;

	easy_begin();
	if (p) {
		pthread_mutex_lock(&p->lock);
		if (p->n > 0)
			multi = p->idle[--p->n];
		pthread_mutex_unlock(&p->lock);
	}
	return multi ? multi : curl_multi_init();
}

void pool_give(struct api_pool *p, CURLM *multi)
{
	if (p) {
		pthread_mutex_lock(&p->lock);
		if (p->n < IDLE_MAX) {
			p->idle[p->n++] = multi;
			multi = NULL;
		}
		pthread_mutex_unlock(&p->lock);
	}
	if (multi)
		curl_multi_cleanup(multi);
}

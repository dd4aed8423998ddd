/* SPDX-License-Identifier: Apache-2.0
 *
 * Deliberately wrong: two threads count in the same place without a lock. ThreadSanitizer must see it
 * (broken.cmake).
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t received;

static void *count(void *unused)
{
	for (int i = 0; i < 100000; i++)
		received++;
	return unused;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, count, NULL) != 0)
			return 0;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

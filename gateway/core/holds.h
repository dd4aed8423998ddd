/* SPDX-License-Identifier: Apache-2.0
 *
 * Which partners are held: an off is on its way, or a stop file lies there, and nothing of theirs is
 * committed meanwhile. Holds are counted, and kept by name: one may be put before its partner or its
 * publisher is known.
 */
#ifndef ANPR_CORE_HOLDS_H
#define ANPR_CORE_HOLDS_H

#include <pthread.h>
#include <stddef.h>

struct holds {
	pthread_mutex_t lock;
	struct hold {
		char *partner; /* owned */
		int n;
	} * items;
	size_t n;
	int all; /* over every partner */
};

void holds_init(struct holds *h);
void holds_fini(struct holds *h);
/* Hold (+1) or release (-1) a partner; NULL = all. Any thread. Where memory is out everybody is held, for
 * good: sharing what is to be held would be worse. */
void holds_change(struct holds *h, const char *partner, int change);
/* How many holds are on the partner. Any thread. */
int holds_of(struct holds *h, const char *partner);

#endif

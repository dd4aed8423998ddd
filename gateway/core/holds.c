/* SPDX-License-Identifier: Apache-2.0
 *
 * Holds by partner. A name once held keeps its place: there are few.
 */
#include "gateway/core/holds.h"

#include "gateway/base/log.h"

#include <stdlib.h>
#include <string.h>

void holds_init(struct holds *h)
{
	*h = (struct holds){0};
	pthread_mutex_init(&h->lock, NULL);
}

void holds_fini(struct holds *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->items[i].partner);
	free(h->items);
	pthread_mutex_destroy(&h->lock);
}

static struct hold *find(struct holds *h, const char *partner)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->items[i].partner, partner) == 0)
			return &h->items[i];
	return NULL;
}

/* NULL: out of memory. */
static struct hold *find_or_add(struct holds *h, const char *partner)
{
	struct hold *found = find(h, partner), *items;
	char *name;

	if (found)
		return found;
	items = reallocarray(h->items, h->n + 1, sizeof *items);
	if (items)
		h->items = items;
	name = items ? strdup(partner) : NULL;
	if (!name)
		return NULL;
	h->items[h->n] = (struct hold){.partner = name};
	return &h->items[h->n++];
}

void holds_change(struct holds *h, const char *partner, int change)
{
	struct hold *hold;

	pthread_mutex_lock(&h->lock);
	if (!partner) {
		h->all += change;
	} else if ((hold = find_or_add(h, partner))) {
		hold->n += change;
	} else {
		h->all++;
		log_error("every partner is held", "detail=\"out of memory; restart the gateway\"%s", "");
	}
	pthread_mutex_unlock(&h->lock);
}

int holds_of(struct holds *h, const char *partner)
{
	const struct hold *hold;
	int n;

	pthread_mutex_lock(&h->lock);
	hold = find(h, partner);
	n = h->all + (hold ? hold->n : 0);
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing with linear probing; 16 bytes a slot. At 2,000 reads a second and 15 minutes that is 1.8
 * million hashes, 64 MiB. What is too old does not count when looked up and is swept out when the table
 * fills.
 */
#include "gateway/core/window.h"

#include "gateway/base/digest.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#define WINDOW_FIRST 1024

struct window_slot {
	uint64_t hash; /* 0 = empty */
	int64_t at;    /* arrival, UTC ms */
};

void window_init(struct window *w, int64_t length_ms)
{
	*w = (struct window){.length_ms = length_ms};
}

void window_fini(struct window *w)
{
	free(w->slots);
	OPENSSL_cleanse(w, sizeof *w);
}

uint64_t window_hash(const struct window *w, struct span partner, struct span read_id)
{
	uint8_t text[512];
	uint64_t hash;

	if (partner.n + 1 + read_id.n > sizeof text)
		return 1; /* cannot be: ids are capped at 64 bytes where they come in */
	memcpy(text, partner.p, partner.n);
	text[partner.n] = 0;
	memcpy(text + partner.n + 1, read_id.p, read_id.n);
	hash = siphash(w->key, span_of(text, partner.n + 1 + read_id.n));
	return hash ? hash : 1;
}

/* The slot that holds the hash, or the empty one where it would go. */
static struct window_slot *slot_for(const struct window *w, uint64_t hash)
{
	size_t i = hash & (w->cap - 1);

	while (w->slots[i].hash != 0 && w->slots[i].hash != hash)
		i = (i + 1) & (w->cap - 1);
	return &w->slots[i];
}

bool window_has(const struct window *w, uint64_t hash, struct utc_ms now)
{
	const struct window_slot *slot = w->cap ? slot_for(w, hash) : NULL;

	return slot && slot->hash == hash && slot->at > now.v - w->length_ms;
}

/* Make the table anew, without what is too old, at most half full afterwards. */
static struct status rebuild(struct window *w, struct utc_ms now)
{
	struct window fresh = *w;
	size_t live = 0;

	for (size_t i = 0; i < w->cap; i++)
		live += w->slots[i].hash != 0 && w->slots[i].at > now.v - w->length_ms;
	for (fresh.cap = WINDOW_FIRST; fresh.cap < 2 * live; fresh.cap *= 2)
		;
	fresh.slots = calloc(fresh.cap, sizeof *fresh.slots);
	REQUIRE(fresh.slots, S_OVERLOAD);
	fresh.n = live;
	for (size_t i = 0; i < w->cap; i++)
		if (w->slots[i].hash != 0 && w->slots[i].at > now.v - w->length_ms)
			*slot_for(&fresh, w->slots[i].hash) = w->slots[i];
	free(w->slots);
	*w = fresh;
	w->swept_ms = now.v;
	return S_OK;
}

struct status window_add(struct window *w, uint64_t hash, struct utc_ms arrival)
{
	struct window_slot *slot;

	if (4 * (w->n + 1) > 3 * w->cap)
		TRY(rebuild(w, arrival));
	slot = slot_for(w, hash);
	w->n += slot->hash == 0;
	*slot = (struct window_slot){hash, arrival.v};
	return S_OK;
}

void window_remove(struct window *w, uint64_t hash)
{
	struct window_slot *slot = w->cap ? slot_for(w, hash) : NULL;
	size_t hole, i;

	if (!slot || slot->hash != hash)
		return;
	/* Close the hole: move back whatever had been pushed past it (Knuth 6.4, algorithm R). */
	hole = (size_t)(slot - w->slots);
	for (i = (hole + 1) & (w->cap - 1); w->slots[i].hash != 0; i = (i + 1) & (w->cap - 1)) {
		size_t home = w->slots[i].hash & (w->cap - 1);

		if (((i - home) & (w->cap - 1)) < ((i - hole) & (w->cap - 1)))
			continue;
		w->slots[hole] = w->slots[i];
		hole = i;
	}
	w->slots[hole] = (struct window_slot){0};
	w->n--;
}

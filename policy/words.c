/* SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing, at most half full.
 */
#include "policy/words.h"

#include "gateway/base/digest.h"

static struct words_slot *words_slot(const struct words *table, const uint32_t *list, uint32_t n)
{
	static const uint8_t key[16] = "words of policy";
	struct span bytes = span_of(list, n * sizeof *list);
	size_t at = siphash(key, bytes) & (table->cap - 1);

	for (;; at = (at + 1) & (table->cap - 1)) {
		struct words_slot *slot = &table->slots[at];

		if (!slot->words || span_equal(span_of(slot->words, slot->n * sizeof *list), bytes))
			return slot;
	}
}

static bool words_grow(struct words *table)
{
	struct words old = *table;

	table->cap = old.cap ? 2 * old.cap : 64;
	table->slots = arena_alloc(table->arena, table->cap * sizeof *table->slots);
	for (size_t i = 0; table->slots && i < old.cap; i++) {
		if (old.slots[i].words)
			*words_slot(table, old.slots[i].words, old.slots[i].n) = old.slots[i];
	}
	return table->slots != NULL;
}

/* The list's own slot, or NULL. */
static struct words_slot *words_take(struct words *table, const uint32_t *list, uint32_t n)
{
	struct words_slot *slot;

	if (2 * table->n >= table->cap && !words_grow(table))
		return NULL;
	slot = words_slot(table, list, n);
	if (slot->words)
		return slot;
	slot->words = arena_alloc(table->arena, n * sizeof *list + 1);
	if (!slot->words)
		return NULL;
	if (n > 0)
		memcpy(slot->words, list, n * sizeof *list);
	slot->n = n;
	slot->value = WORDS_NEW;
	table->n++;
	return slot;
}

uint32_t *words_value(struct words *table, const uint32_t *list, uint32_t n)
{
	struct words_slot *slot = words_take(table, list, n);

	return slot ? &slot->value : NULL;
}

const uint32_t *words_copy(struct words *table, const uint32_t *list, uint32_t n)
{
	const struct words_slot *slot = words_take(table, list, n);

	return slot ? slot->words : NULL;
}

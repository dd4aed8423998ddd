/* SPDX-License-Identifier: Apache-2.0
 *
 * Bump allocation out of a chain of blocks. A reset cleanses what was handed out and keeps the blocks.
 */
#include "gateway/base/arena.h"

#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdlib.h>

#define ARENA_MAX_DEFAULT (64u << 20)
#define ARENA_BLOCK       (64u << 10)
#define ARENA_ALIGN       alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t n, cap;
	alignas(max_align_t) uint8_t bytes[];
};

static struct arena_block *block_with_room(struct arena *a, size_t n)
{
	struct arena_block **at = &a->blocks;
	struct arena_block *block;
	size_t cap = n > ARENA_BLOCK ? n : ARENA_BLOCK;

	/* The newest block is first; behind it lie full ones, or after a reset empty ones to be used again.
	 */
	for (; *at; at = &(*at)->next) {
		block = *at;
		if (block->cap - block->n < n)
			continue;
		*at = block->next;
		block->next = a->blocks;
		return a->blocks = block;
	}
	block = malloc(sizeof *block + cap);
	if (!block)
		return NULL;
	*block = (struct arena_block){.next = a->blocks, .cap = cap};
	return a->blocks = block;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t max = a->max ? a->max : ARENA_MAX_DEFAULT;
	struct arena_block *block = a->blocks;
	void *p;

	if (n > max || a->used > max - n || n > SIZE_MAX / 2)
		return NULL;
	n = (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (!block || block->cap - block->n < n)
		block = block_with_room(a, n);
	if (!block)
		return NULL;
	p = block->bytes + block->n;
	block->n += n;
	a->used += n;
	return memset(p, 0, n);
}

char *arena_text(struct arena *a, struct span bytes)
{
	char *p = arena_alloc(a, bytes.n + 1);

	if (p && bytes.n > 0)
		memcpy(p, bytes.p, bytes.n);
	return p;
}

struct span arena_copy(struct arena *a, struct span bytes)
{
	uint8_t *p = arena_alloc(a, bytes.n);

	if (!p)
		return (struct span){0};
	if (bytes.n > 0)
		memcpy(p, bytes.p, bytes.n);
	return span_of(p, bytes.n);
}

void arena_reset(struct arena *a)
{
	for (struct arena_block *block = a->blocks; block; block = block->next) {
		OPENSSL_cleanse(block->bytes, block->n);
		block->n = 0;
	}
	a->used = 0;
}

void arena_free(struct arena *a)
{
	struct arena_block *block = a->blocks;

	while (block) {
		struct arena_block *next = block->next;

		OPENSSL_cleanse(block->bytes, block->n);
		free(block);
		block = next;
	}
	a->blocks = NULL;
	a->used = 0;
}

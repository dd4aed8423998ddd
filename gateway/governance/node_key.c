/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes' signing keys. None is ever forgotten: what was signed while a key was valid stays good.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/state.h"

size_t node_key_find(const struct governance *g, const uint8_t key[32])
{
	for (size_t i = 0; i < g->n_keys; i++)
		if (memcmp(g->keys[i], key, 32) == 0)
			return i;
	return NOWHERE;
}

void node_key_add(
	struct governance *g, const char *node, const uint8_t key[32], uint64_t entry, size_t replaces)
{
	GROW(g->keys, g->n_keys);
	GROW(g->key_facts, g->n_keys);
	memcpy(g->keys[g->n_keys], key, 32);
	g->key_facts[g->n_keys++] =
		(struct key_facts){.node = memory_text(node), .since = entry, .replaces = replaces};
}

void node_key_used(struct governance *g, size_t key, uint64_t entry)
{
	size_t old = g->key_facts[key].replaces;
	if (old != NOWHERE && !g->key_facts[old].retired)
		g->key_facts[old].retired = entry;
}

size_t governance_node_keys(const struct governance *g, const uint8_t (**keys)[32])
{
	*keys = (const uint8_t(*)[32])g->keys;
	return g->n_keys;
}

bool governance_node_key_valid(const struct governance *g, const char *node, const uint8_t key[32])
{
	size_t i = node_key_find(g, key);
	return i != NOWHERE && !g->key_facts[i].retired && strcmp(g->key_facts[i].node, node) == 0;
}

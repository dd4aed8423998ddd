/* SPDX-License-Identifier: Apache-2.0
 *
 * Narrowings wait here until an enforced entry says that every publisher concerned was fenced.
 */
#include "gateway/base/memory.h"
#include "gateway/governance/state.h"
#include "gateway/record/form.h"

#include <stdlib.h>

static size_t find_pending(const struct governance *g, uint64_t entry)
{
	for (size_t i = 0; i < g->n_pending; i++)
		if (g->pending[i].entry == entry)
			return i;
	return NOWHERE;
}

void pending_add(struct governance *g, uint64_t entry)
{
	const struct history *h = &g->history[entry - 1];
	const char **partners = memory_new(h->n_partners, sizeof *partners);
	for (size_t i = 0; i < h->n_partners; i++)
		partners[i] = g->partners[h->partners[i]].id;
	GROW(g->pending, g->n_pending);
	g->pending[g->n_pending++] =
		(struct pending){entry, h->accepted, h->time, h->node, partners, h->n_partners};
}

size_t governance_pending(const struct governance *g, const struct pending **out)
{
	*out = g->pending;
	return g->n_pending;
}

uint64_t governance_enforced_by(const struct governance *g, uint64_t entry)
{
	const struct history *h = state_history(g, entry);
	return h ? h->enforced_by : 0;
}

static bool fenced(const Anpr__V1__Enforced *n, uint32_t publisher)
{
	for (size_t i = 0; i < n->n_publishers; i++)
		if (n->publishers[i]->publisher == publisher)
			return true;
	return false;
}

/* Every publisher that has one of the touched partners. */
static struct status all_fenced(
	const struct governance *g, const struct pending *p, const Anpr__V1__Enforced *n, struct error *e)
{
	for (size_t i = 0; i < p->n_partners; i++) {
		uint32_t publisher = murmur2_partition(span_text(p->partners[i]), g->publishers);
		if (!fenced(n, publisher))
			return state_refuse(e,
				"entry %llu is called enforced, but publisher %u of %s was not fenced",
				(unsigned long long)p->entry, publisher, p->partners[i]);
	}
	return S_OK;
}

struct status enforced_judge(const struct governance *g, const Anpr__V1__Enforced *n, struct error *e)
{
	uint64_t newest = 0;
	for (size_t i = 0; i < n->n_entries; i++) {
		size_t at = find_pending(g, n->entries[i]);
		if (at == NOWHERE)
			return state_refuse(e, "entry %llu is called enforced, but does not wait for that",
				(unsigned long long)n->entries[i]);
		for (size_t k = 0; k < i; k++)
			if (n->entries[k] == n->entries[i])
				return state_refuse(e, "entry %llu is called enforced twice",
					(unsigned long long)n->entries[i]);
		TRY(all_fenced(g, &g->pending[at], n, e));
		newest = n->entries[i] > newest ? n->entries[i] : newest;
	}
	for (size_t i = 0; i < n->n_publishers; i++)
		if (n->publishers[i]->publisher >= g->publishers)
			return state_refuse(e, "there is no publisher %u", n->publishers[i]->publisher);
	const struct digest *hash = &g->history[newest - 1].hash;
	if (!span_equal(span_binary(n->entry_hash), span_of(hash->v, sizeof hash->v)))
		return state_refuse(e, "an enforced entry names another hash than entry %llu has",
			(unsigned long long)newest);
	return S_OK;
}

void enforced_execute(struct governance *g, const Anpr__V1__Enforced *n, uint64_t number, struct history *h)
{
	struct buffer text = {0};
	h->action = "enforced";
	for (size_t i = 0; i < n->n_entries; i++) {
		size_t at = find_pending(g, n->entries[i]);
		const struct history *of = &g->history[n->entries[i] - 1];
		g->history[n->entries[i] - 1].enforced_by = number;
		for (size_t k = 0; k < of->n_partners; k++) {
			GROW(h->partners, h->n_partners);
			h->partners[h->n_partners++] = of->partners[k];
		}
		free((void *)g->pending[at].partners);
		memmove(&g->pending[at], &g->pending[at + 1], (g->n_pending - at - 1) * sizeof *g->pending);
		g->n_pending--;
		text_add(&text, "%s%llu", i ? ", " : "has taken effect: entry ",
			(unsigned long long)n->entries[i]);
	}
	h->effect = memory_text(buffer_text(&text));
	buffer_free(&text);
}

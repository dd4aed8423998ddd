/* SPDX-License-Identifier: Apache-2.0
 *
 * One round, and the order in which things are asked for, on which everything rests: how far the topics are
 * settled, then how far the ledger is: a transaction that was over by then has its ledger record below that.
 * Then, once all transactions below that are over, how far the topics are again: whatever a ledger record
 * accounts for is there by then. The journal last: whatever policy they were decided under, and whatever key
 * accounts were signed with, is in it by then.
 */
#include "gateway/verify/internal.h"

#include <stdlib.h>

#define TELL_EVERY 20000

struct verification *verification_new(const struct verify_topics *topics, const struct verify_source *source,
	void (*progress)(void *context, uint64_t done, uint64_t of), void *context)
{
	struct verification *v = memory_new(1, sizeof *v);

	v->topics = topics;
	v->source = source;
	v->progress = progress;
	v->progress_context = context;
	v->documents = document_store_new();
	v->whole = v->documents ? governance_new(v->documents) : NULL;
	if (v->whole)
		return v;
	verification_free(v);
	return NULL;
}

void verification_free(struct verification *v)
{
	if (!v)
		return;
	trails_free(v);
	tally_free(v);
	ledger_free(v);
	streams_free(v);
	policies_free(v);
	journal_free(v);
	offences_free(v);
	arena_free(&v->arena);
	buffer_free(&v->message);
	free(v);
}

void verification_remember_head(struct verification *v, uint64_t sequence, const struct digest *hash)
{
	v->head_sequence = sequence;
	v->head_hash = *hash;
}

void verification_leave_out_reads(struct verification *v)
{
	v->without_reads = true;
}

void verification_remember_root(struct verification *v, const char *organisation, struct span pem)
{
	struct remembered_root *root;

	GROW(v->roots, v->n_roots);
	root = &v->roots[v->n_roots++];
	*root = (struct remembered_root){.organisation = memory_text(organisation)};
	text_add_bytes(&root->pem, pem);
}

void verification_did(struct verification *v, uint64_t n)
{
	v->done += n;
	if (!v->progress || v->done < v->told + TELL_EVERY)
		return;
	v->told = v->done;
	v->of = 0;
	for (size_t i = 0; i < v->n_streams; i++)
		v->of += (uint64_t)(v->streams[i].end - v->streams[i].oldest);
	v->progress(v->progress_context, v->done, v->of);
}

uint32_t publisher_of(const struct verification *v, struct span partner)
{
	return murmur2_partition(partner, v->n_publishers);
}

/* Reads that no ledger record asked for are to be seen, too. */
static struct status pull_rest(struct verification *v, struct error *e)
{
	for (size_t i = 0; i < v->n_streams; i++) {
		struct status status;

		while (ok(status = stream_pull(v, &v->streams[i], e)))
			;
		REQUIRE(status.kind == STATUS_WAIT, status);
	}
	return S_OK;
}

/* A topic that is met now has reads of policies up to now. */
static struct status journal_to_end(struct verification *v, struct error *e)
{
	size_t n;

	do {
		n = v->n_streams;
		TRY(journal_round(v, e));
	} while (v->n_streams > n);
	return S_OK;
}

struct status verification_round(struct verification *v, struct error *e)
{
	if (v->n_entries == 0)
		TRY(journal_round(v, e)); /* which topics there are */
	TRY(streams_mark(v, true, e));
	TRY(accounts_mark(v, true, e));
	TRY(ledger_mark(v, e));
	TRY(ledger_settle(v, e));
	TRY(accounts_mark(v, false, e));
	TRY(streams_mark(v, false, e));
	TRY(journal_to_end(v, e));
	TRY(ledger_round(v, e));
	TRY(pull_rest(v, e));
	trails_left_over(v);
	return tally_left_over(v, e);
}

const struct verify_figures *verification_figures(const struct verification *v)
{
	return &v->figures;
}

uint64_t verification_head(const struct verification *v, struct digest *hash)
{
	*hash = *governance_head(v->whole);
	return governance_sequence(v->whole);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal as this node sees it: one thread follows it, keeps what it adds up to (governance), compiles
 * policy from that, and is the only one to append. Everybody else asks.
 */
#ifndef ANPR_CORE_JOURNAL_H
#define ANPR_CORE_JOURNAL_H

#include "gateway/governance/governance.h"
#include "gateway/kafka/kafka.h"

struct journal;

struct journal_options {
	const struct kafka_config *kafka; /* borrowed for the life of the journal, like everything here */
	const char *topic, *documents_topic;
	const char *node;
	const struct node_key *key;
	const char *state_dir;
	void (*changed)(
		void *context); /* on the journal's thread, after entries were taken in; must not block */
	void *context;
};

/* Start the thread. It reads to the end by itself, for as long as the broker needs. */
MUST struct status journal_start(
	const struct journal_options *options, struct journal **out, struct error *e);
void journal_stop(struct journal *j);

/* Newest policy, or NULL before the journal was first read to its end, or where it does not verify. The
 * caller releases it. */
struct policy_snapshot *journal_snapshot(struct journal *j);
/* Version of the newest policy compiled; 0 = none. Cheap: read it before every commit. */
uint64_t journal_version(const struct journal *j);
/* Version of the newest entry that can change a decision; an enforced entry cannot. What was decided under
 * this version or a later one may be committed. */
uint64_t journal_binding(const struct journal *j);
/* Why there is no policy, in words, into `to`; false = there is one. */
bool journal_trouble(struct journal *j, char *to, size_t cap);

/* The newest entry of the last day whose time is not the broker's within the bound, in words; false = none.
 */
bool journal_clock_trouble(struct journal *j, char *to, size_t cap);

/* Everything appended before this call has been taken in and compiled when this returns OK. RETRY: not in
 * time. */
MUST struct status journal_catch_up(struct journal *j, int timeout_ms, struct error *e);

/* Run `look` with the state, which does not change meanwhile. It must be quick. */
void journal_look(struct journal *j, void (*look)(void *context, const struct governance *g), void *context);

/* What is to be appended is made by `prepare` on the journal's thread, against the state just before: fill in
 * the oneof of *body and return OK, or return anything else to append nothing (`append_nothing` may set
 * *already). It may be called again when the first attempt failed. */
struct journal_append {
	struct status (*prepare)(void *context, const struct governance *g, struct utc_ms now,
		Anpr__V1__JournalEntry *body, struct error *e);
	void *context;
	const Anpr__V1__SignedCommand *texts; /* documents to be stored along; NULL = none */
	int timeout_ms;
	/* Set on OK. */
	uint64_t entry;
	struct digest hash;
};
/* Append and read back. Status: OK; RETRY: the broker did not do it in time and nothing is known to be
 * appended, ask again with the same; otherwise what `prepare` returned. Blocks; call from a thread that may.
 */
MUST struct status journal_append(struct journal *j, struct journal_append *append, struct error *e);

/* Wait until the narrowing entry has been enforced. OK: *by is the enforced entry's number and *stored
 * (appended) its stored bytes: the receipt. WAIT: not in time. */
MUST struct status journal_wait_enforced(
	struct journal *j, uint64_t entry, int timeout_ms, uint64_t *by, struct buffer *stored);
/* Stored bytes of a recent entry. BAD_INPUT: too long ago. */
MUST struct status journal_stored(struct journal *j, uint64_t entry, struct buffer *stored);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by journal.c (thread, requests) and follow.c, append.c (what the thread does). Nobody else includes
 * it.
 */
#ifndef ANPR_CORE_JOURNAL_INTERNAL_H
#define ANPR_CORE_JOURNAL_INTERNAL_H

#include "gateway/core/journal.h"
#include "gateway/kafka/producer.h"
#include "gateway/kafka/reader.h"

#include <pthread.h>
#include <stdatomic.h>

#define JOURNAL_KEPT 1024 /* stored entries kept in memory for receipts */

#define JOURNAL_KEY_NOT_VALID                                                                                \
	"this node's signing key is not, or no longer, in the journal: give it the key that is and start "   \
	"it "                                                                                                \
	"again"

enum request_kind { REQUEST_CATCH_UP, REQUEST_APPEND };

/* A question to the thread; lives on the asker's stack until `done`. */
struct request {
	enum request_kind kind;
	struct journal_append *append;
	int64_t deadline; /* monotonic ms */
	struct status status;
	struct error *error;
	bool done;
	struct request *next;
};

struct kept_entry {
	uint64_t sequence;
	struct buffer stored;
};

struct journal {
	struct journal_options options;
	pthread_t thread;
	atomic_bool stopping;
	atomic_uint_fast64_t version, binding;

	pthread_mutex_t lock; /* guards everything down to the next comment */
	pthread_cond_t changed;
	struct governance *governance; /* written by the thread only, under the lock */
	struct policy_snapshot *snapshot;
	struct request *requests; /* oldest first */
	char trouble[512];        /* "" = none */
	char clock_trouble[256];  /* of the newest entry whose time the broker's contradicts */
	int64_t clock_trouble_ms; /* UTC, by the broker; 0 = none */
	struct kept_entry kept[JOURNAL_KEPT];

	/* The thread's own. */
	struct document_store *documents;
	int64_t documents_next; /* offset to go on from */
	struct reader *reader;
	struct watermarks *ends;
	int64_t next;              /* offset after the last record taken in */
	int64_t looked_at_ms;      /* monotonic: when the broker was last asked where the journal ends */
	struct producer *producer; /* of the id anpr-journal; NULL = not ours */
	uint64_t deciding;         /* newest entry taken in that can change a decision */
	bool dirty;                /* entries taken in since policy was compiled */
	bool broken;               /* an entry did not verify: nothing after it is believed */
	uint64_t seen_sequence;    /* from the state folder: the newest ever seen by this node */
	struct digest seen_hash;
};

/* follow.c, on the journal's thread */
MUST struct status follow_some(struct journal *j, int timeout_ms, struct error *e);
MUST struct status follow_to_end(struct journal *j, int64_t deadline, struct error *e);
/* Now and then: read to where the broker says the journal ends, with a new reader where this one does not. */
void follow_look(struct journal *j);
void follow_publish(struct journal *j);
void follow_close(struct journal *j);
void follow_load_seen(struct journal *j);
/* Whether this node may sign entries with the key it has. */
bool journal_own_key_valid(const struct journal *j);
/* append.c, on the journal's thread */
MUST struct status append_run(
	struct journal *j, struct journal_append *append, int64_t deadline, struct error *e);
/* journal.c */
void journal_set_trouble(struct journal *j, const char *text);
int time_left(int64_t deadline);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * How a verification keeps what it knows. Private to this folder.
 *
 *   round.c     the order of things: marks, journal, accounts, ledger with its reads, what is left over
 *   journal.c   entries and texts taken in; what was remembered of them
 *   policies.c  the policy of any version
 *   bounds.c    what enforced entries demand of what follows them
 *   stream.c    a partition of a police topic: how far it is read
 *   read.c      one read, decided again
 *   trail.c     reads of one feed that wait for the ledger record that accounts for them
 *   ledger.c    the publishers' chains; a ledger record's reads found, or not
 *   tally.c     hours as the ledger adds up to them, against the signed accounts
 */
#ifndef ANPR_VERIFY_INTERNAL_H
#define ANPR_VERIFY_INTERNAL_H

#include "gateway/base/memory.h"
#include "gateway/governance/governance.h"
#include "gateway/verify/verify.h"
#include "policy/decide.h"

#include <uthash.h>

#define PLACE_BYTES    320
#define CACHED         16    /* policy versions compiled at a time */
#define RECENT         256   /* of a stream's policy versions, for enforced entries that come later */
#define SETTLE_MS      60000 /* beyond transaction.timeout.ms and a broker's restart */
#define SETTLE_STEP_MS 20
#define WAITING_MAX    200000 /* reads of one feed that no ledger record accounts for yet */

/* --- what is kept of the journal --- */
struct kept_entry {
	struct buffer value; /* as stored */
	struct digest hash;
};
struct compiled {
	uint64_t version, used;
	struct policy_snapshot *snapshot;
};
struct remembered_root {
	char *organisation;
	struct buffer pem;
	bool told; /* that the journal has another */
};

/* --- what enforced entries demand --- */
/* From here on, nothing of this publisher's partners under a version older than `version`. */
struct limit {
	int64_t from;
	uint32_t publisher;
	uint64_t version;
};
/* The last place where something of a publisher's under this version was met. */
struct recent {
	uint64_t version;
	uint32_t publisher;
	int64_t at, offset; /* the place as limits count it; where it is told to be */
};
struct bounds {
	const char *topic; /* where what they bound stands; borrowed */
	int32_t partition;
	struct limit *limits; /* by place; those that lie behind are in required[publisher] */
	size_t n_limits;
	uint64_t *required;
	struct recent *recent; /* RECENT of them */
	size_t n_recent;
};

/* --- a partition of a police topic --- */
struct stream { /* those of a topic stand side by side */
	char *topic;
	int32_t partition, partitions; /* which, and of how many */
	int64_t oldest;                /* when the verification began */
	int64_t covered;               /* every read below it has its ledger record below the ledger's mark */
	int64_t end;                   /* fetched up to here at most, this round */
	struct bounds bounds;          /* by offset */
};

/* --- reads waiting for their ledger record --- */
struct waiting {
	struct waiting *next;
	int64_t offset;
	uint64_t sequence, partition_sequence, version;
	size_t n;
	uint8_t value[]; /* cleansed when freed */
};
/* One feed in one partition. */
struct shelf {
	struct waiting *first, *last; /* in the order of their offsets; last: only where there is a first */
	uint64_t accounted;           /* newest number in the partition that the ledger accounts for */
	uint64_t before;              /* newest one of those older than what is left of the ledger */
	bool found;                   /* any that the ledger accounts for was found here */
};
struct trail {
	char *key; /* "partner topic" */
	char *topic;
	uint32_t publisher;
	bool known; /* the ledger has told its state */
	uint64_t sequence,
		baseline; /* baseline: what the ledger had when the part of it that is left begins */
	struct digest digest;
	struct bounds bounds;  /* by number, told at the ledger record */
	struct shelf *shelves; /* by partition */
	size_t n_shelves, n_waiting;
	UT_hash_handle hh;
};

/* --- the ledger --- */
struct publisher_chain {
	uint64_t ordinal; /* newest checked; 0 = none yet */
	struct digest hash;
	uint64_t first_ordinal, version;
	uint64_t enforced;            /* the newest version that an enforced entry demands of it */
	int64_t first_ms;             /* of its first record that is left */
	bool stopped;                 /* the newest checked ended an ownership */
	int64_t mark;                 /* the partition is read up to here, this round */
	Anpr__V1__LedgerRecord *next; /* read, not yet checked; NULL = none below the mark */
	int64_t next_offset;
	struct digest next_hash;
};

struct hour;      /* tally.c */
struct statement; /* tally.c */

struct verification {
	const struct verify_topics *topics;
	const struct verify_source *source;
	bool without_reads;
	void (*progress)(void *context, uint64_t done, uint64_t of);
	void *progress_context;
	uint64_t done, of, told; /* offsets, so markers of transactions count as well */
	struct verify_figures figures;
	struct offence offences[OFFENCE_COUNT];

	struct document_store *documents;
	struct governance *whole;   /* every entry that verified */
	struct governance *walking; /* the state at some version, for compiling */
	struct kept_entry *entries;
	size_t n_entries;
	bool broken; /* an entry did not verify: nothing after it is taken in */
	struct compiled compiled[CACHED];
	uint64_t uses;
	uint64_t head_sequence;
	struct digest head_hash;
	struct remembered_root *roots;
	size_t n_roots;

	struct stream *streams;
	size_t n_streams;
	struct trail *trails;
	struct publisher_chain *publishers;
	uint32_t n_publishers;
	struct hour *hours;
	struct statement *statements;
	struct {
		Anpr__V1__Account *account; /* NULL = none is at hand */
		int64_t offset;
	} ahead;                  /* the account that is taken in next */
	int64_t accounts_covered; /* accounts below it were made with ledger records below their mark */
	int64_t accounts_end;     /* those of all ledger records below their mark are below it */
	struct arena arena;
	struct buffer message;
};

/* --- offences.c --- */
void offence_add(struct verification *v, enum offence_kind kind, const char *where, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void offences_free(struct verification *v);
const char *place_format(char to[PLACE_BYTES], const char *topic, int32_t partition, int64_t offset);
#define PLACE(topic, partition, offset) place_format((char[PLACE_BYTES]){0}, (topic), (partition), (offset))

/* --- journal.c --- */
MUST struct status journal_round(struct verification *v, struct error *e);
void journal_free(struct verification *v);

/* --- policies.c --- */
/* The policy as it was when `version` was the newest entry, for reads published from `at` on. NULL: there is
 * no such version that verified. Borrowed until the next call. */
const struct policy_snapshot *policy_of(struct verification *v, uint64_t version, struct utc_ms at);
void policies_free(struct verification *v);

/* --- bounds.c --- */
void bounds_init(struct verification *v, struct bounds *b, const char *topic, int32_t partition);
void bounds_fini(struct bounds *b);
/* A number of a feed as a place. */
int64_t bounds_at(uint64_t sequence);
/* What an enforced entry demands. */
void bounds_limit(struct verification *v, struct bounds *b, const struct limit *limit, uint64_t entry);
/* The oldest version that may stand where this was met. */
uint64_t bounds_demand(struct bounds *b, const struct recent *met);

/* --- stream.c --- */
/* The streams of every topic that an agreement ever named. errors: the source's. */
MUST struct status streams_open(struct verification *v, struct error *e);
struct stream *stream_find(struct verification *v, const char *topic, int32_t partition);
/* Ask how far each goes now: into `covered`, or into `end`. */
MUST struct status streams_mark(struct verification *v, bool covered, struct error *e);
/* Fetch the next read: checked, and put on its shelf. WAIT: there is none below `end`. */
MUST struct status stream_pull(struct verification *v, struct stream *s, struct error *e);
void streams_free(struct verification *v);

/* --- read.c --- */
void read_check(struct verification *v, struct stream *s, const struct verify_record *record);

/* --- trail.c --- */
struct trail *trail_of(struct verification *v, const char *partner, const char *topic);
struct shelf *trail_shelf(struct trail *t, size_t partition);
/* What an enforced entry demands of the publisher's feeds. */
void trails_limit(
	struct verification *v, const Anpr__V1__FencedPublisher *fenced, uint64_t version, uint64_t entry);
void shelf_put(struct verification *v, struct trail *t, const struct stream *s,
	const struct verify_record *record, uint64_t sequence, uint64_t partition_sequence, uint64_t version);
/* What is left of the ledger begins behind this number. */
void trail_begin_at(struct verification *v, struct trail *t, uint64_t sequence);
/* Reads below `covered` that no ledger record accounts for. */
void trails_left_over(struct verification *v);
void waiting_free(struct trail *t, struct waiting *w);
void trails_free(struct verification *v);

/* --- ledger.c --- */
/* Once the journal has told how many publishers there are. */
void ledger_open(struct verification *v);
MUST struct status ledger_mark(struct verification *v, struct error *e);
MUST struct status ledger_settle(struct verification *v, struct error *e);
MUST struct status ledger_round(struct verification *v, struct error *e);
void ledger_free(struct verification *v);

/* --- match.c --- */
/* Fetch what a ledger record accounts for, as far as it is there. errors: the source's; it can be repeated */
MUST struct status match_fetch(struct verification *v, const Anpr__V1__LedgerRecord *record, struct error *e);
/* Find the reads that a ledger record says it published into one topic. Returns how many it says; 0 where
 * that cannot be known, `known` false then. */
uint64_t match_feed(struct verification *v, const Anpr__V1__LedgerRecord *record, const char *partner,
	const Anpr__V1__Feed *feed, const char *where, bool *known);

/* --- tally.c --- */
/* Ask how far the accounts go: into `covered` before the ledger is asked the same, into `end` after it. */
MUST struct status accounts_mark(struct verification *v, bool covered, struct error *e);
/* Take in those that can have been made with a ledger record of this time, or an older one. errors: the
 * source's; it can be repeated. */
MUST struct status accounts_until(struct verification *v, int64_t written_at_ms, struct error *e);
/* Add a ledger record's counts to their hour, compare the accounts that were made with it, and see that there
 * are accounts of the hours that are over by it. */
void tally_add(struct verification *v, const struct publisher_chain *chain,
	const Anpr__V1__LedgerRecord *record, const struct digest *hash);
/* At a round's end: see that there are accounts of where publishers stopped; take in the others, up to their
 * end, and tell those made with a ledger record that is not there. */
MUST struct status tally_left_over(struct verification *v, struct error *e);
void tally_free(struct verification *v);

/* --- round.c --- */
void verification_did(struct verification *v, uint64_t n);
uint32_t publisher_of(const struct verification *v, struct span partner);

#endif

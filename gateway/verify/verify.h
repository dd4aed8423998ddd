/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking, by somebody who trusts neither body, that what lies in Kafka is what the guarantees promise:
 * journal, ledger and accounts for themselves, and every read on the police topics against them. Where
 * the records come from (a cluster, a bundle) is a source's business; nothing is ever written. Heads are left
 * out: they hold the key of the repeats' hashes, which is the gateway's alone.
 *
 * One thread; memory does not grow with the number of reads.
 */
#ifndef ANPR_VERIFY_VERIFY_H
#define ANPR_VERIFY_VERIFY_H

#include "gateway/base/clock.h"
#include "gateway/base/digest.h"
#include "gateway/base/error.h"

#define VERIFY_PARTITIONS_MAX 1024 /* of a topic */

/* What can be found wrong. Words and meaning: offence_name, offence_meaning, and proto/FORMATS.md. */
enum offence_kind {
	OFFENCE_NONE = 0,
	OFFENCE_JOURNAL,
	OFFENCE_DOCUMENT,
	OFFENCE_HEAD,
	OFFENCE_TRUST_ROOT,
	OFFENCE_LEDGER,
	OFFENCE_STATEMENT,
	OFFENCE_UNSIGNED,
	OFFENCE_TOTALS,
	OFFENCE_ACCOUNT,
	OFFENCE_ACCOUNT_MISSING,
	OFFENCE_VERSION,
	OFFENCE_READ_ADDED,
	OFFENCE_READ_ALTERED,
	OFFENCE_READ_MISSING,
	OFFENCE_READ_AFTER_OFF,
	OFFENCE_READ_OTHER_VERSION,
	OFFENCE_READ_NOT_PERMITTED,
	OFFENCE_READ_NOT_AS_AGREED,
	OFFENCE_COUNT
};
const char *offence_name(enum offence_kind kind);    /* "read_added" */
const char *offence_meaning(enum offence_kind kind); /* a sentence for people */

/* The first of its kind, and how many there are. Never says anything personal: places and numbers only. */
struct offence {
	uint64_t n;
	char *where; /* "anpr.reads partition 3 offset 1201"; owned by the verification */
	char *what;
};

/* What was looked at. Counts since the verification was made. */
struct verify_figures {
	uint64_t entries, documents;         /* journal entries taken in; texts they name */
	uint64_t ledger_records, statements; /* signed accounts */
	uint64_t accounts_compared;          /* hours whose ledger records were all there */
	uint64_t reads;                      /* on the topics, each decided again */
	uint64_t reads_accounted;            /* found in the ledger, in place, with the right digest */
	uint64_t reads_gone;                 /* in the ledger, gone from the topic by retention */
	uint64_t reads_before_ledger;        /* on the topic, older than what is left of the ledger */
	uint64_t not_enforced;               /* narrowing entries without their enforced entry yet */
	struct utc_ms from, to;              /* of the ledger records; 0 = none */
};

struct verify_record {
	int64_t offset, timestamp_ms;
	struct span key, value; /* borrowed until the next call on the source */
};

/* Where records come from. Only committed ones, in the order of their partition. */
struct verify_source {
	void *context;
	/* How many partitions the topic has; 0 = it is not here (a bundle holds no reads).
	 * errors: RETRY, REFUSED with why. */
	struct status (*partitions)(void *context, const char *topic, int32_t *out, struct error *e);
	/* The offset behind the newest record, uncommitted ones included, of partitions 0 to n - 1, as of
	 * now. */
	struct status (*newest)(void *context, const char *topic, int32_t n, int64_t *out, struct error *e);
	/* The same, as far as it is decided whether records are committed: what a transaction under way has
	 * appended, and all after it, is left out. */
	struct status (*settled)(void *context, const char *topic, int32_t n, int64_t *out, struct error *e);
	/* The oldest offset there is. */
	struct status (*oldest)(
		void *context, const char *topic, int32_t partition, int64_t *out, struct error *e);
	/* The next record. WAIT: none is left below `limit`. RETRY, REFUSED: with why; it can be called
	 * again. */
	struct status (*next)(void *context, const char *topic, int32_t partition, int64_t limit,
		struct verify_record *out, struct error *e);
};

/* Wait until every transaction with a record below these marks, of partitions 0 to n - 1, is over.
 * errors  the source's; RETRY where one stays open, with why in `e`. */
MUST struct status verify_settle(
	const struct verify_source *s, const char *topic, int32_t n, const int64_t *marks, struct error *e);

struct document_store;

struct verify_topics {
	const char *journal, *documents, *ledger, *accounts;
};

/* Take in the texts that the journal names, as many as there are now. did: told of each record; may be NULL.
 * errors  RETRY, REFUSED: the source failed, with why in `e`. */
MUST struct status verify_documents(const struct verify_source *s, const char *topic,
	struct document_store *to, void (*did)(void *context), void *context, struct error *e);

struct verification;

/* shape   topics, source: borrowed for its life
 *         progress: told now and then how far it has come, in records; may be NULL */
struct verification *verification_new(const struct verify_topics *topics, const struct verify_source *source,
	void (*progress)(void *context, uint64_t done, uint64_t of), void *context);
void verification_free(struct verification *v);

/* What the asker knows from elsewhere: an entry of the journal seen before; an organisation's CA (PEM).
 * Checked with each round. */
void verification_remember_head(struct verification *v, uint64_t sequence, const struct digest *hash);
void verification_remember_root(struct verification *v, const char *organisation, struct span pem);

/* Look at no read, as if the police topics were not there (a bundle's are not). Before the first round. */
void verification_leave_out_reads(struct verification *v);

/* Check everything that was committed when the call began and was not checked before: the first call all
 * there is, each later one what has come since.
 * errors  RETRY, REFUSED: the source failed, with why in `e`; what was checked stays checked. What is found
 *         wrong is no error; see verification_offence. */
MUST struct status verification_round(struct verification *v, struct error *e);

const struct verify_figures *verification_figures(const struct verification *v);
/* NULL: none of this kind was found. */
const struct offence *verification_offence(const struct verification *v, enum offence_kind kind);
bool verification_clean(const struct verification *v);
/* The newest entry that verified. */
uint64_t verification_head(const struct verification *v, struct digest *hash);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the files a publisher is made of: publisher.c (thread and questions), steer.c (which
 * sources run), shown.c (what others see), batch.c (reads in), transaction.c (reads out), statement.c (ledger
 * records, heads, accounts), resume.c and resume_heads.c (from the topics back to a state). Nobody else
 * includes it. Everything runs on the publisher's thread unless said otherwise.
 */
#ifndef ANPR_CORE_PUBLISHER_INTERNAL_H
#define ANPR_CORE_PUBLISHER_INTERNAL_H

#include "gateway/base/arena.h"
#include "gateway/core/misread.h"
#include "gateway/core/partner.h"
#include "gateway/core/publisher.h"
#include "gateway/core/window.h"
#include "gateway/kafka/producer.h"
#include "gateway/kafka/reader.h"

#include <pthread.h>

#define BATCH_READS_MAX 4000
#define BATCH_BYTES_MAX (24u << 20)
/* Between commits: closer ones meet the coordinator still at the markers of the one before. */
#define BATCH_SPACING_MS 60
#define END_GUARD_MS     3000 /* a batch begun so close before an end takes no read it covers (DESIGN.md 3) */
#define HEAD_EVERY_MS    60000
#define MARKS_MAX        256 /* where, by minute, the ledger stood: for the window */

/* What one frame of a source brought. */
struct batch_part {
	struct partner *partner;
	struct read_batch reads;
	int64_t received_ms; /* UTC */
	struct batch_part *next;
};

/* What is gathered for one transaction, kept until its fate is known. */
struct batch {
	struct arena arena;
	struct batch_part *first, **last;
	size_t n_reads;
	int64_t opened_ms; /* monotonic; when the first part came */
};

/* The newest transaction: its id is found again in the ledger if it was committed after all. */
struct attempt {
	uint8_t id[16];
	bool in_doubt; /* its commit ended unknown */
	bool of_batch; /* it carried the current batch */
};

struct mark {
	int64_t at_ms, offset;
};

struct attachment {
	char *partner;
	int fd;
	struct attachment *next;
};

struct publisher {
	struct publisher_options options;
	pthread_t thread;
	int wake_fd;
	char transactional_id[64];
	_Atomic(uint64_t) fence_wanted;
	_Atomic(uint64_t) assigned; /* the newest look that said it is ours; 0 = it is another node's */
	atomic_bool stopping;

	pthread_mutex_t lock; /* guards down to the next comment, and p->partners' list and reports */
	struct attachment *attachments;
	struct fence_report report;
	uint64_t fence_done;
	char state[32], detail[256];
	uint64_t transactions, aborted;
	int64_t begun_ms; /* when the transaction under way was begun; 0 = none is */
	int64_t transaction_ms;
	struct histogram transaction_times;
	int64_t cameras_at_ms;   /* when figures by camera were shown last */
	int64_t clock_offset_ms; /* broker's minus ours, at least, as of the newest transaction; INT64_MAX =
				    not known */
	struct partner_status *shown; /* what others see of the partners */
	size_t n_shown;
	uint64_t shown_ordinal;
	struct trial *offered; /* NULL = none */

	/* The thread's own. */
	uint64_t needed;           /* look that has to say it is ours before a producer is opened again */
	struct partner **partners; /* changed under the lock; read by the thread without */
	size_t n_partners;
	struct producer *producer; /* NULL = not open */
	struct watermarks *ends;   /* kept, as receipts wait for what it is asked after each fence */
	struct policy_snapshot *snapshot;
	struct batch batches[2], *current, *next;
	struct window window;
	struct misreads misreads;
	struct arena scratch;  /* of the transaction in hand */
	struct buffer message; /* one message being made */
	struct attempt attempt;
	bool known; /* the state below is that of the ledger up to `ordinal` */
	uint64_t ordinal;
	struct digest ledger_hash;
	int64_t ledger_next; /* offset to read on from */
	struct mark marks[MARKS_MAX];
	size_t n_marks;
	bool window_key_new; /* not yet in the heads topic */
	int64_t head_at_ms, commit_at_ms, retry_at_ms, resume_wait_ms, resumed_at_ms; /* monotonic */
	int64_t end_ms; /* UTC; when the first end falls due of what is in hand: not committed after it */
	struct trial *trial; /* NULL = none runs */
	bool ours;           /* as last acted upon */
	bool head_stale;     /* something was committed since the last head */
};

/* adopt.c */
struct partner *publisher_partner(struct publisher *p, struct span id);
/* Partners and policy as of now. */
MUST struct status adopt_policy(struct publisher *p);
/* Sockets that have come since, of partners that are known by now. */
void adopt_attachments(struct publisher *p);
void adopt_free(struct publisher *p);

/* publisher.c */
void publisher_say(struct publisher *p, const char *state, const char *detail);
/* Something makes the transaction in hand moot: it must not be committed. */
bool publisher_interrupted(struct publisher *p);

/* shown.c */
/* Let others see how it stands. */
void shown_update(struct publisher *p);

/* batch.c */
void batch_reset(struct batch *b);
bool batch_full(const struct batch *b);
/* Take in frames for at most timeout_ms, each source's in turn and one each at least; returns early when the
 * batch is full, is no longer empty, or the publisher is woken. */
void batch_gather(struct publisher *p, struct batch *b, int timeout_ms);
/* Drop the partner's parts: its source will be asked for them again. */
void batch_forget(struct batch *b, const struct partner *partner);

/* steer.c */
/* Stop all sources and forget what they brought: another node goes on from the ledger. */
void steer_leave(struct publisher *p);
/* Start and stop sources as policy, holds, topics and ends have it. */
void steer_run(struct publisher *p);
/* Whether the part, and with it all that follows of the partner, has to wait for an end. */
bool steer_guard(struct partner *partner, const struct partner_policy *policy, const struct batch_part *part,
	struct utc_ms now);

/* transaction.c */
enum transaction_end { TRANSACTION_NOT, TRANSACTION_DONE, TRANSACTION_UNKNOWN };
/* One transaction: the batch's reads (NULL = none), a ledger record of `kind`, accounts and heads that are
 * due. NOT and UNKNOWN: the producer is finished, resume. */
enum transaction_end transaction_run(
	struct publisher *p, struct batch *b, Anpr__V1__LedgerRecord__Kind kind, struct error *e);

/* Queue a message of the transaction, waiting for room. */
MUST struct status transaction_send(struct publisher *p, const struct producer_message *m, struct error *e);

/* statement.c */
/* The ledger record of the transaction in hand, sent; *hash is its hash. */
MUST struct status statement_ledger(struct publisher *p, Anpr__V1__LedgerRecord__Kind kind, struct utc_ms now,
	struct digest *hash, struct error *e);
/* Accounts of hours that are over, for all partners; at a stop also of the hour under way. */
MUST struct status statement_accounts(
	struct publisher *p, struct utc_ms now, bool all, const struct digest *hash, struct error *e);
MUST struct status statement_head(
	struct publisher *p, struct utc_ms now, const struct digest *hash, struct error *e);
bool statement_hour_over(const struct publisher *p, struct utc_ms now);
int64_t hour_of(int64_t utc_ms);

/* resume.c */
/* A new handle, the ledger read, unknown commits settled, the take-over recorded. errors: RETRY;
 * WAIT: something newer came meanwhile, begin again at once. */
MUST struct status resume_run(struct publisher *p, struct error *e);
/* The same as far as a fence needs it, for another node's publisher: nothing is written or kept open. */
MUST struct status resume_fence(struct publisher *p, struct error *e);
void resume_mark(struct publisher *p, int64_t at_ms, int64_t offset);
#define LEDGER_MS 20000 /* that nothing may come while it is read back */
/* resume_heads.c */
/* Everything is forgotten, and then is what the newest head says. *from: where the ledger has what the head
 * leaves out, and the duplicate window. *covered: ordinal of the newest record that the head knows. */
MUST struct status resume_heads(struct publisher *p, int64_t *from, uint64_t *covered, struct error *e);

#endif

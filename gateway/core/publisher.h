/* SPDX-License-Identifier: Apache-2.0
 *
 * Publisher k owns the transactional id anpr-publisher-<k>, alone writes partition k of the ledger, and
 * carries every partner with murmur2(partner) mod N = k: reads in, one transaction with the permitted ones
 * and a ledger record out. One thread each.
 */
#ifndef ANPR_CORE_PUBLISHER_H
#define ANPR_CORE_PUBLISHER_H

#include "gateway/base/histogram.h"
#include "gateway/core/holds.h"
#include "gateway/core/journal.h"
#include "gateway/core/totals.h"
#include "gateway/core/trial.h"

struct publisher;

struct publisher_options { /* all borrowed for the publisher's life */
	const struct kafka_config *kafka;
	const char *ledger, *heads, *accounts; /* topics */
	const char *node, *gateway;
	const struct node_key *key;
	struct journal *journal;
	struct holds *holds;
	uint32_t index, count;
	int64_t batch_ms, window_ms;
	void (*fenced)(void *context); /* on the publisher's thread, after a fence asked for is done; must not
					  block */
	void *context;
	uint64_t (*ask)(void *nodes); /* have it asked anew whose this publisher is: the number of the look */
	void *nodes;
};

MUST struct status publisher_start(
	const struct publisher_options *options, struct publisher **out, struct error *e);
/* Ask it to write its last record and end; join waits. */
void publisher_stop(struct publisher *p);
void publisher_join(struct publisher *p);

/* Whose it is, by the look of that number: this node's, or (0) another's. Until the first it is nobody's, and
 * like one of another node's opens nothing, but to fence. Returns whether that is new. One thread. */
bool publisher_assign(struct publisher *p, uint64_t look);

/* Any thread: another node runs it, or nobody knows yet who does. */
bool publisher_elsewhere(const struct publisher *p);

/* Any thread: something changed that the publisher should look at. */
void publisher_wake(struct publisher *p);
/* Any thread: the socket of a partner's source. Takes the descriptor. */
void publisher_attach(struct publisher *p, const char *partner, int fd);
/* Any thread: the holds have changed. When this returns, nothing more of a held partner is begun to be
 * committed. */
void publisher_hold(struct publisher *p);

/* Any thread: decide reads a second time for this trial; held while it runs. */
void publisher_try(struct publisher *p, struct trial *trial);

/* Any thread: fence, for the narrowing entry numbered `entry`, which has been read back. */
void publisher_fence(struct publisher *p, uint64_t entry);
/* Where it stood when the newest fence returned. */
struct fence_report {
	uint64_t entry;       /* newest entry asked for when the fence began */
	int64_t fenced_at_ms; /* UTC */
	struct fence_feed {
		char partner[65], topic[250];
		uint64_t sequence;
	} * feeds;
	size_t n_feeds;
	struct fence_end {
		char topic[250];
		uint32_t partition;
		int64_t high_watermark;
	} * ends;
	size_t n_ends;
};
/* OK: a fence begun after `entry` was asked for is done, *out is a copy (fence_report_free). WAIT: not yet.
 */
MUST struct status publisher_fenced(struct publisher *p, uint64_t entry, struct fence_report *out);
void fence_report_free(struct fence_report *r);

/* For status: a copy of counts, without cameras. */
struct partner_status {
	char id[65];
	unsigned source_state;
	char detail[128];
	bool on, held, blocked;
	struct totals ever;
	int64_t newest_arrival_ms; /* 0 = none that is known of */
	uint64_t off_entry;        /* the newest off in force; 0 = none */
	int64_t off_at_ms;
	uint64_t suppressed; /* reads denied by an off since then, or since start */
};
struct publisher_status {
	uint32_t index;
	bool elsewhere; /* it is not this node's: counts and sources are not either */
	char state[32]; /* "idle" "resuming" "publishing" "waiting" "elsewhere" */
	char detail[256];
	uint64_t ordinal; /* of its newest ledger record */
	uint64_t transactions, aborted;
	int64_t transaction_ms; /* the newest one's length */
	struct histogram transaction_times;
	int64_t clock_offset_ms; /* broker's clock minus ours, at least; INT64_MAX = not known */
	struct partner_status *partners;
	size_t n_partners;
};
MUST struct status publisher_status(struct publisher *p, struct publisher_status *out);
void publisher_status_free(struct publisher_status *s);
/* The partner's counts by camera in the clock hour under way, some seconds old at most; the caller frees with
 * totals_free. WAIT: it is not this publisher's partner. */
MUST struct status publisher_cameras(
	struct publisher *p, const char *partner, struct totals *out, struct utc_ms *hour);

#endif

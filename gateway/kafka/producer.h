/* SPDX-License-Identifier: Apache-2.0
 *
 * A transactional producer with one life: after any failure it can only be closed. What a call returns says
 * what is known of the transaction:
 *
 *   OK         done
 *   WAIT       not yet; call the same again (in slices, so that a switch can be checked in between)
 *   RETRY      failed, and known not to be committed: close, resume, decide afresh
 *   FAULT      commit only: its fate is unknown: close, resume, ask the ledger
 *   REFUSED    known not to be committed: fenced by another owner, or refused for good (`e` says which)
 *   BAD_INPUT  send only: this message cannot be sent; the transaction goes on
 *
 * thread: one at a time for each producer.
 */
#ifndef ANPR_KAFKA_PRODUCER_H
#define ANPR_KAFKA_PRODUCER_H

#include "gateway/kafka/kafka.h"

struct producer;

/* A new handle, not yet initialised. `e` gets the reason. */
MUST struct status producer_open(const struct kafka_config *config, const char *transactional_id,
	struct producer **out, struct error *e);
/* InitProducerId: fences every earlier owner of the id and waits for its last transaction to end; then
 * fetches the metadata of `topics` (NULL-terminated), without which the first transaction takes a second. At
 * most timeout_ms. errors: RETRY (broker away, time-out: open a new one), REFUSED (not authorised). */
MUST struct status producer_init(
	struct producer *p, const char *const *topics, int timeout_ms, struct error *e);
/* The same, later, for topics that were not named then. REFUSED: not authorised; RETRY: not there, or no
 * answer. */
MUST struct status producer_learn(
	struct producer *p, const char *const *topics, int timeout_ms, struct error *e);
/* Open and init, hedged: where a transaction of the id is in flight, librdkafka would wait half a second
 * before it asks again; a new handle asks at once. OK as soon as the fence stands: topics are asked for as
 * well, but where they could not be had producer_partitions is 0 and the handle is good for closing only. */
MUST struct status producer_fence(const struct kafka_config *config, const char *transactional_id,
	const char *const *topics, int timeout_ms, struct producer **out, struct error *e);

MUST struct status producer_begin(struct producer *p, struct error *e);

struct producer_message {
	const char *topic;
	int32_t partition;
	struct span key;   /* copied */
	struct span value; /* unless `copy`, borrowed until commit says OK, or abort or close has returned */
	bool copy;
	int64_t timestamp_ms; /* 0 = now */
	/* Headers as name, value, name, value; NULL-terminated list of C strings, or NULL. Copied. */
	const char *const *headers;
};
/* Queue one message. WAIT: the queue is full, flush a slice first. BAD_INPUT: too large, or a topic or
 * partition this producer was not told of. */
MUST struct status producer_send(struct producer *p, const struct producer_message *m, struct error *e);
/* Wait at most slice_ms for everything sent to be acknowledged. */
MUST struct status producer_flush(struct producer *p, int slice_ms, struct error *e);
/* End the transaction, at most slice_ms, flushing first what was not; once the broker has been asked (WAIT
 * after all was acknowledged) only commit may be called. Who gives up waiting closes: the fate is unknown
 * then. */
MUST struct status producer_commit(struct producer *p, int slice_ms, struct error *e);
/* Abort, as the last call before close; a transaction whose commit was asked for is left alone. When it
 * returns nothing of the caller's is referred to. Takes timeout_ms, and longer only while the system's name
 * resolver hangs. */
void producer_abort(struct producer *p, int timeout_ms);
/* Partition count of a topic as of init. 0 = unknown. */
int32_t producer_partitions(struct producer *p, const char *topic);
/* Offset given to the last message acknowledged on the topic's partition; -1 = none. For the journal's
 * read-back. */
int64_t producer_last_offset(struct producer *p, const char *topic, int32_t partition);
/* By how much the broker's clock must differ from ours, at least: its time minus ours, as of the last
 * acknowledged message on a topic with append time, sent alone; 0 where the broker stamped it between our
 * sending it and hearing of it. false = not known. */
bool producer_clock_offset(struct producer *p, int64_t *offset_ms);
/* The error as a fixed word for logs and status, e.g. "_FENCED". Never NULL. */
const char *producer_error_word(const struct producer *p);
/* Close and free; NULL is fine. Nothing of the caller's is referred to afterwards. Takes 3 s at most, and
 * longer only while there are borrowed values and the system's name resolver hangs. A transaction that is
 * open stays so at the broker until its time-out, or until the id is taken again. */
void producer_close(struct producer *p);

#endif

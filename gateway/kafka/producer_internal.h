/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by producer.c (its life), transaction.c (what it is for), topics.c (what is known of topics) and
 * fence.c. Nobody else includes it.
 */
#ifndef ANPR_KAFKA_PRODUCER_INTERNAL_H
#define ANPR_KAFKA_PRODUCER_INTERNAL_H

#include "gateway/kafka/bound.h"
#include "gateway/kafka/client.h"
#include "gateway/kafka/producer.h"

#define PRODUCER_GRACE_MS   1000 /* a call that outstays its time by this much is not waited for any longer */
#define PRODUCER_TOPICS_MAX 64

enum life {
	LIFE_OVER = 0, /* can only be closed */
	LIFE_NEW,      /* not yet initialised */
	LIFE_IDLE,     /* initialised, no transaction */
	LIFE_OPEN,     /* in a transaction */
	LIFE_ENDING,   /* its commit has been asked for: only that may be called again */
};

enum call { CALL_INIT, CALL_METADATA, CALL_BEGIN, CALL_COMMIT, CALL_ABORT };

struct topic {
	char *name;
	rd_kafka_topic_t *handle;
	int32_t partitions; /* 0 = not known */
	int64_t *last;      /* per partition the newest offset acknowledged; -1 = none */
	int64_t sent_ms;    /* clock when the newest message was queued */
};

struct producer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue; /* the main one: delivery reports, errors, log lines */
	struct bound *bound;
	struct client_events events;
	enum life life;
	bool begun;                /* the broker may hold a transaction open that could be aborted */
	bool lost;                 /* a call has outstayed its time and may yet be running */
	rd_kafka_resp_err_t error; /* what ended it */
	struct topic *topics[PRODUCER_TOPICS_MAX];
	size_t n_topics;
	size_t pending; /* messages not yet reported on */
	size_t failed;  /* of this transaction */
	bool clock_known;
	int64_t clock_offset_ms;

	bool calling;       /* a call has been started and not yet been seen to return */
	int64_t call_until; /* monotonic: when it is given up */
	/* The call itself; the other thread's until it is done. */
	enum call call;
	int call_ms;
	rd_kafka_error_t *result;
	const struct rd_kafka_metadata *metadata;
};

/* Have a call made on the producer's thread. false: that is busy for ever. */
bool producer_start(struct producer *p, enum call call, int timeout_ms);
/* Wait for it, serving delivery reports. true: it has returned, and `p->result` is the caller's to destroy.
 * false: not yet, or (p->lost) it has been given up and the producer's life is over. */
bool producer_wait(struct producer *p, int timeout_ms);
/* Both. false: given up. */
bool producer_call(struct producer *p, enum call call, int timeout_ms);
/* Serve events for at most timeout_ms; stops at the first that brings anything. */
void producer_serve(struct producer *p, int timeout_ms);
/* End its life for `error`; says what it means for the caller, and why in e. */
struct status producer_over(
	struct producer *p, const char *doing, rd_kafka_resp_err_t error, const char *words, struct error *e);
/* The same for p->result, which is destroyed. */
struct status producer_over_result(struct producer *p, const char *doing, struct error *e);
/* Nothing of the caller's is referred to any longer when this returns. */
void producer_forget(struct producer *p);
/* One go at InitProducerId. OK; WAIT: not in slice_ms, *why tells; else its life is over. */
struct status producer_init_slice(
	struct producer *p, int slice_ms, rd_kafka_resp_err_t *why, struct error *e);

/* topics.c */
struct topic *topic_find(struct producer *p, const char *name);
void topics_free(struct producer *p);
void topics_acknowledged(struct producer *p, const rd_kafka_message_t *message);

#endif

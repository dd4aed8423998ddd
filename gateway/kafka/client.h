/* SPDX-License-Identifier: Apache-2.0
 *
 * What producers, readers and administration share: settings, what a handle's events say, what an error means
 * for the caller. For this folder only; nobody else sees librdkafka's types.
 */
#ifndef ANPR_KAFKA_CLIENT_H
#define ANPR_KAFKA_CLIENT_H

#include "gateway/kafka/kafka.h"

#include <librdkafka/rdkafka.h>

#ifdef __SANITIZE_THREAD__
extern const int client_tsan_threads; /* tsan_threads.c */
#endif

#define CLIENT_REQUEST_MS 3000 /* one request to one broker; a frozen one must not cost more */

struct client_setting {
	const char *name, *value;
};

/* A new handle with what all share, and `settings` (the last one's name is NULL). Its logs and errors are
 * events on its main queue. errors: BAD_INPUT (addresses or certificates), RETRY (no memory, no thread). */
struct status client_new(const struct kafka_config *config, rd_kafka_type_t type,
	const struct client_setting *settings, int events, rd_kafka_t **out, struct error *e);

/* The same, with a last word on the settings before the handle is made. */
struct status client_new_with(const struct kafka_config *config, rd_kafka_type_t type,
	const struct client_setting *settings, int events, void (*last)(rd_kafka_conf_t *conf, void *context),
	void *context, rd_kafka_t **out, struct error *e);

/* What the events of a handle have said. Zero it. */
struct client_events {
	rd_kafka_resp_err_t error; /* the newest */
	char words[256];           /* the same, for people */
	unsigned long all_down;    /* times the last broker went away */
	bool transaction_failed;   /* it can only be aborted */
};
/* Take in an event that is an error or a log line. The event stays the caller's. */
void client_event(struct client_events *c, rd_kafka_event_t *event);
/* The same for all that waits on the main queue, without waiting. Not for handles with other events. */
void client_drain(struct client_events *c, rd_kafka_queue_t *queue);

/* RETRY, or REFUSED for what the same call can never get past: fenced, not allowed. Never OK. */
struct status client_status(rd_kafka_resp_err_t error);
bool client_is_fenced(rd_kafka_resp_err_t error);
/* "`doing`: words (_CODE)" into e, with what the events said where the error itself says little. */
void client_explain(struct error *e, const char *doing, rd_kafka_resp_err_t error, const char *words,
	const struct client_events *c);

#endif

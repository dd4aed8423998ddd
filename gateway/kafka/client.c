/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings and errors that all handles have in common. The settings are answers to traps of librdkafka 2.0.2;
 * each says which.
 */
#include "gateway/kafka/client.h"

#include "gateway/base/log.h"

#include <stdio.h>

static const struct client_setting shared[] = {
	/* The default of 60 s would let one frozen broker eat every time limit there is. */
	{"socket.timeout.ms", "3000"},
	{"socket.connection.setup.timeout.ms", "3000"},
	{"api.version.request.timeout.ms", "3000"},
	{"socket.keepalive.enable", "true"},
	/* Over TLS, Nagle's algorithm and delayed acknowledgements cost 40 ms a transaction. */
	{"socket.nagle.disable", "true"},
	{"reconnect.backoff.ms", "50"},
	{"reconnect.backoff.max.ms", "1000"},
	{"topic.metadata.refresh.interval.ms", "60000"},
	{"topic.metadata.refresh.fast.interval.ms", "100"},
	{"receive.message.max.bytes", "16777216"},
	/* Nothing on standard error, no calls from foreign threads: everything is an event. */
	{"log.queue", "true"},
	{"log_level", "4"},
	{"log.connection.close", "false"},
	{NULL, NULL},
};

#ifdef __SANITIZE_THREAD__
/* So that the linker takes it. */
extern const int *const client_threads_used;
const int *const client_threads_used = &client_tsan_threads;
#endif

static struct status set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *e)
{
	char words[512];

	if (rd_kafka_conf_set(conf, name, value, words, sizeof words) == RD_KAFKA_CONF_OK)
		return S_OK;
	return error_set(e, "Kafka setting %s: %s", name, words);
}

static struct status set_all(rd_kafka_conf_t *conf, const struct client_setting *settings, struct error *e)
{
	for (; settings->name; settings++)
		TRY(set(conf, settings->name, settings->value, e));
	return S_OK;
}

/* The texts may hold private keys, so they are not in what is said of a failure. */
static struct status set_pem(rd_kafka_conf_t *conf, const char *name, const char *pem, struct error *e)
{
	char words[512];

	if (rd_kafka_conf_set(conf, name, pem, words, sizeof words) == RD_KAFKA_CONF_OK)
		return S_OK;
	return error_set(e, "Kafka setting %s: the text is not accepted", name);
}

/* No certificates at all means no TLS: tests with a mock cluster, which speaks none. */
static struct status set_security(rd_kafka_conf_t *conf, const struct kafka_config *config, struct error *e)
{
	if (!config->ca_pem && !config->cert_pem && !config->key_pem)
		return S_OK;
	if (!config->ca_pem || !config->cert_pem || !config->key_pem)
		return error_set(e, "Kafka needs all of CA, certificate and key");
	TRY(set(conf, "security.protocol", "ssl", e));
	TRY(set(conf, "ssl.endpoint.identification.algorithm", "https", e));
	TRY(set_pem(conf, "ssl.ca.pem", config->ca_pem, e));
	TRY(set_pem(conf, "ssl.certificate.pem", config->cert_pem, e));
	return set_pem(conf, "ssl.key.pem", config->key_pem, e);
}

static struct status set_up(rd_kafka_conf_t *conf, const struct kafka_config *config,
	const struct client_setting *settings, struct error *e)
{
	if (!config->brokers || !*config->brokers)
		return error_set(e, "no Kafka brokers given");
	TRY(set(conf, "bootstrap.servers", config->brokers, e));
	TRY(set(conf, "client.id", config->client_id ? config->client_id : "anpr", e));
	TRY(set_security(conf, config, e));
	TRY(set_all(conf, shared, e));
	return set_all(conf, settings, e);
}

struct status client_new_with(const struct kafka_config *config, rd_kafka_type_t type,
	const struct client_setting *settings, int events, void (*last)(rd_kafka_conf_t *conf, void *context),
	void *context, rd_kafka_t **out, struct error *e)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct status status = set_up(conf, config, settings, e);
	char words[512];

	if (ok(status)) {
		rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR | events);
		if (last)
			last(conf, context);
		*out = rd_kafka_new(type, conf, words, sizeof words);
		if (*out) {
			rd_kafka_set_log_queue(*out, NULL); /* NULL = the main queue */
			return S_OK;
		}
		status = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG ? S_BAD_INPUT : S_RETRY;
		error_add(e, NULL, 0, 0, "Kafka client: %s", words);
	}
	rd_kafka_conf_destroy(conf);
	return status;
}

struct status client_new(const struct kafka_config *config, rd_kafka_type_t type,
	const struct client_setting *settings, int events, rd_kafka_t **out, struct error *e)
{
	return client_new_with(config, type, settings, events, NULL, NULL, out, e);
}

static void take_error(struct client_events *c, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t error = rd_kafka_event_error(event);

	if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		c->all_down++;
		if (c->error) /* what went before says why */
			return;
	}
	c->error = error;
	snprintf(c->words, sizeof c->words, "%s", rd_kafka_event_error_string(event));
	log_debug("kafka error", "code=%s detail=%s", rd_kafka_err2name(error), LOG_QUOTE(c->words));
}

static void take_log(struct client_events *c, rd_kafka_event_t *event)
{
	const char *facility = "", *text = "";
	int level = 7;

	if (rd_kafka_event_log(event, &facility, &text, &level) != 0)
		return;
	/* Nothing else tells before the messages' own time-outs do. Fatal ones follow as errors. */
	if (strcmp(facility, "TXNERR") == 0 && !strstr(text, "Fatal"))
		c->transaction_failed = true;
	log_debug("kafka says", "about=%s detail=%s", facility, LOG_QUOTE(text));
}

void client_event(struct client_events *c, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_ERROR:
		take_error(c, event);
		break;
	case RD_KAFKA_EVENT_LOG:
		take_log(c, event);
		break;
	}
}

void client_drain(struct client_events *c, rd_kafka_queue_t *queue)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(queue, 0))) {
		client_event(c, event);
		rd_kafka_event_destroy(event);
	}
}

bool client_is_fenced(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	       error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

struct status client_status(rd_kafka_resp_err_t error)
{
	static const rd_kafka_resp_err_t for_good[] = {
		RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,
		RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
		RD_KAFKA_RESP_ERR_SECURITY_DISABLED,
	};

	for (size_t i = 0; i < sizeof for_good / sizeof *for_good; i++)
		if (error == for_good[i])
			return S_REFUSED;
	return client_is_fenced(error) ? S_REFUSED : S_RETRY;
}

void client_explain(struct error *e, const char *doing, rd_kafka_resp_err_t error, const char *words,
	const struct client_events *c)
{
	const char *text = words && *words ? words : rd_kafka_err2str(error);

	if (c && *c->words && c->error != error)
		error_add(e, NULL, 0, 0, "%s: %s (%s); before that: %s", doing, text,
			rd_kafka_err2name(error), c->words);
	else
		error_add(e, NULL, 0, 0, "%s: %s (%s)", doing, text, rd_kafka_err2name(error));
}

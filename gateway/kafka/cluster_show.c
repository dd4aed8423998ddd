/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking the cluster: its brokers and their settings, the spec's topics and theirs, and who may do what. Each
 * part that may not be seen is left out, with the reason, and the rest is still asked for.
 */
#include "gateway/kafka/acl_wire.h"
#include "gateway/kafka/admin.h"

#include <stdlib.h>

static struct status take_brokers(struct cluster_view *v, const struct rd_kafka_metadata *m)
{
	for (int i = 0; i < m->broker_cnt; i++) {
		struct view_broker *b = LIST_PUSH(&v->memory, v->brokers, v->n_brokers, v->cap_brokers);

		REQUIRE(b, S_OVERLOAD);
		*b = (struct view_broker){.id = m->brokers[i].id,
			.address = text_format(&v->memory, "%s:%d", m->brokers[i].host, m->brokers[i].port),
			.settings.problem = "not answered"};
	}
	return S_OK;
}

static struct status take_topic(struct cluster_view *v, const char *name, const struct rd_kafka_metadata *m)
{
	struct view_topic *t = LIST_PUSH(&v->memory, v->topics, v->n_topics, v->cap_topics);

	REQUIRE(t, S_OVERLOAD);
	*t = (struct view_topic){.name = text_copy(&v->memory, name), .settings.problem = "not answered"};
	REQUIRE(t->name, S_OVERLOAD);
	for (int i = 0; i < m->topic_cnt; i++) {
		const struct rd_kafka_metadata_topic *from = &m->topics[i];

		if (strcmp(from->topic, name) != 0 || from->err)
			continue;
		t->partitions = from->partition_cnt;
		for (int p = 0; p < from->partition_cnt; p++) {
			if (p == 0 || from->partitions[p].replica_cnt < t->copies)
				t->copies = from->partitions[p].replica_cnt;
			if (p == 0 || from->partitions[p].isr_cnt < t->in_sync)
				t->in_sync = from->partitions[p].isr_cnt;
		}
	}
	return S_OK;
}

static struct status show_metadata(
	struct admin *a, const struct cluster_spec *spec, struct cluster_view *v, struct error *e)
{
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t error = rd_kafka_metadata(a->rk, 1, NULL, &m, admin_left(a));
	struct status status;

	if (error) {
		client_drain(&a->said, a->events);
		client_explain(e, "asking for brokers and topics", error, NULL, &a->said);
		return client_status(error);
	}
	status = take_brokers(v, m);
	for (size_t i = 0; i < spec->n_topics && ok(status); i++)
		status = take_topic(v, spec->topics[i].name, m);
	if (ok(status))
		status = take_topic(v, TRANSACTION_STATE, m);
	if (ok(status))
		status = take_topic(v, CONSUMER_OFFSETS, m);
	rd_kafka_metadata_destroy(m);
	return status;
}

static struct status take_settings(
	struct cluster_view *v, struct view_settings *to, const rd_kafka_ConfigResource_t *from)
{
	const rd_kafka_ConfigEntry_t **entries;
	size_t n;

	if (rd_kafka_ConfigResource_error(from)) {
		const char *words = rd_kafka_ConfigResource_error_string(from);

		to->problem = text_copy(&v->memory, words ? words : "refused");
		return S_OK;
	}
	to->problem = NULL;
	entries = rd_kafka_ConfigResource_configs(from, &n);
	for (size_t i = 0; i < n; i++) {
		struct view_setting *at = LIST_PUSH(&v->memory, to->items, to->n, to->cap);

		REQUIRE(at, S_OVERLOAD);
		at->name = text_copy(&v->memory, rd_kafka_ConfigEntry_name(entries[i]));
		at->value = text_copy(&v->memory, rd_kafka_ConfigEntry_value(entries[i]));
		at->own = rd_kafka_ConfigEntry_source(entries[i]) ==
			  RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
		REQUIRE(at->name, S_OVERLOAD);
	}
	return S_OK;
}

static struct view_settings *settings_of(struct cluster_view *v, const rd_kafka_ConfigResource_t *r)
{
	const char *name = rd_kafka_ConfigResource_name(r);

	if (rd_kafka_ConfigResource_type(r) == RD_KAFKA_RESOURCE_TOPIC) {
		for (size_t i = 0; i < v->n_topics; i++)
			if (strcmp(v->topics[i].name, name) == 0)
				return &v->topics[i].settings;
	} else {
		for (size_t i = 0; i < v->n_brokers; i++)
			if (v->brokers[i].id == strtol(name, NULL, 10))
				return &v->brokers[i].settings;
	}
	return NULL;
}

static void put_describe(struct admin *a, rd_kafka_ConfigResource_t **resources, size_t n, void *opaque)
{
	rd_kafka_AdminOptions_t *options = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, opaque);

	rd_kafka_DescribeConfigs(a->rk, resources, n, options, a->answers);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ConfigResource_destroy_array(resources, n);
}

/* One request a broker, as each answers only for itself, and one for all topics. Returns how many were put.
 */
static size_t put_questions(struct admin *a, struct cluster_view *v)
{
	rd_kafka_ConfigResource_t **topics = calloc(v->n_topics + 1, sizeof *topics);
	size_t n = 0, put = 0;

	for (size_t i = 0; i < v->n_brokers; i++, put++) {
		rd_kafka_ConfigResource_t *broker;
		char id[16];

		snprintf(id, sizeof id, "%d", (int)v->brokers[i].id);
		broker = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, id);
		put_describe(a, &broker, 1, &v->brokers[i].settings);
	}
	for (size_t i = 0; topics && i < v->n_topics; i++)
		if (v->topics[i].partitions > 0)
			topics[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, v->topics[i].name);
	if (n) {
		put_describe(a, topics, n, NULL);
		put++;
	}
	free(topics);
	return put;
}

static struct status take_answer(struct cluster_view *v, rd_kafka_event_t *answer)
{
	const rd_kafka_ConfigResource_t **resources;
	size_t n;

	resources =
		rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer), &n);
	for (size_t i = 0; i < n; i++) {
		struct view_settings *to = settings_of(v, resources[i]);

		if (to)
			TRY(take_settings(v, to, resources[i]));
	}
	return S_OK;
}

static struct status show_settings(struct admin *a, struct cluster_view *v)
{
	size_t put = put_questions(a, v);

	for (; put > 0; put--) {
		struct error e = {0};
		rd_kafka_event_t *answer;
		void *whose = NULL;
		struct status status = admin_answer(a, "asking for settings", &answer, &whose, &e);

		if (ok(status)) {
			status = take_answer(v, answer);
			rd_kafka_event_destroy(answer);
		} else if (whose) {
			((struct view_settings *)whose)->problem = text_copy(&v->memory, error_text(&e));
			status = S_OK;
		} else {
			status = S_OK; /* 'not answered' stands */
		}
		error_free(&e);
		TRY(status);
	}
	return S_OK;
}

/* librdkafka before 2.6 shows transactional ids as unknown, as it does the rarely used delegation tokens. */
static enum resource take_resource(rd_kafka_ResourceType_t type)
{
	if (type == RD_KAFKA_RESOURCE_TOPIC)
		return RESOURCE_TOPIC;
	if (type == RD_KAFKA_RESOURCE_GROUP)
		return RESOURCE_GROUP;
	return type == RD_KAFKA_RESOURCE_BROKER ? RESOURCE_CLUSTER : RESOURCE_TRANSACTIONAL_ID;
}

static struct status take_acls(struct cluster_view *v, rd_kafka_event_t *answer)
{
	const rd_kafka_AclBinding_t **from;
	size_t n;

	from = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(answer), &n);
	for (size_t i = 0; i < n; i++) {
		struct acl *at = LIST_PUSH(&v->memory, v->acls.items, v->acls.n, v->acls.cap);

		REQUIRE(at, S_OVERLOAD);
		*at = (struct acl){.resource = take_resource(rd_kafka_AclBinding_restype(from[i])),
			.name = text_copy(&v->memory, rd_kafka_AclBinding_name(from[i])),
			.prefixed = rd_kafka_AclBinding_resource_pattern_type(from[i]) ==
				    RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
			.principal = text_copy(&v->memory, rd_kafka_AclBinding_principal(from[i])),
			.operation = rd_kafka_AclOperation_name(rd_kafka_AclBinding_operation(from[i])),
			.host = text_copy(&v->memory, rd_kafka_AclBinding_host(from[i])),
			.deny = rd_kafka_AclBinding_permission_type(from[i]) !=
				RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW};
		REQUIRE(at->name && at->principal && at->host, S_OVERLOAD);
	}
	return S_OK;
}

/* librdkafka 2.0.2 shows no rights, and no error, to whom Kafka refuses to show any. */
static struct status acls_seen(const struct kafka_config *config, const struct admin *a,
	const struct cluster_view *v, struct error *e)
{
	return v->acls.n > 0 ? S_OK : acl_wire_may_look(config, admin_left(a), e);
}

static struct status show_acls(const struct kafka_config *config, struct admin *a, struct cluster_view *v)
{
	rd_kafka_AclBinding_t *filter = admin_acl_filter();
	rd_kafka_AdminOptions_t *options = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBEACLS, NULL);
	rd_kafka_event_t *answer;
	struct error e = {0};
	struct status status;

	rd_kafka_DescribeAcls(a->rk, filter, options, a->answers);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_AclBinding_destroy(filter);
	status = admin_answer(a, "asking for rights", &answer, NULL, &e);
	if (ok(status)) {
		status = take_acls(v, answer);
		rd_kafka_event_destroy(answer);
		TRY(status);
		status = acls_seen(config, a, v, &e);
	}
	if (!ok(status)) {
		v->acls_refused = status.kind == STATUS_REFUSED;
		v->acls_problem = text_copy(&v->memory, error_text(&e));
		status = v->acls_problem ? S_OK : S_OVERLOAD;
	}
	error_free(&e);
	return status;
}

static struct status look(const struct kafka_config *config, struct admin *a, const struct cluster_spec *spec,
	struct cluster_view *v, struct error *e)
{
	TRY(show_metadata(a, spec, v, e));
	TRY(show_settings(a, v));
	return show_acls(config, a, v);
}

struct status cluster_show(const struct kafka_config *config, const struct cluster_spec *spec, int timeout_ms,
	struct cluster_view **out, struct error *e)
{
	struct cluster_view *v = calloc(1, sizeof *v);
	struct admin a;
	struct status status;

	REQUIRE(v, S_OVERLOAD);
	status = admin_open(config, timeout_ms, &a, e);
	if (ok(status))
		status = look(config, &a, spec, v, e);
	admin_close(&a);
	if (ok(status))
		*out = v;
	else
		cluster_view_free(v);
	return status;
}

struct status cluster_look(const struct kafka_config *config, const struct cluster_wanted *wanted,
	int timeout_ms, struct cluster_spec **spec, struct cluster_view **view, struct error *e)
{
	struct cluster_wanted as_found = *wanted;

	as_found.single_broker = false;
	TRY(cluster_spec_new(&as_found, spec, e));
	TRY(cluster_show(config, *spec, timeout_ms, view, e));
	if (cluster_view_brokers(*view) != 1)
		return S_OK;
	cluster_spec_free(*spec);
	*spec = NULL;
	as_found.single_broker = true;
	return cluster_spec_new(&as_found, spec, e);
}

void cluster_view_free(struct cluster_view *view)
{
	if (!view)
		return;
	arena_free(&view->memory);
	free(view);
}

size_t cluster_view_brokers(const struct cluster_view *view)
{
	return view->n_brokers;
}

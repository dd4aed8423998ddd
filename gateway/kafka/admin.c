/* SPDX-License-Identifier: Apache-2.0
 *
 * One administration handle and its requests and answers. Nothing here knows what is wanted of a cluster.
 */
#include "gateway/kafka/admin.h"

#include "gateway/base/clock.h"
#include "gateway/kafka/bound.h"

#define CLOSE_MS 2000

struct status admin_open(const struct kafka_config *config, int timeout_ms, struct admin *a, struct error *e)
{
	static const struct client_setting settings[] = {{NULL, NULL}};

	*a = (struct admin){.until = clock_monotonic_ms() + timeout_ms};
	TRY(client_new(config, RD_KAFKA_PRODUCER, settings, 0, &a->rk, e));
	a->events = rd_kafka_queue_get_main(a->rk);
	a->answers = rd_kafka_queue_new(a->rk);
	return S_OK;
}

static void destroy(void *rk)
{
	rd_kafka_destroy(rk);
}

void admin_close(struct admin *a)
{
	struct bound *bound;

	if (!a->rk)
		return;
	rd_kafka_queue_destroy(a->answers);
	rd_kafka_queue_destroy(a->events);
	bound = bound_new();
	if (bound)
		bound_end(bound, destroy, a->rk, CLOSE_MS);
	else
		rd_kafka_destroy(a->rk);
	a->rk = NULL;
}

int admin_left(const struct admin *a)
{
	int64_t left = a->until - clock_monotonic_ms();

	return left > 0 ? (int)left : 0;
}

rd_kafka_AdminOptions_t *admin_options(const struct admin *a, rd_kafka_admin_op_t api, void *opaque)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->rk, api);
	int left = admin_left(a) > 1 ? admin_left(a) : 1;
	char words[256];

	rd_kafka_AdminOptions_set_request_timeout(options, left, words, sizeof words);
	/* Where the request has one: how long the cluster may take to put it into effect. */
	rd_kafka_AdminOptions_set_operation_timeout(options, left, words, sizeof words);
	rd_kafka_AdminOptions_set_opaque(options, opaque);
	return options;
}

struct status admin_answer(
	struct admin *a, const char *doing, rd_kafka_event_t **answer, void **opaque, struct error *e)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(a->answers, admin_left(a) + 500);
	rd_kafka_resp_err_t error = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;

	if (event && opaque)
		*opaque = rd_kafka_event_opaque(event);
	if (!error) {
		*answer = event;
		return S_OK;
	}
	client_drain(&a->said, a->events);
	client_explain(e, doing, error, event ? rd_kafka_event_error_string(event) : NULL, &a->said);
	if (event)
		rd_kafka_event_destroy(event);
	return client_status(error);
}

static rd_kafka_ResourceType_t type_of(enum resource resource)
{
	switch (resource) {
	case RESOURCE_TOPIC:
		return RD_KAFKA_RESOURCE_TOPIC;
	case RESOURCE_GROUP:
		return RD_KAFKA_RESOURCE_GROUP;
	case RESOURCE_CLUSTER:
		return RD_KAFKA_RESOURCE_BROKER; /* as far as rights go, that is the cluster */
	case RESOURCE_TRANSACTIONAL_ID:
		return ADMIN_TRANSACTIONAL_ID;
	}
	return RD_KAFKA_RESOURCE_UNKNOWN;
}

int admin_operation(const char *name)
{
	for (int i = RD_KAFKA_ACL_OPERATION_ALL; i < RD_KAFKA_ACL_OPERATION__CNT; i++)
		if (strcmp(rd_kafka_AclOperation_name((rd_kafka_AclOperation_t)i), name) == 0)
			return i;
	return RD_KAFKA_ACL_OPERATION_UNKNOWN;
}

rd_kafka_AclBinding_t *admin_acl(const struct acl *acl)
{
	char words[256];

	return rd_kafka_AclBinding_new(type_of(acl->resource), acl->name,
		acl->prefixed ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
		acl->principal, acl->host, (rd_kafka_AclOperation_t)admin_operation(acl->operation),
		acl->deny ? RD_KAFKA_ACL_PERMISSION_TYPE_DENY : RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, words,
		sizeof words);
}

rd_kafka_AclBinding_t *admin_acl_filter(void)
{
	char words[256];

	return rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL,
		NULL, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, words, sizeof words);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the cluster_*.c files: what a spec and a view are made of. No types of librdkafka: who compares
 * and prints needs no cluster. Strings live in the arena of their owner.
 */
#ifndef ANPR_KAFKA_CLUSTER_INTERNAL_H
#define ANPR_KAFKA_CLUSTER_INTERNAL_H

#include "gateway/kafka/cluster.h"

enum rule {
	RULE_EXACT,
	RULE_AT_LEAST,
	RULE_AT_MOST,
	RULE_TOGETHER, /* segment.ms and retention.ms: their sum is not more than keep_for_ms */
};

struct setting {
	const char *name, *value;
	enum rule rule;
	enum cluster_severity severity; /* when not as wanted */
	const char *why;
};

enum topic_kind { TOPIC_JOURNAL, TOPIC_LEDGER, TOPIC_HEADS, TOPIC_ACCOUNTS, TOPIC_DOCUMENTS, TOPIC_READS };

struct spec_topic {
	const char *name;
	enum topic_kind kind;
	int32_t partitions;
	int64_t keep_for_ms; /* of TOPIC_READS; 0 = no limit */
	struct setting *settings;
	size_t n, cap;
};

enum resource { RESOURCE_TOPIC, RESOURCE_GROUP, RESOURCE_CLUSTER, RESOURCE_TRANSACTIONAL_ID };

/* A right, or with `deny` its opposite. Operations by Kafka's names. */
struct acl {
	enum resource resource;
	const char *name;
	bool prefixed;
	const char *principal, *operation, *host;
	bool deny;
};
struct acls {
	struct acl *items;
	size_t n, cap;
};

struct cluster_spec {
	struct arena memory;
	int copies;  /* replication factor */
	int in_sync; /* min.insync.replicas */
	const char *gateway;
	const char **super_users;
	size_t n_super_users;
	struct spec_topic *topics;
	size_t n_topics, cap_topics;
	struct setting *brokers; /* what every broker must have */
	size_t n_brokers, cap_brokers;
	struct acls acls;
};

struct view_setting {
	const char *name;
	const char *value; /* NULL = Kafka does not disclose it */
	bool own;          /* set for this topic, not inherited */
};
struct view_settings {
	struct view_setting *items;
	size_t n, cap;
	const char *problem; /* why they are not known; NULL = they are */
};
struct view_broker {
	int32_t id;
	const char *address;
	struct view_settings settings;
};
struct view_topic {
	const char *name;
	int32_t partitions;  /* 0 = it does not exist */
	int copies, in_sync; /* of the partition that has the fewest */
	struct view_settings settings;
};
struct cluster_view {
	struct arena memory;
	struct view_broker *brokers;
	size_t n_brokers, cap_brokers;
	struct view_topic *topics; /* those of the spec, and Kafka's own two */
	size_t n_topics, cap_topics;
	struct acls acls;
	const char *acls_problem; /* why they are not known; NULL = they are */
	bool acls_refused;        /* and asking again would not help */
};

#define TRANSACTION_STATE "__transaction_state" /* who was fenced */
#define CONSUMER_OFFSETS  "__consumer_offsets"  /* which nodes there are */

/* Room for one more item at the end of an array in the arena; NULL without memory. */
void *list_push(struct arena *memory, void *items, size_t *n, size_t *cap, size_t size);
#define LIST_PUSH(memory, list, n, cap)                                                                      \
	((list) = list_push((memory), (list), &(n), &(cap), sizeof *(list)), (list) ? &(list)[(n)-1] : NULL)
const char *text_format(struct arena *memory, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *text_copy(struct arena *memory, const char *text);

const struct view_topic *view_topic(const struct cluster_view *view, const char *name);
const struct view_setting *view_setting(const struct view_settings *settings, const char *name);
/* topic is NULL for a broker's settings. */
bool setting_is_as_wanted(
	const struct spec_topic *topic, const struct setting *wanted, const struct view_settings *found);
bool acl_equal(const struct acl *a, const struct acl *b);
const char *acl_text(struct arena *memory, const struct acl *a);
const char *resource_name(enum resource resource);

/* cluster_grants.c */
MUST struct status spec_grant(struct cluster_spec *s, const struct cluster_wanted *w, struct error *e);
MUST struct status spec_check_principals(const char *const *principals, size_t n, struct error *e);
/* cluster_rights.c: the part of cluster_compare that is about rights. */
MUST struct status compare_acls(
	const struct cluster_spec *spec, const struct cluster_view *view, struct cluster_findings *out);
/* Whether a right, or one that brings it along, has been given. */
bool acl_is_given(const struct cluster_view *view, const struct acl *want);
/* cluster_compare.c */
MUST struct status finding_add(struct cluster_findings *out, struct cluster_finding finding);

#endif

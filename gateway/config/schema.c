/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of keys (DESIGN.md 5.4). What a key's values must be to other keys' is in rules.c.
 */
#include "gateway/config/loader.h"

const char *const role_words[ROLE_WORDS] = {NULL, "policy-admin", "controller", "operator", "auditor"};
const char *const source_kind_words[3] = {NULL, "stream", "push"};

#define AT(type, member)                .at = offsetof(struct type, member)
#define LIST(type, member)              AT(type, member), .count_at = offsetof(struct type, n_##member)
#define TEXT(name, type, member, check) .key = (name), .kind = VALUE_TEXT, AT(type, member), .wrong = (check)
#define PATH(name, type, member, leads_to)                                                                   \
	.key = (name), .kind = VALUE_PATH, AT(type, member), .file = (leads_to)

static const struct schema gateway_keys[] = {
	{TEXT("id", config, gateway_id, wrong_id), .required = true},
	{PATH("state_dir", config, state_dir, FILE_FOLDER), .required = true},
	{PATH("signing_key", config, signing_key, FILE_SIGNING_KEY), .required = true},
	/* Up to 2 h: the ledger is read that far back at every resume (DESIGN.md section 3). */
	{.key = "duplicate_window",
		.kind = VALUE_DURATION,
		AT(config, duplicate_window_s),
		.fallback = "15m",
		.min = 60,
		.max = 7200},
	{0},
};

static const struct schema topic_keys[] = {
	{TEXT("ledger", config, topics.ledger, wrong_topic), .fallback = "anpr.ledger"},
	{TEXT("heads", config, topics.heads, wrong_topic), .fallback = "anpr.heads"},
	{TEXT("accounts", config, topics.accounts, wrong_topic), .fallback = "anpr.accounts"},
	{TEXT("journal", config, topics.journal, wrong_topic), .fallback = "anpr.journal"},
	{TEXT("documents", config, topics.documents, wrong_topic), .fallback = "anpr.documents"},
	{0},
};

static const struct schema kafka_keys[] = {
	{TEXT("brokers", config, brokers, wrong_brokers), .required = true},
	{PATH("ca", config, kafka.ca, FILE_CA), .required = true},
	{PATH("cert", config, kafka.cert, FILE_CERTIFICATE), .required = true},
	{PATH("key", config, kafka.key, FILE_KEY), .required = true},
	{.key = "super_users", .kind = VALUE_TEXTS, LIST(config, super_users), .wrong = wrong_principal},
	{.key = "topics", .kind = VALUE_MAP, .keys = topic_keys, .rule = rule_topics},
	{.key = "publishers",
		.kind = VALUE_NUMBER,
		AT(config, publishers),
		.fallback = "8",
		.min = 1,
		.max = 64},
	{.key = "reads_partitions",
		.kind = VALUE_NUMBER,
		AT(config, reads_partitions),
		.fallback = "12",
		.min = 1,
		.max = 1000},
	/* Not under 60 ms: faster commits meet Kafka's own back-off (DESIGN.md section 3). */
	{.key = "batch_ms",
		.kind = VALUE_NUMBER,
		AT(config, batch_ms),
		.fallback = "100",
		.min = 60,
		.max = 1000},
	{0},
};

static const struct schema person_keys[] = {
	{TEXT("subject", config_person, subject, wrong_subject), .required = true},
	{.key = "roles", .kind = VALUE_ROLES, AT(config_person, roles), .required = true},
	{0},
};

static const struct schema organisation_keys[] = {
	{TEXT("id", config_organisation, id, wrong_id), .required = true},
	{PATH("ca", config_organisation, ca, FILE_CA), .required = true},
	{.key = "people",
		.kind = VALUE_ITEMS,
		LIST(config_organisation, people),
		.size = sizeof(struct config_person),
		.keys = person_keys},
	{0},
};

static const struct schema source_keys[] = {
	{.key = "kind", .kind = VALUE_SOURCE_KIND, AT(config_partner, kind), .required = true},
	{TEXT("url", config_partner, url, wrong_url)},
	{PATH("ca", config_partner, tls.ca, FILE_CA)},
	{PATH("cert", config_partner, tls.cert, FILE_CERTIFICATE)},
	{PATH("key", config_partner, tls.key, FILE_KEY)},
	{.key = "subjects", .kind = VALUE_TEXTS, LIST(config_partner, subjects), .wrong = wrong_subject},
	{0},
};

static const struct schema partner_keys[] = {
	{TEXT("id", config_partner, id, wrong_partner_id), .required = true},
	{TEXT("organisation", config_partner, organisation, wrong_id), .required = true},
	{.key = "source", .kind = VALUE_MAP, .required = true, .keys = source_keys, .rule = rule_source},
	{0},
};

static const struct schema ingress_keys[] = {
	{.key = "listen", .kind = VALUE_LISTEN, AT(config, ingress), .required = true},
	{PATH("cert", config, ingress_tls.cert, FILE_CERTIFICATE), .required = true},
	{PATH("key", config, ingress_tls.key, FILE_KEY), .required = true},
	{0},
};

static const struct schema admin_keys[] = {
	{.key = "listen", .kind = VALUE_LISTEN, AT(config, admin), .required = true},
	{PATH("cert", config, admin_tls.cert, FILE_CERTIFICATE), .required = true},
	{PATH("key", config, admin_tls.key, FILE_KEY), .required = true},
	{0},
};

static const struct schema metrics_keys[] = {
	{.key = "listen", .kind = VALUE_LISTEN, AT(config, metrics), .required = true},
	{0},
};

const struct schema config_schema[] = {
	{.key = "gateway", .kind = VALUE_MAP, .required = true, .keys = gateway_keys},
	{.key = "kafka", .kind = VALUE_MAP, .required = true, .keys = kafka_keys, .rule = rule_kafka},
	{.key = "organisations",
		.kind = VALUE_ITEMS,
		LIST(config, organisations),
		.required = true,
		.size = sizeof(struct config_organisation),
		.line_at = offsetof(struct config_organisation, line),
		.keys = organisation_keys,
		.rule = rule_organisation},
	{.key = "partners",
		.kind = VALUE_ITEMS,
		LIST(config, partners),
		.required = true,
		.size = sizeof(struct config_partner),
		.line_at = offsetof(struct config_partner, line),
		.keys = partner_keys},
	{.key = "ingress", .kind = VALUE_MAP, .keys = ingress_keys, .rule = rule_ingress},
	{.key = "admin", .kind = VALUE_MAP, .keys = admin_keys, .rule = rule_admin},
	{.key = "metrics", .kind = VALUE_MAP, .keys = metrics_keys, .rule = rule_metrics},
	{0},
};

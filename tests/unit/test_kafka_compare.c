/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparing: a cluster exactly as wanted has nothing that breaks; each way it can be otherwise is found, with
 * the right severity and reach.
 */
#include "tests/unit/test_kafka.h"

#include <stdlib.h>

static void push_setting(
	struct cluster_view *v, struct view_settings *to, const char *name, const char *value)
{
	struct view_setting *at = LIST_PUSH(&v->memory, to->items, to->n, to->cap);

	*at = (struct view_setting){name, value, true};
}

static void push_topic(
	struct cluster_view *v, const struct cluster_spec *spec, const char *name, int32_t partitions)
{
	struct view_topic *at = LIST_PUSH(&v->memory, v->topics, v->n_topics, v->cap_topics);

	*at = (struct view_topic){
		.name = name, .partitions = partitions, .copies = spec->copies, .in_sync = spec->copies};
}

static void push_internal(struct cluster_view *v, const struct cluster_spec *spec, const char *name)
{
	push_topic(v, spec, name, 50);
	push_setting(v, &v->topics[v->n_topics - 1].settings, "min.insync.replicas", "2");
	push_setting(v, &v->topics[v->n_topics - 1].settings, "unclean.leader.election.enable", "false");
}

/* The cluster that the spec describes. */
static struct cluster_view *perfect(const struct cluster_spec *spec)
{
	struct cluster_view *v = calloc(1, sizeof *v);

	for (int id = 1; id <= 3; id++) {
		struct view_broker *b = LIST_PUSH(&v->memory, v->brokers, v->n_brokers, v->cap_brokers);

		*b = (struct view_broker){.id = id, .address = "broker:9093"};
		for (size_t i = 0; i < spec->n_brokers; i++)
			push_setting(v, &b->settings, spec->brokers[i].name, spec->brokers[i].value);
		push_setting(v, &b->settings, "authorizer.class.name", "StandardAuthorizer");
		push_setting(v, &b->settings, "allow.everyone.if.no.acl.found", "false");
	}
	for (size_t i = 0; i < spec->n_topics; i++) {
		push_topic(v, spec, spec->topics[i].name, spec->topics[i].partitions);
		for (size_t k = 0; k < spec->topics[i].n; k++)
			push_setting(v, &v->topics[i].settings, spec->topics[i].settings[k].name,
				spec->topics[i].settings[k].value);
	}
	push_internal(v, spec, TRANSACTION_STATE);
	push_internal(v, spec, CONSUMER_OFFSETS);
	for (size_t i = 0; i < spec->acls.n; i++)
		*LIST_PUSH(&v->memory, v->acls.items, v->acls.n, v->acls.cap) = spec->acls.items[i];
	return v;
}

static struct view_topic *topic(struct cluster_view *v, const char *name)
{
	for (size_t i = 0; i < v->n_topics; i++)
		if (strcmp(v->topics[i].name, name) == 0)
			return &v->topics[i];
	ck_abort_msg("no topic %s", name);
}

static void set(struct view_settings *settings, const char *name, const char *value)
{
	for (size_t i = 0; i < settings->n; i++)
		if (strcmp(settings->items[i].name, name) == 0) {
			settings->items[i].value = value;
			return;
		}
	ck_abort_msg("no setting %s", name);
}

/* One thing that is otherwise: a broker's setting, a topic's, or a right somebody has. */
struct row {
	const char *name;
	const char *broker_setting, *topic, *setting, *value;
	struct acl acl;
	void (*change)(struct cluster_view *v);
	enum cluster_severity severity; /* of the worst finding */
	const char *what;               /* it is about */
	bool reads, others;             /* publishing to anpr.reads, to another topic, is forbidden */
};

static void no_topic(struct cluster_view *v)
{
	topic(v, "anpr.reads")->partitions = 0;
}
static void no_journal(struct cluster_view *v)
{
	topic(v, "anpr.journal")->partitions = 0;
}
static void unseen_topic(struct cluster_view *v)
{
	topic(v, "anpr.reads")->settings.problem = "not allowed";
}
static void two_journals(struct cluster_view *v)
{
	topic(v, "anpr.journal")->partitions = 2;
}
static void more_reads(struct cluster_view *v)
{
	topic(v, "anpr.reads")->partitions = 24;
}
static void more_ledger(struct cluster_view *v)
{
	topic(v, "anpr.ledger")->partitions = topic(v, "anpr.heads")->partitions = 16;
}
static void few_heads(struct cluster_view *v)
{
	topic(v, "anpr.heads")->partitions = 7;
}
static void few_copies(struct cluster_view *v)
{
	topic(v, "anpr.reads")->copies = 2;
}
static void few_copies_fences(struct cluster_view *v)
{
	topic(v, TRANSACTION_STATE)->copies = 1;
}
static void few_copies_nodes(struct cluster_view *v)
{
	topic(v, CONSUMER_OFFSETS)->copies = 1;
}
static void unclean_nodes(struct cluster_view *v)
{
	set(&topic(v, CONSUMER_OFFSETS)->settings, "unclean.leader.election.enable", "true");
}
static void no_nodes_yet(struct cluster_view *v)
{
	topic(v, CONSUMER_OFFSETS)->partitions = 0;
}
static void behind(struct cluster_view *v)
{
	topic(v, "anpr.reads")->in_sync = 1;
}
static void unclean_fences(struct cluster_view *v)
{
	set(&topic(v, TRANSACTION_STATE)->settings, "unclean.leader.election.enable", "true");
}
static void no_fences_yet(struct cluster_view *v)
{
	topic(v, TRANSACTION_STATE)->partitions = 0;
}
static void broker_away(struct cluster_view *v)
{
	v->n_brokers = 2;
}
static void broker_silent(struct cluster_view *v)
{
	v->brokers[1].settings.problem = "timed out";
}
static void brokers_silent(struct cluster_view *v)
{
	for (int i = 0; i < 3; i++)
		v->brokers[i].settings.problem = "not allowed";
}
static void third_broker(struct cluster_view *v)
{
	set(&v->brokers[2].settings, "transaction.partition.verification.enable", "false");
}
static void setting_gone(struct cluster_view *v)
{
	v->brokers[0].settings.items[0].name = "renamed";
}
static void rights_unseen(struct cluster_view *v)
{
	v->acls_problem = "not allowed", v->acls_refused = true;
}
static void rights_late(struct cluster_view *v)
{
	v->acls_problem = "timed out";
}
static void right_missing(struct cluster_view *v)
{
	v->acls.items[0].principal = "User:CN=else";
}
static void right_elsewhere(struct cluster_view *v)
{
	v->acls.items[0].host = "10.0.0.1";
}

#define TOPIC_ACL(name, prefixed, who, operation)                                                            \
	{                                                                                                    \
		RESOURCE_TOPIC, name, prefixed, who, operation, "*", false                                   \
	}
static const struct row rows[] = {
	{"nothing", .severity = CLUSTER_NOTES, .what = "super user"},
	{"no verification", .broker_setting = "transaction.partition.verification.enable", .value = "false",
		.what = "transaction.partition.verification.enable", .reads = true, .others = true},
	{"on one broker of three", .change = third_broker,
		.what = "transaction.partition.verification.enable", .reads = true, .others = true},
	{"a setting that is not there", .change = setting_gone,
		.what = "transaction.partition.verification.enable", .reads = true, .others = true},
	{"not disclosed", .broker_setting = "transactional.id.expiration.ms", .value = NULL,
		.what = "transactional.id.expiration.ms", .reads = true, .others = true},
	{"ids expire in a day", .broker_setting = "transactional.id.expiration.ms", .value = "86400000",
		.what = "transactional.id.expiration.ms", .reads = true, .others = true},
	{"a number that is none", .broker_setting = "transactional.id.expiration.ms", .value = "604800000x",
		.what = "transactional.id.expiration.ms", .reads = true, .others = true},
	{"one copy of the fences", .broker_setting = "transaction.state.log.replication.factor", .value = "1",
		.what = "transaction.state.log.replication.factor", .reads = true, .others = true},
	{"unclean elections", .broker_setting = "unclean.leader.election.enable", .value = "true",
		.what = "unclean.leader.election.enable", .reads = true, .others = true},
	{"no authorizer", .broker_setting = "authorizer.class.name", .value = "",
		.what = "authorizer.class.name", .reads = true, .others = true},
	{"everyone allowed", .broker_setting = "allow.everyone.if.no.acl.found", .value = "true",
		.what = "allow.everyone.if.no.acl.found", .reads = true, .others = true},
	{"not said whether everyone is", .broker_setting = "allow.everyone.if.no.acl.found", .value = NULL,
		.severity = CLUSTER_NOTES, .what = "allow.everyone.if.no.acl.found"},
	{"topics made by accident", .broker_setting = "auto.create.topics.enable", .value = "true",
		.severity = CLUSTER_WARNS, .what = "auto.create.topics.enable"},
	{"a broker away", .change = broker_away, .severity = CLUSTER_WARNS, .what = "brokers"},
	{"a broker silent", .change = broker_silent, .severity = CLUSTER_WARNS, .what = "settings"},
	{"all brokers silent", .change = brokers_silent, .what = "settings", .reads = true, .others = true},

	{"no topic", .change = no_topic, .what = "topic", .reads = true},
	{"no journal", .change = no_journal, .what = "topic", .reads = true, .others = true},
	{"a topic's settings unseen", .change = unseen_topic, .what = "settings", .reads = true},
	{"two partitions of the journal", .change = two_journals, .what = "partitions", .reads = true,
		.others = true},
	{"more partitions of reads", .change = more_reads, .severity = CLUSTER_NOTES, .what = "partitions"},
	{"more publishers than configured", .change = more_ledger, .severity = CLUSTER_NOTES,
		.what = "partitions"},
	{"fewer heads than publishers", .change = few_heads, .what = "partitions", .reads = true,
		.others = true},
	{"two copies", .change = few_copies, .what = "copies", .reads = true},
	{"one copy of who was fenced", .change = few_copies_fences, .what = "copies", .reads = true,
		.others = true},
	{"one copy of which nodes there are", .change = few_copies_nodes, .severity = CLUSTER_WARNS,
		.what = "copies"},
	{"unclean elections of which nodes there are", .change = unclean_nodes, .severity = CLUSTER_WARNS,
		.what = "unclean.leader.election.enable"},
	{"no node ever joined", .change = no_nodes_yet, .severity = CLUSTER_NOTES, .what = "topic"},
	{"a copy behind", .change = behind, .severity = CLUSTER_WARNS, .what = "copies in sync"},
	{"unclean elections of who was fenced", .change = unclean_fences,
		.what = "unclean.leader.election.enable", .reads = true, .others = true},
	{"nobody was ever fenced", .change = no_fences_yet, .severity = CLUSTER_NOTES, .what = "topic"},
	{"reads kept a day too long", .topic = "anpr.reads", .setting = "retention.ms", .value = "2592000000",
		.what = "segment.ms", .reads = true},
	{"reads kept for ever", .topic = "anpr.reads", .setting = "retention.ms", .value = "-1",
		.what = "segment.ms", .reads = true},
	{"reads in long segments", .topic = "anpr.reads", .setting = "segment.ms", .value = "604800000",
		.what = "segment.ms", .reads = true},
	{"reads kept shorter", .topic = "anpr.reads", .setting = "retention.ms", .value = "60000",
		.severity = CLUSTER_NOTES, .what = "super user"},
	{"reads compacted", .topic = "anpr.reads", .setting = "cleanup.policy", .value = "compact",
		.what = "cleanup.policy", .reads = true},
	{"the journal forgets", .topic = "anpr.journal", .setting = "retention.ms", .value = "31536000000",
		.what = "retention.ms", .reads = true, .others = true},
	{"the journal forgets by size", .topic = "anpr.journal", .setting = "retention.bytes",
		.value = "1073741824", .what = "retention.bytes", .reads = true, .others = true},
	{"the journal's time is the writer's", .topic = "anpr.journal", .setting = "message.timestamp.type",
		.value = "CreateTime", .what = "message.timestamp.type", .reads = true, .others = true},
	{"accounts are deleted", .topic = "anpr.accounts", .setting = "cleanup.policy",
		.value = "compact,delete", .what = "cleanup.policy", .reads = true, .others = true},
	{"one in sync will do", .topic = "anpr.reads", .setting = "min.insync.replicas", .value = "1",
		.what = "min.insync.replicas", .reads = true},
	{"the ledger kept longer", .topic = "anpr.ledger", .setting = "retention.ms", .value = "-1",
		.severity = CLUSTER_NOTES, .what = "super user"},
	{"heads rarely compacted", .topic = "anpr.heads", .setting = "segment.ms", .value = "604800000",
		.severity = CLUSTER_NOTES, .what = "segment.ms"},

	{"rights unseen", .change = rights_unseen, .what = "who may read and write", .reads = true,
		.others = true},
	{"rights not told in time", .change = rights_late, .severity = CLUSTER_WARNS,
		.what = "who may read and write"},
	{"a right missing", .change = right_missing, .what = NULL, .severity = CLUSTER_LACKS},
	{"a right from one place only", .change = right_elsewhere, .what = NULL, .severity = CLUSTER_LACKS},
	{"somebody else writes", .acl = TOPIC_ACL("anpr.reads", false, "User:CN=x", "WRITE"), .reads = true},
	{"somebody may do all", .acl = TOPIC_ACL("anpr.reads", false, "User:CN=x", "ALL"), .reads = true},
	{"somebody else reads", .acl = TOPIC_ACL("anpr.reads", false, "User:CN=x", "READ"), .reads = true},
	{"everybody reads", .acl = TOPIC_ACL("anpr.reads", false, "User:*", "READ"), .reads = true},
	{"somebody reads all topics", .acl = TOPIC_ACL("*", false, "User:CN=x", "READ"), .reads = true,
		.others = true},
	{"somebody reads what begins so", .acl = TOPIC_ACL("anpr.r", true, "User:CN=x", "READ"),
		.reads = true},
	{"somebody reads another's", .acl = TOPIC_ACL("anpr.reads.x", true, "User:CN=x", "READ"),
		.severity = CLUSTER_NOTES},
	{"police write", .acl = TOPIC_ACL("anpr.reads", false, "User:CN=police,O=mps", "WRITE"),
		.reads = true},
	{"police read the heads", .acl = TOPIC_ACL("anpr.heads", false, "User:CN=police,O=mps", "READ"),
		.reads = true, .others = true},
	{"police read the journal", .acl = TOPIC_ACL("anpr.journal", false, "User:CN=police,O=mps", "READ"),
		.severity = CLUSTER_WARNS},
	{"somebody writes the journal", .acl = TOPIC_ACL("anpr.journal", false, "User:CN=x", "WRITE"),
		.reads = true, .others = true},
	{"somebody describes", .acl = TOPIC_ACL("anpr.reads", false, "User:CN=x", "DESCRIBE"),
		.severity = CLUSTER_NOTES},
	{"somebody deletes", .acl = TOPIC_ACL("anpr.reads", false, "User:CN=x", "DELETE"),
		.severity = CLUSTER_WARNS},
	{"the gateway reads", .acl = TOPIC_ACL("anpr.reads", false, "User:CN=gateway", "READ"),
		.severity = CLUSTER_NOTES},
	{"a super user writes", .acl = TOPIC_ACL("anpr.reads", false, "User:CN=broker", "WRITE"),
		.severity = CLUSTER_NOTES},
	{"somebody fences",
		.acl = {RESOURCE_TRANSACTIONAL_ID, "anpr-journal", false, "User:CN=x", "WRITE", "*", false},
		.severity = CLUSTER_WARNS},
	{"somebody fences all", .acl = {RESOURCE_TRANSACTIONAL_ID, "a", true, "User:CN=x", "ALL", "*", false},
		.severity = CLUSTER_WARNS},
	{"somebody has ids of their own",
		.acl = {RESOURCE_TRANSACTIONAL_ID, "other-", true, "User:CN=x", "WRITE", "*", false},
		.severity = CLUSTER_NOTES},
	{"somebody joins the nodes", .acl = {RESOURCE_GROUP, "*", false, "User:CN=x", "READ", "*", false},
		.severity = CLUSTER_WARNS},
	{"somebody rules",
		.acl = {RESOURCE_CLUSTER, "kafka-cluster", false, "User:CN=x", "ALTER", "*", false},
		.severity = CLUSTER_WARNS},
	{"the gateway denied", .acl = {RESOURCE_TOPIC, "anpr.", true, "User:CN=gateway", "WRITE", "*", true},
		.severity = CLUSTER_LACKS},
	{"somebody denied", .acl = {RESOURCE_TOPIC, "anpr.", true, "User:CN=x", "ALL", "*", true},
		.severity = CLUSTER_NOTES},
};

static void apply(const struct row *row, struct cluster_view *v)
{
	if (row->broker_setting)
		set(&v->brokers[0].settings, row->broker_setting, row->value);
	if (row->topic)
		set(&topic(v, row->topic)->settings, row->setting, row->value);
	if (row->acl.name)
		*LIST_PUSH(&v->memory, v->acls.items, v->acls.n, v->acls.cap) = row->acl;
	if (row->change)
		row->change(v);
}

START_TEST(compares)
{
	const struct row *row = &rows[_i];
	struct cluster_spec *spec = kafka_spec();
	struct cluster_view *view = perfect(spec);
	struct cluster_findings findings = {0};
	struct buffer text = {0};

	apply(row, view);
	ck_assert(ok(cluster_compare(spec, view, &findings)));
	ck_assert_uint_gt(findings.n, 0);
	ck_assert(ok(cluster_print_findings(&findings, false, &text)));
	ck_assert_msg(findings.items[0].severity == row->severity, "%s: %s", row->name, buffer_text(&text));
	ck_assert_msg(!row->what || strcmp(findings.items[0].what, row->what) == 0, "%s: %s", row->name,
		buffer_text(&text));
	ck_assert_msg(!cluster_breaks(&findings, "anpr.reads") == !row->reads, "%s: %s", row->name,
		buffer_text(&text));
	ck_assert_msg(!cluster_breaks(&findings, "anpr.other") == !row->others, "%s: %s", row->name,
		buffer_text(&text));
	buffer_free(&text);
	cluster_findings_free(&findings);
	cluster_view_free(view);
	cluster_spec_free(spec);
}
END_TEST

/* What comes from the cluster is somebody else's text. */
START_TEST(prints_json)
{
	struct cluster_findings findings = {0};
	struct buffer out = {0};

	ck_assert(ok(finding_add(&findings,
		(struct cluster_finding){CLUSTER_WARNS, NULL, "w\"\\", "\n\x01", "\x7f", "f", "r"})));
	ck_assert(ok(cluster_print_findings(&findings, true, &out)));
	ck_assert_str_eq(buffer_text(&out), "{\"findings\":[{\"severity\":\"warns\",\"topic\":null,\"where\":"
					    "\"w\\\"\\\\\",\"what\":\"\\u000a\\u0001\","
					    "\"found\":\"\\u007f\",\"wanted\":\"f\",\"remedy\":\"r\"}]}\n");
	buffer_free(&out);
	cluster_findings_free(&findings);
}
END_TEST

TCase *case_compare(void)
{
	TCase *tests = tcase_create("compare");

	tcase_add_loop_test(tests, compares, 0, ROWS(rows));
	tcase_add_test(tests, prints_json);
	return tests;
}

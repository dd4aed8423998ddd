/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wanted, turned into a spec: what is refused, and that nobody is given more than is due.
 */
#include "tests/unit/test_kafka.h"

static const char *police[] = {"User:CN=police,O=mps"};
static const char *verifiers[] = {"User:CN=verifier,O=ico"};
static const char *super_users[] = {"User:CN=broker"};
static struct cluster_recipient recipients[2];

struct cluster_wanted kafka_wanted(void)
{
	recipients[0] = (struct cluster_recipient){.topic = "anpr.reads",
		.partitions = 12,
		.keep_for_ms = 30 * DAY_MS,
		.principals = police,
		.n_principals = 1,
		.verifiers = verifiers,
		.n_verifiers = 1};
	recipients[1] = recipients[0];
	return (struct cluster_wanted){.journal = "anpr.journal",
		.ledger = "anpr.ledger",
		.heads = "anpr.heads",
		.accounts = "anpr.accounts",
		.documents = "anpr.documents",
		.publishers = 8,
		.gateway = "User:CN=gateway",
		.super_users = super_users,
		.n_super_users = 1,
		.recipients = recipients,
		.n_recipients = 1};
}

struct cluster_spec *kafka_spec(void)
{
	struct cluster_wanted wanted = kafka_wanted();
	struct cluster_spec *spec = NULL;
	struct error e = {0};

	ck_assert_msg(ok(cluster_spec_new(&wanted, &spec, &e)), "%s", error_text(&e));
	return spec;
}

static void name_empty(struct cluster_wanted *w)
{
	w->journal = "";
}
static void name_missing(struct cluster_wanted *w)
{
	w->heads = NULL;
}
static void name_blank(struct cluster_wanted *w)
{
	w->ledger = "anpr ledger";
}
static void name_dots(struct cluster_wanted *w)
{
	w->ledger = "..";
}
static void name_utf8(struct cluster_wanted *w)
{
	w->accounts = "anpr.\xc3\xa4";
}
static void name_newline(struct cluster_wanted *w)
{
	w->documents = "anpr\n.documents";
}
static void name_twice(struct cluster_wanted *w)
{
	w->heads = "anpr.ledger";
}
static void name_of_ours(struct cluster_wanted *w)
{
	recipients[0].topic = w->journal;
}
static void no_publishers(struct cluster_wanted *w)
{
	w->publishers = 0;
}
static void no_partitions(struct cluster_wanted *w)
{
	(void)w, recipients[0].partitions = -1;
}
static void gateway_missing(struct cluster_wanted *w)
{
	w->gateway = NULL;
}
static void gateway_anybody(struct cluster_wanted *w)
{
	w->gateway = "User:*";
}
static void gateway_bare(struct cluster_wanted *w)
{
	w->gateway = "CN=gateway";
}
static void reader_anybody(struct cluster_wanted *w)
{
	(void)w, police[0] = "User:*";
}
static void reader_bare(struct cluster_wanted *w)
{
	(void)w, police[0] = "CN=police,O=mps";
}
static void reader_typeless(struct cluster_wanted *w)
{
	(void)w, police[0] = ":CN=police";
}
static void reader_nameless(struct cluster_wanted *w)
{
	(void)w, police[0] = "User:";
}
static void verifier_anybody(struct cluster_wanted *w)
{
	(void)w, verifiers[0] = "User:*";
}
static void super_bare(struct cluster_wanted *w)
{
	(void)w, super_users[0] = "broker";
}

static const struct {
	const char *name;
	void (*spoil)(struct cluster_wanted *w);
} refused[] = {
	{"an empty name", name_empty},
	{"no name", name_missing},
	{"a blank in a name", name_blank},
	{"a name of dots", name_dots},
	{"a name beyond ASCII", name_utf8},
	{"a line's end in a name", name_newline},
	{"one topic for two things", name_twice},
	{"reads into the journal", name_of_ours},
	{"no publishers", no_publishers},
	{"negative partitions", no_partitions},
	{"nobody writes", gateway_missing},
	{"everybody writes", gateway_anybody},
	{"a principal without its type", gateway_bare},
	{"everybody reads", reader_anybody},
	{"a reader without its type", reader_bare},
	{"a reader with an empty type", reader_typeless},
	{"a reader without a name", reader_nameless},
	{"everybody verifies", verifier_anybody},
	{"a super user without its type", super_bare},
};

START_TEST(refuses)
{
	struct cluster_wanted wanted = kafka_wanted();
	struct cluster_spec *spec = NULL;
	struct error e = {0};

	refused[_i].spoil(&wanted);
	ck_assert_msg(cluster_spec_new(&wanted, &spec, &e).kind == STATUS_BAD_INPUT, "%s", refused[_i].name);
	ck_assert_ptr_null(spec);
	ck_assert_uint_gt(e.n, 0);
	error_free(&e);
}
END_TEST

static const char *setting(const struct cluster_spec *spec, const char *topic, const char *name)
{
	for (size_t i = 0; i < spec->n_topics; i++)
		for (size_t k = 0; strcmp(spec->topics[i].name, topic) == 0 && k < spec->topics[i].n; k++)
			if (strcmp(spec->topics[i].settings[k].name, name) == 0)
				return spec->topics[i].settings[k].value;
	return "(none)";
}

static const struct {
	const char *topic, *name, *want;
} settings[] = {
	{"anpr.journal", "retention.ms", "-1"}, {"anpr.journal", "retention.bytes", "-1"},
	{"anpr.journal", "cleanup.policy", "delete"},
	{"anpr.journal", "message.timestamp.type", "LogAppendTime"},
	{"anpr.journal", "min.insync.replicas", "2"}, {"anpr.journal", "flush.messages", "(none)"},
	{"anpr.ledger", "retention.ms", "2592000000"},
	{"anpr.ledger", "message.timestamp.type", "LogAppendTime"},
	{"anpr.heads", "cleanup.policy", "compact"}, {"anpr.accounts", "cleanup.policy", "compact"},
	{"anpr.documents", "cleanup.policy", "compact"}, {"anpr.reads", "cleanup.policy", "delete"},
	{"anpr.reads", "message.timestamp.type", "CreateTime"}, {"anpr.reads", "segment.ms", "86400000"},
	{"anpr.reads", "retention.ms", "2505600000"}, /* with segment.ms: 30 days */
};

START_TEST(has_setting)
{
	struct cluster_spec *spec = kafka_spec();

	ck_assert_str_eq(setting(spec, settings[_i].topic, settings[_i].name), settings[_i].want);
	cluster_spec_free(spec);
}
END_TEST

START_TEST(single_broker)
{
	struct cluster_wanted wanted = kafka_wanted();
	struct cluster_spec *spec = NULL;

	wanted.single_broker = true;
	ck_assert(ok(cluster_spec_new(&wanted, &spec, NULL)));
	ck_assert_int_eq(spec->copies, 1);
	ck_assert_str_eq(setting(spec, "anpr.journal", "flush.messages"), "1");
	ck_assert_str_eq(setting(spec, "anpr.ledger", "flush.messages"), "(none)");
	ck_assert_str_eq(setting(spec, "anpr.journal", "min.insync.replicas"), "1");
	cluster_spec_free(spec);
}
END_TEST

/* Two agreements into one topic: the shorter of the times reads may be kept. */
START_TEST(shortest_keep)
{
	struct cluster_wanted wanted = kafka_wanted();
	struct cluster_spec *spec = NULL;
	size_t acls;

	ck_assert(ok(cluster_spec_new(&wanted, &spec, NULL)));
	acls = spec->acls.n;
	cluster_spec_free(spec);
	wanted.n_recipients = 2;
	recipients[1].keep_for_ms = 5 * 3600000;
	ck_assert(ok(cluster_spec_new(&wanted, &spec, NULL)));
	ck_assert_str_eq(setting(spec, "anpr.reads", "segment.ms"), "1800000");
	ck_assert_str_eq(setting(spec, "anpr.reads", "retention.ms"), "16200000");
	ck_assert_uint_eq(spec->acls.n, acls);
	cluster_spec_free(spec);
}
END_TEST

static bool given(const struct cluster_spec *spec, const char *principal, const char *operation,
	enum resource resource, const char *name)
{
	for (size_t i = 0; i < spec->acls.n; i++) {
		const struct acl *a = &spec->acls.items[i];

		if (a->resource == resource && strcmp(a->principal, principal) == 0 &&
			strcmp(a->operation, operation) == 0 && strcmp(a->name, name) == 0)
			return true;
	}
	return false;
}

#define GATEWAY  "User:CN=gateway"
#define POLICE   "User:CN=police,O=mps"
#define VERIFIER "User:CN=verifier,O=ico"
static const struct {
	const char *principal, *operation;
	enum resource resource;
	const char *name;
	bool want;
} grants[] = {
	{GATEWAY, "WRITE", RESOURCE_TOPIC, "anpr.reads", true},
	{GATEWAY, "READ", RESOURCE_TOPIC, "anpr.reads", false},
	{GATEWAY, "READ", RESOURCE_TOPIC, "anpr.heads", true},
	{GATEWAY, "WRITE", RESOURCE_TRANSACTIONAL_ID, "anpr-", true},
	{GATEWAY, "DESCRIBE_CONFIGS", RESOURCE_CLUSTER, "kafka-cluster", true},
	{GATEWAY, "ALTER", RESOURCE_CLUSTER, "kafka-cluster", false},
	{GATEWAY, "WRITE", RESOURCE_TOPIC, "__transaction_state", false},
	{GATEWAY, "DESCRIBE_CONFIGS", RESOURCE_TOPIC, "__consumer_offsets", true},
	{GATEWAY, "READ", RESOURCE_TOPIC, "__consumer_offsets", false},
	{POLICE, "READ", RESOURCE_TOPIC, "anpr.reads", true},
	{POLICE, "WRITE", RESOURCE_TOPIC, "anpr.reads", false},
	{POLICE, "READ", RESOURCE_GROUP, "police-", true},
	{POLICE, "READ", RESOURCE_TOPIC, "anpr.journal", false},
	{POLICE, "READ", RESOURCE_TOPIC, "anpr.heads", false},
	{POLICE, "WRITE", RESOURCE_TRANSACTIONAL_ID, "anpr-", false},
	{VERIFIER, "READ", RESOURCE_TOPIC, "anpr.reads", true},
	{VERIFIER, "READ", RESOURCE_TOPIC, "anpr.journal", true},
	{VERIFIER, "READ", RESOURCE_TOPIC, "anpr.ledger", true},
	{VERIFIER, "READ", RESOURCE_TOPIC, "anpr.accounts", true},
	{VERIFIER, "READ", RESOURCE_TOPIC, "anpr.documents", true},
	{VERIFIER, "READ", RESOURCE_TOPIC, "anpr.heads", false},
	{VERIFIER, "DESCRIBE", RESOURCE_TOPIC, "anpr.heads", false},
	{VERIFIER, "WRITE", RESOURCE_TOPIC, "anpr.ledger", false},
	{VERIFIER, "READ", RESOURCE_GROUP, "police-", false},
};

START_TEST(grants_as_due)
{
	struct cluster_spec *spec = kafka_spec();

	ck_assert_msg(given(spec, grants[_i].principal, grants[_i].operation, grants[_i].resource,
			      grants[_i].name) == grants[_i].want,
		"%s %s %s", grants[_i].principal, grants[_i].operation, grants[_i].name);
	for (size_t i = 0; i < spec->acls.n; i++) {
		ck_assert_str_ne(spec->acls.items[i].operation, "ALL");
		ck_assert_str_ne(spec->acls.items[i].name, "*");
		ck_assert(!spec->acls.items[i].deny);
	}
	cluster_spec_free(spec);
}
END_TEST

TCase *case_spec(void)
{
	TCase *tests = tcase_create("spec");

	tcase_add_loop_test(tests, refuses, 0, ROWS(refused));
	tcase_add_loop_test(tests, has_setting, 0, ROWS(settings));
	tcase_add_test(tests, single_broker);
	tcase_add_test(tests, shortest_keep);
	tcase_add_loop_test(tests, grants_as_due, 0, ROWS(grants));
	return tests;
}

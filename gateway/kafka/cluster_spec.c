/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wanted, turned into topics with their settings and settings of every broker; rights are in
 * cluster_grants.c. The reasons are told with each finding, so they are written here once.
 */
#include "gateway/kafka/cluster_internal.h"

#include <stdlib.h>

#define DAY_MS         86400000LL
#define LEDGER_DAYS    30
#define MESSAGE_BYTES  "1048588" /* Kafka's own default: 1 MiB and the overhead of a batch */
#define TRANSACTION_MS "15000"   /* the producers' transaction.timeout.ms */

static struct status add(struct cluster_spec *s, struct spec_topic *t, struct setting setting)
{
	struct setting *at = LIST_PUSH(&s->memory, t->settings, t->n, t->cap);

	REQUIRE(at && setting.value, S_OVERLOAD);
	*at = setting;
	return S_OK;
}

/* What all topics need. */
static struct status add_common(struct cluster_spec *s, struct spec_topic *t)
{
	TRY(add(s, t,
		(struct setting){"min.insync.replicas", text_format(&s->memory, "%d", s->in_sync),
			RULE_AT_LEAST, CLUSTER_BREAKS, "one broker lost may lose what was acknowledged"}));
	TRY(add(s, t,
		(struct setting){"unclean.leader.election.enable", "false", RULE_EXACT, CLUSTER_BREAKS,
			"a broker that lags may become leader and forget what was acknowledged"}));
	return add(s, t,
		(struct setting){"max.message.bytes", MESSAGE_BYTES, RULE_AT_LEAST, CLUSTER_WARNS,
			"records near 1 MiB are refused"});
}

static struct status add_kept(
	struct cluster_spec *s, struct spec_topic *t, const char *retention_ms, const char *why)
{
	TRY(add(s, t, (struct setting){"cleanup.policy", "delete", RULE_EXACT, CLUSTER_BREAKS, why}));
	TRY(add(s, t, (struct setting){"retention.ms", retention_ms, RULE_AT_LEAST, CLUSTER_BREAKS, why}));
	return add(s, t, (struct setting){"retention.bytes", "-1", RULE_EXACT, CLUSTER_BREAKS, why});
}

static struct status add_compacted(struct cluster_spec *s, struct spec_topic *t)
{
	TRY(add(s, t,
		(struct setting){"cleanup.policy", "compact", RULE_EXACT, CLUSTER_BREAKS,
			"the newest record of each key must be kept for ever"}));
	TRY(add(s, t,
		(struct setting){"segment.ms", "3600000", RULE_AT_MOST, CLUSTER_NOTES,
			"the newest segment is never compacted, so it should not grow for days"}));
	TRY(add(s, t,
		(struct setting){"max.compaction.lag.ms", "21600000", RULE_AT_MOST, CLUSTER_NOTES,
			"old records stay longer than they are of use"}));
	return add(s, t,
		(struct setting){"min.cleanable.dirty.ratio", "0.1", RULE_AT_MOST, CLUSTER_NOTES,
			"old records stay longer than they are of use"});
}

static struct status add_journal(struct cluster_spec *s, struct spec_topic *t)
{
	TRY(add_kept(s, t, "-1", "the journal is the policy and its history: none of it may ever go"));
	TRY(add(s, t,
		(struct setting){"message.timestamp.type", "LogAppendTime", RULE_EXACT, CLUSTER_BREAKS,
			"an entry's own time is checked against the broker's"}));
	if (s->copies > 1)
		return S_OK;
	return add(s, t,
		(struct setting){"flush.messages", "1", RULE_EXACT, CLUSTER_BREAKS,
			"with one copy, a power cut may forget an off that was acknowledged"});
}

/* Deleted segments go whole, up to segment.ms after their first record's time has come: both together must
 * not exceed what was agreed. */
static struct status add_reads(struct cluster_spec *s, struct spec_topic *t)
{
	int64_t segment = t->keep_for_ms / 10 < DAY_MS ? t->keep_for_ms / 10 : DAY_MS;
	const char *why = "reads would be kept longer than was agreed";

	TRY(add(s, t, (struct setting){"cleanup.policy", "delete", RULE_EXACT, CLUSTER_BREAKS, why}));
	TRY(add(s, t,
		(struct setting){"message.timestamp.type", "CreateTime", RULE_EXACT, CLUSTER_BREAKS,
			"a read's time is when it was published"}));
	if (t->keep_for_ms == 0)
		return S_OK;
	TRY(add(s, t,
		(struct setting){"segment.ms", text_format(&s->memory, "%lld", (long long)segment),
			RULE_TOGETHER, CLUSTER_BREAKS, why}));
	return add(s, t,
		(struct setting){"retention.ms",
			text_format(&s->memory, "%lld", (long long)(t->keep_for_ms - segment)), RULE_TOGETHER,
			CLUSTER_BREAKS, why});
}

static struct status add_settings(struct cluster_spec *s, struct spec_topic *t)
{
	TRY(add_common(s, t));
	switch (t->kind) {
	case TOPIC_JOURNAL:
		return add_journal(s, t);
	case TOPIC_LEDGER:
		TRY(add(s, t,
			(struct setting){"message.timestamp.type", "LogAppendTime", RULE_EXACT,
				CLUSTER_BREAKS,
				"each transaction compares the gateway's clock with the broker's"}));
		return add_kept(s, t, text_format(&s->memory, "%lld", LEDGER_DAYS * DAY_MS),
			"a publisher that was away for long could not resume");
	case TOPIC_HEADS:
	case TOPIC_ACCOUNTS:
	case TOPIC_DOCUMENTS:
		return add_compacted(s, t);
	case TOPIC_READS:
		return add_reads(s, t);
	}
	return S_FAULT;
}

static bool is_topic_name(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return n > 0 && n < 250 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static struct spec_topic *find_topic(struct cluster_spec *s, const char *name)
{
	for (size_t i = 0; i < s->n_topics; i++)
		if (strcmp(s->topics[i].name, name) == 0)
			return &s->topics[i];
	return NULL;
}

/* Without settings as yet: two agreements may name one topic. */
static struct status add_topic(struct cluster_spec *s, const char *name, enum topic_kind kind,
	int32_t partitions, int64_t keep_for_ms, struct error *e)
{
	struct spec_topic *t;

	if (!is_topic_name(name))
		return error_set(e, "'%s' is not the name of a topic", name ? name : "");
	if (partitions < 1)
		return error_set(e, "topic %s: %d partitions", name, (int)partitions);
	t = find_topic(s, name);
	if (t && (t->kind != TOPIC_READS || kind != TOPIC_READS))
		return error_set(e, "topic %s is named for two things", name);
	if (!t) {
		t = LIST_PUSH(&s->memory, s->topics, s->n_topics, s->cap_topics);
		REQUIRE(t, S_OVERLOAD);
		*t = (struct spec_topic){
			.name = text_copy(&s->memory, name), .kind = kind, .partitions = partitions};
		REQUIRE(t->name, S_OVERLOAD);
	}
	if (keep_for_ms > 0 && (t->keep_for_ms == 0 || keep_for_ms < t->keep_for_ms))
		t->keep_for_ms = keep_for_ms;
	return S_OK;
}

static struct status add_brokers(struct cluster_spec *s)
{
	const char *copies = text_format(&s->memory, "%d", s->copies),
		   *in_sync = text_format(&s->memory, "%d", s->in_sync);
	const struct setting settings[] = {
		{"transaction.partition.verification.enable", "true", RULE_EXACT, CLUSTER_BREAKS,
			"a gateway that was fenced could still append"},
		{"transaction.state.log.replication.factor", copies, RULE_AT_LEAST, CLUSTER_BREAKS,
			"one broker lost may lose who was fenced"},
		{"transaction.state.log.min.isr", in_sync, RULE_AT_LEAST, CLUSTER_BREAKS,
			"one broker lost may lose who was fenced"},
		{"transactional.id.expiration.ms", "604800000", RULE_AT_LEAST, CLUSTER_BREAKS,
			"a fence is forgotten when its transactional id expires"},
		{"transaction.max.timeout.ms", TRANSACTION_MS, RULE_AT_LEAST, CLUSTER_BREAKS,
			"no transaction can be begun"},
		{"unclean.leader.election.enable", "false", RULE_EXACT, CLUSTER_BREAKS,
			"a broker that lags may become leader and forget who was fenced"},
		{"auto.create.topics.enable", "false", RULE_EXACT, CLUSTER_WARNS,
			"a topic misspelt is made, without copies or rights"},
		{"message.max.bytes", MESSAGE_BYTES, RULE_AT_LEAST, CLUSTER_NOTES,
			"it is what new topics begin with"},
		{"group.min.session.timeout.ms", "6000", RULE_AT_MOST, CLUSTER_WARNS,
			"nodes cannot watch one another closely enough to take over in time"},
		{"broker.session.timeout.ms", "4000", RULE_AT_MOST, CLUSTER_NOTES,
			"when a broker is lost, an off takes that much longer to be enforced"},
	};

	REQUIRE(copies && in_sync, S_OVERLOAD);
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		struct setting *at = LIST_PUSH(&s->memory, s->brokers, s->n_brokers, s->cap_brokers);

		REQUIRE(at, S_OVERLOAD);
		*at = settings[i];
	}
	return S_OK;
}

static struct status add_topics(struct cluster_spec *s, const struct cluster_wanted *w, struct error *e)
{
	TRY(add_topic(s, w->journal, TOPIC_JOURNAL, 1, 0, e));
	TRY(add_topic(s, w->documents, TOPIC_DOCUMENTS, 1, 0, e));
	TRY(add_topic(s, w->ledger, TOPIC_LEDGER, w->publishers, 0, e));
	/* One a publisher, like the ledger: no other publisher's open transaction hides the end of its own.
	 */
	TRY(add_topic(s, w->heads, TOPIC_HEADS, w->publishers, 0, e));
	TRY(add_topic(s, w->accounts, TOPIC_ACCOUNTS, 1, 0, e));
	for (size_t i = 0; i < w->n_recipients; i++)
		TRY(add_topic(s, w->recipients[i].topic, TOPIC_READS, w->recipients[i].partitions,
			w->recipients[i].keep_for_ms, e));
	for (size_t i = 0; i < s->n_topics; i++)
		TRY(add_settings(s, &s->topics[i]));
	return S_OK;
}

static struct status build(struct cluster_spec *s, const struct cluster_wanted *w, struct error *e)
{
	s->copies = w->single_broker ? 1 : 3;
	s->in_sync = w->single_broker ? 1 : 2;
	TRY(spec_check_principals(&w->gateway, 1, e));
	TRY(spec_check_principals(w->super_users, w->n_super_users, e));
	s->gateway = text_copy(&s->memory, w->gateway);
	s->super_users = arena_alloc(&s->memory, (w->n_super_users + 1) * sizeof *s->super_users);
	REQUIRE(s->gateway && s->super_users, S_OVERLOAD);
	for (; s->n_super_users < w->n_super_users; s->n_super_users++)
		s->super_users[s->n_super_users] = text_copy(&s->memory, w->super_users[s->n_super_users]);
	TRY(add_topics(s, w, e));
	TRY(add_brokers(s));
	return spec_grant(s, w, e);
}

struct status cluster_spec_new(
	const struct cluster_wanted *wanted, struct cluster_spec **out, struct error *e)
{
	struct cluster_spec *s = calloc(1, sizeof *s);
	struct status status;

	REQUIRE(s, S_OVERLOAD);
	status = build(s, wanted, e);
	if (ok(status))
		*out = s;
	else
		cluster_spec_free(s);
	return status;
}

void cluster_spec_free(struct cluster_spec *spec)
{
	if (!spec)
		return;
	arena_free(&spec->memory);
	free(spec);
}

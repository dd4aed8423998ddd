/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparing what is wanted with what is found: brokers, topics, settings; rights are in cluster_rights.c. No
 * I/O. What cannot be seen is not taken for good.
 */
#include "gateway/kafka/cluster_internal.h"

#include <stdio.h>

#define APPLY "run 'anprctl cluster apply' as an administrator of the cluster"

struct status finding_add(struct cluster_findings *out, struct cluster_finding finding)
{
	struct cluster_finding *at = LIST_PUSH(&out->memory, out->items, out->n, out->cap);

	REQUIRE(at && finding.where && finding.what && finding.found && finding.wanted && finding.remedy,
		S_OVERLOAD);
	*at = finding;
	/* They outlive spec and view. */
	at->topic = text_copy(&out->memory, finding.topic);
	at->where = text_copy(&out->memory, finding.where);
	at->what = text_copy(&out->memory, finding.what);
	at->found = text_copy(&out->memory, finding.found);
	at->wanted = text_copy(&out->memory, finding.wanted);
	at->remedy = text_copy(&out->memory, finding.remedy);
	REQUIRE(at->where && at->what && at->found && at->wanted && at->remedy &&
			(at->topic || !finding.topic),
		S_OVERLOAD);
	return S_OK;
}

static const char *rule_text(struct arena *memory, const struct spec_topic *t, const struct setting *s)
{
	switch (s->rule) {
	case RULE_EXACT:
		return s->value;
	case RULE_AT_LEAST:
		return text_format(memory, "at least %s", s->value);
	case RULE_AT_MOST:
		return text_format(memory, "at most %s", s->value);
	case RULE_TOGETHER: /* of topics only */
		if (!t)
			break;
		return text_format(memory, "segment.ms and retention.ms together at most %lld",
			(long long)t->keep_for_ms);
	}
	return NULL;
}

/* A topic of ours that breaks stops everything, one that reads go to only itself. */
static const char *scope(const struct spec_topic *t)
{
	return t->kind == TOPIC_READS ? t->name : NULL;
}

static struct status compare_settings(struct cluster_findings *out, const struct spec_topic *t,
	const struct view_topic *found, const char *where)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct setting *s = &t->settings[i];
		const struct view_setting *have = view_setting(&found->settings, s->name);

		if (setting_is_as_wanted(t, s, &found->settings))
			continue;
		TRY(finding_add(out, (struct cluster_finding){s->severity, scope(t), where, s->name,
					     have && have->value ? have->value : "not disclosed",
					     rule_text(&out->memory, t, s),
					     text_format(&out->memory, "%s; %s", s->why, APPLY)}));
	}
	return S_OK;
}

/* Heads have a partition for each publisher that there is, which is as many as the ledger was made with. */
static int32_t partitions_wanted(
	const struct spec_topic *t, const struct cluster_spec *spec, const struct cluster_view *view)
{
	for (size_t i = 0; t->kind == TOPIC_HEADS && i < spec->n_topics; i++) {
		const struct view_topic *found = view_topic(view, spec->topics[i].name);

		if (spec->topics[i].kind == TOPIC_LEDGER && found && found->partitions > 0)
			return found->partitions;
	}
	return t->partitions;
}

static struct status compare_partitions(struct cluster_findings *out, const struct spec_topic *t,
	int32_t wanted, const struct view_topic *found, const char *where)
{
	bool as_made = t->kind == TOPIC_READS || t->kind == TOPIC_LEDGER;

	if (found->partitions == wanted)
		return S_OK;
	return finding_add(
		out, (struct cluster_finding){as_made ? CLUSTER_NOTES : CLUSTER_BREAKS, scope(t), where,
			     "partitions", text_format(&out->memory, "%d", (int)found->partitions),
			     text_format(&out->memory, "%d", (int)wanted),
			     as_made ? "what it was made with stands, and must never be changed"
				     : "it was not made for the gateway: name another, or delete it"});
}

static struct status compare_copies(struct cluster_findings *out, const struct cluster_spec *spec,
	enum cluster_severity severity, const char *topic, const struct view_topic *found, const char *where)
{
	if (found->copies < spec->copies)
		TRY(finding_add(out,
			(struct cluster_finding){severity, topic, where, "copies",
				text_format(&out->memory, "%d", found->copies),
				text_format(&out->memory, "at least %d", spec->copies),
				"give it more replicas with the cluster's own tools (reassign partitions)"}));
	if (found->in_sync < spec->in_sync)
		TRY(finding_add(
			out, (struct cluster_finding){CLUSTER_WARNS, topic, where, "copies in sync",
				     text_format(&out->memory, "%d", found->in_sync),
				     text_format(&out->memory, "at least %d", spec->in_sync),
				     "a broker is away or behind: writes are refused until it is back"}));
	return S_OK;
}

static struct status compare_topic(struct cluster_findings *out, const struct cluster_spec *spec,
	const struct spec_topic *t, const struct cluster_view *view)
{
	const struct view_topic *found = view_topic(view, t->name);
	const char *where = text_format(&out->memory, "topic %s", t->name);

	if (!found || found->partitions == 0)
		return finding_add(out, (struct cluster_finding){CLUSTER_BREAKS, scope(t), where, "topic",
						"does not exist, or may not be seen", "exists", APPLY});
	TRY(compare_partitions(out, t, partitions_wanted(t, spec, view), found, where));
	TRY(compare_copies(out, spec, CLUSTER_BREAKS, scope(t), found, where));
	if (found->settings.problem)
		return finding_add(out, (struct cluster_finding){CLUSTER_BREAKS, scope(t), where, "settings",
						found->settings.problem, "can be seen",
						"give this principal DESCRIBE_CONFIGS on the topic"});
	return compare_settings(out, t, found, where);
}

static struct status compare_authorizer(
	struct cluster_findings *out, const struct view_broker *b, const char *where)
{
	const struct view_setting *authorizer = view_setting(&b->settings, "authorizer.class.name");
	const struct view_setting *open = view_setting(&b->settings, "allow.everyone.if.no.acl.found");

	if (!authorizer || !authorizer->value || !*authorizer->value)
		TRY(finding_add(out,
			(struct cluster_finding){CLUSTER_BREAKS, NULL, where, "authorizer.class.name", "none",
				"an authorizer", "without one everybody may read and write everything"}));
	if (open && open->value && strcmp(open->value, "false") != 0)
		TRY(finding_add(out, (struct cluster_finding){CLUSTER_BREAKS, NULL, where,
					     "allow.everyone.if.no.acl.found", open->value, "false",
					     "what no right is given for must be refused: set it and restart "
					     "the broker"}));
	if (open && !open->value)
		TRY(finding_add(out,
			(struct cluster_finding){CLUSTER_NOTES, NULL, where, "allow.everyone.if.no.acl.found",
				"not disclosed", "false", "look at the broker's own properties file"}));
	return S_OK;
}

static struct status compare_broker(struct cluster_findings *out, const struct cluster_spec *spec,
	const struct view_broker *b, bool any_known)
{
	const char *where = text_format(&out->memory, "broker %d", (int)b->id);

	if (b->settings.problem)
		return finding_add(out, (struct cluster_finding){any_known ? CLUSTER_WARNS : CLUSTER_BREAKS,
						NULL, where, "settings", b->settings.problem, "can be seen",
						"see that it runs, and that this principal has "
						"DESCRIBE_CONFIGS on the cluster"});
	for (size_t i = 0; i < spec->n_brokers; i++) {
		const struct setting *s = &spec->brokers[i];
		const struct view_setting *have = view_setting(&b->settings, s->name);

		if (setting_is_as_wanted(NULL, s, &b->settings))
			continue;
		TRY(finding_add(
			out, (struct cluster_finding){s->severity, NULL, where, s->name,
				     have ? have->value ? have->value : "not disclosed" : "not there",
				     rule_text(&out->memory, NULL, s),
				     text_format(&out->memory, "%s; set it for every broker", s->why)}));
	}
	return compare_authorizer(out, b, where);
}

static struct status compare_brokers(
	struct cluster_findings *out, const struct cluster_spec *spec, const struct cluster_view *view)
{
	bool any_known = false;

	for (size_t i = 0; i < view->n_brokers; i++)
		any_known |= !view->brokers[i].settings.problem;
	if (view->n_brokers < (size_t)spec->copies)
		TRY(finding_add(out, (struct cluster_finding){CLUSTER_WARNS, NULL, "cluster", "brokers",
					     text_format(&out->memory, "%zu", view->n_brokers),
					     text_format(&out->memory, "at least %d", spec->copies),
					     "start those that are away"}));
	if (spec->copies == 1)
		TRY(finding_add(
			out, (struct cluster_finding){CLUSTER_NOTES, NULL, "cluster", "copies", "1", "3",
				     "a single broker was chosen: what it loses is lost, and it alone stops "
				     "everything"}));
	for (size_t i = 0; i < view->n_brokers; i++)
		TRY(compare_broker(out, spec, &view->brokers[i], any_known));
	return S_OK;
}

/* Topics that Kafka keeps for itself, and that the gateway rests on. */
static const struct internal_topic {
	const char *name;
	enum cluster_severity severity; /* of too few copies, and of settings that may lose what is in it */
	const char *lost, *forgot, *made;
} internal_topics[] = {
	{TRANSACTION_STATE, CLUSTER_BREAKS, "one broker lost may lose who was fenced",
		"a broker that lags may become leader and forget who was fenced",
		"it is made with the first transaction; look again after that"},
	{CONSUMER_OFFSETS, CLUSTER_WARNS, "with one broker lost no node may take over from another",
		"a broker that lags may become leader and forget which nodes there are",
		"it is made when the first node joins; look again after that"},
};

static struct status compare_internal(struct cluster_findings *out, const struct internal_topic *topic,
	const struct cluster_spec *spec, const struct cluster_view *view)
{
	const struct view_topic *found = view_topic(view, topic->name);
	const char *where = text_format(&out->memory, "topic %s", topic->name);
	struct setting settings[] = {
		{"min.insync.replicas", text_format(&out->memory, "%d", spec->in_sync), RULE_AT_LEAST,
			topic->severity, topic->lost},
		{"unclean.leader.election.enable", "false", RULE_EXACT, topic->severity, topic->forgot},
	};
	struct spec_topic t = {.name = topic->name, .kind = TOPIC_JOURNAL, .settings = settings, .n = 2};

	if (!found || found->partitions == 0)
		return finding_add(
			out, (struct cluster_finding){CLUSTER_NOTES, NULL, where, "topic",
				     "does not exist yet, or may not be seen", "exists", topic->made});
	TRY(compare_copies(out, spec, topic->severity, NULL, found, where));
	if (found->settings.problem)
		return finding_add(out, (struct cluster_finding){CLUSTER_WARNS, NULL, where, "settings",
						found->settings.problem, "can be seen",
						"give this principal DESCRIBE_CONFIGS on the topic"});
	return compare_settings(out, &t, found, where);
}

/* Worst first, otherwise as they came. */
static void sort(struct cluster_findings *f)
{
	for (size_t i = 1; i < f->n; i++) {
		struct cluster_finding x = f->items[i];
		size_t at = i;

		for (; at > 0 && f->items[at - 1].severity > x.severity; at--)
			f->items[at] = f->items[at - 1];
		f->items[at] = x;
	}
}

struct status cluster_compare(
	const struct cluster_spec *spec, const struct cluster_view *view, struct cluster_findings *out)
{
	TRY(compare_brokers(out, spec, view));
	for (size_t i = 0; i < sizeof internal_topics / sizeof internal_topics[0]; i++)
		TRY(compare_internal(out, &internal_topics[i], spec, view));
	for (size_t i = 0; i < spec->n_topics; i++)
		TRY(compare_topic(out, spec, &spec->topics[i], view));
	TRY(compare_acls(spec, view, out));
	sort(out);
	return S_OK;
}

struct status cluster_check(const struct kafka_config *config, const struct cluster_spec *spec,
	int timeout_ms, struct cluster_findings *out, struct error *e)
{
	struct cluster_view *view = NULL;
	struct status status;

	TRY(cluster_show(config, spec, timeout_ms, &view, e));
	status = cluster_compare(spec, view, out);
	cluster_view_free(view);
	return status;
}

const struct cluster_finding *cluster_breaks(const struct cluster_findings *findings, const char *topic)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct cluster_finding *f = &findings->items[i];

		if (f->severity == CLUSTER_BREAKS && (!f->topic || strcmp(f->topic, topic) == 0))
			return f;
	}
	return NULL;
}

void cluster_findings_free(struct cluster_findings *findings)
{
	arena_free(&findings->memory);
	*findings = (struct cluster_findings){0};
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparing rights: those that are wanted and missing, and those that somebody has and should not have. Only
 * the gateway may write, only recipients and verifiers may read what is shared.
 */
#include "gateway/kafka/cluster_internal.h"

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* As Kafka has it: some operations bring others with them. */
static bool operation_covers(const char *have, const char *want)
{
	static const char *const describing[] = {"READ", "WRITE", "DELETE", "ALTER", NULL};

	if (strcmp(have, want) == 0 || strcmp(have, "ALL") == 0)
		return true;
	if (strcmp(want, "DESCRIBE") == 0)
		return one_of(have, describing);
	return strcmp(want, "DESCRIBE_CONFIGS") == 0 && strcmp(have, "ALTER_CONFIGS") == 0;
}

static bool name_covers(const struct acl *have, const struct acl *want)
{
	if (have->prefixed)
		return begins(want->name, have->name);
	return strcmp(have->name, "*") == 0 || (!want->prefixed && strcmp(have->name, want->name) == 0);
}

/* Some name is meant by both. */
static bool names_meet(const struct acl *a, const struct acl *b)
{
	return name_covers(a, b) || name_covers(b, a);
}

static bool covers(const struct acl *have, const struct acl *want)
{
	return have->resource == want->resource && name_covers(have, want) &&
	       operation_covers(have->operation, want->operation) &&
	       (strcmp(have->principal, want->principal) == 0 || strcmp(have->principal, "User:*") == 0);
}

bool acl_is_given(const struct cluster_view *view, const struct acl *want)
{
	for (size_t i = 0; i < view->acls.n; i++) {
		const struct acl *have = &view->acls.items[i];

		if (!have->deny && covers(have, want) && strcmp(have->host, "*") == 0)
			return true;
	}
	return false;
}

static struct status compare_wanted(const struct cluster_spec *spec, const struct cluster_view *view,
	const struct acl *want, struct cluster_findings *out)
{
	enum cluster_severity severity =
		strcmp(want->principal, spec->gateway) == 0 ? CLUSTER_LACKS : CLUSTER_WARNS;

	for (size_t i = 0; i < view->acls.n; i++) {
		const struct acl *have = &view->acls.items[i];

		if (have->deny && covers(have, want))
			return finding_add(
				out, (struct cluster_finding){severity, NULL, "rights",
					     acl_text(&out->memory, want), acl_text(&out->memory, have),
					     "not denied", "remove what denies it"});
	}
	if (acl_is_given(view, want))
		return S_OK;
	return finding_add(out,
		(struct cluster_finding){severity, NULL, "rights", acl_text(&out->memory, want), "missing",
			"given", "run 'anprctl cluster apply' as an administrator of the cluster"});
}

static bool is_wanted(const struct cluster_spec *spec, const struct acl *have)
{
	for (size_t i = 0; i < spec->acls.n; i++)
		if (covers(&spec->acls.items[i], have))
			return true;
	for (size_t i = 0; i < spec->n_super_users; i++)
		if (strcmp(spec->super_users[i], have->principal) == 0)
			return true;
	return false;
}

static struct status excess(struct cluster_findings *out, enum cluster_severity severity, const char *topic,
	const struct acl *have, const char *why)
{
	return finding_add(out, (struct cluster_finding){severity, topic, "rights", "a right not foreseen",
					acl_text(&out->memory, have), "not given",
					text_format(&out->memory, "%s: take it back", why)});
}

static struct status compare_on_topic(const struct cluster_spec *spec, const struct spec_topic *t,
	const struct acl *have, struct cluster_findings *out)
{
	static const char *const change[] = {"ALTER", "ALTER_CONFIGS", "DELETE", "ALL", NULL};
	const struct acl topic = {.resource = RESOURCE_TOPIC, .name = t->name};
	const char *scope = t->kind == TOPIC_READS ? t->name : NULL;
	bool personal = t->kind == TOPIC_READS || t->kind == TOPIC_HEADS;

	if (!name_covers(have, &topic))
		return S_OK;
	if (strcmp(have->principal, spec->gateway) == 0)
		return excess(out, CLUSTER_NOTES, scope, have, "more than the gateway needs");
	if (operation_covers(have->operation, "WRITE"))
		return excess(out, CLUSTER_BREAKS, scope, have, "only the gateway may write");
	if (operation_covers(have->operation, "READ") && personal)
		return excess(out, CLUSTER_BREAKS, scope, have,
			t->kind == TOPIC_READS ? "no agreement names this reader" : "it holds a key");
	if (operation_covers(have->operation, "READ"))
		return excess(out, CLUSTER_WARNS, NULL, have, "no agreement names this reader");
	return one_of(have->operation, change)
		       ? excess(out, CLUSTER_WARNS, scope, have,
				 "it could delete the topic or change how long it is kept")
		       : S_OK;
}

static struct status compare_found(
	const struct cluster_spec *spec, const struct acl *have, struct cluster_findings *out)
{
	static const char *const rule[] = {"ALL", "ALTER", "ALTER_CONFIGS", "CLUSTER_ACTION", NULL};
	const struct acl ours = {.name = "anpr-", .prefixed = true};

	switch (have->resource) {
	case RESOURCE_TOPIC:
		for (size_t i = 0; i < spec->n_topics; i++)
			TRY(compare_on_topic(spec, &spec->topics[i], have, out));
		return S_OK;
	case RESOURCE_GROUP:
		return names_meet(have, &ours) && operation_covers(have->operation, "READ")
			       ? excess(out, CLUSTER_WARNS, NULL, have,
					 "it could join the gateway's nodes and keep work from them")
			       : S_OK;
	case RESOURCE_TRANSACTIONAL_ID:
		return names_meet(have, &ours) && operation_covers(have->operation, "WRITE")
			       ? excess(out, CLUSTER_WARNS, NULL, have, "it could fence the gateway")
			       : S_OK;
	case RESOURCE_CLUSTER:
		return one_of(have->operation, rule)
			       ? excess(out, CLUSTER_WARNS, NULL, have,
					 "it could give itself any right, or change any setting")
			       : S_OK;
	}
	return S_OK;
}

static struct status note_super_users(const struct cluster_spec *spec, struct cluster_findings *out)
{
	for (size_t i = 0; i < spec->n_super_users; i++)
		TRY(finding_add(
			out, (struct cluster_finding){CLUSTER_NOTES, NULL, "rights", "super user",
				     spec->super_users[i], "declared",
				     "Kafka does not disclose its super users, so this cannot be checked"}));
	return S_OK;
}

struct status compare_acls(
	const struct cluster_spec *spec, const struct cluster_view *view, struct cluster_findings *out)
{
	if (view->acls_problem)
		return finding_add(
			out, (struct cluster_finding){view->acls_refused ? CLUSTER_BREAKS : CLUSTER_WARNS,
				     NULL, "rights", "who may read and write",
				     text_format(&out->memory, "unknown, as %s: %s",
					     view->acls_refused ? "it may not be asked" : "nobody says",
					     view->acls_problem),
				     "known", "give this principal DESCRIBE on the cluster"});
	for (size_t i = 0; i < spec->acls.n; i++)
		TRY(compare_wanted(spec, view, &spec->acls.items[i], out));
	for (size_t i = 0; i < view->acls.n; i++)
		if (!view->acls.items[i].deny && !is_wanted(spec, &view->acls.items[i]))
			TRY(compare_found(spec, &view->acls.items[i], out));
	return note_super_users(spec, out);
}

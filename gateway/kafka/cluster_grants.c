/* SPDX-License-Identifier: Apache-2.0
 *
 * The rights that are wanted: for the gateway, for recipients, for verifiers; as few as will do.
 */
#include "gateway/kafka/cluster_internal.h"

#include <stdio.h>

static struct status allow(struct cluster_spec *s, const char *principal, enum resource resource,
	const char *name, bool prefixed, const char *operations)
{
	char words[128], *rest = words;
	const char *word;

	snprintf(words, sizeof words, "%s", operations);
	while ((word = strsep(&rest, " "))) {
		struct acl a = {resource, text_copy(&s->memory, name), prefixed,
				   text_copy(&s->memory, principal), text_copy(&s->memory, word), "*", false},
			   *at;

		REQUIRE(a.name && a.principal && a.operation, S_OVERLOAD);
		for (size_t i = 0; i < s->acls.n; i++)
			if (acl_equal(&s->acls.items[i], &a))
				goto next;
		at = LIST_PUSH(&s->memory, s->acls.items, s->acls.n, s->acls.cap);
		REQUIRE(at, S_OVERLOAD);
		*at = a;
	next:;
	}
	return S_OK;
}

static struct status allow_gateway(struct cluster_spec *s, const char *principal)
{
	for (size_t i = 0; i < s->n_topics; i++)
		TRY(allow(s, principal, RESOURCE_TOPIC, s->topics[i].name, false,
			s->topics[i].kind == TOPIC_READS ? "WRITE DESCRIBE DESCRIBE_CONFIGS"
							 : "READ WRITE DESCRIBE DESCRIBE_CONFIGS"));
	TRY(allow(s, principal, RESOURCE_TOPIC, TRANSACTION_STATE, false, "DESCRIBE DESCRIBE_CONFIGS"));
	TRY(allow(s, principal, RESOURCE_TOPIC, CONSUMER_OFFSETS, false, "DESCRIBE DESCRIBE_CONFIGS"));
	TRY(allow(s, principal, RESOURCE_TRANSACTIONAL_ID, "anpr-", true, "WRITE DESCRIBE"));
	TRY(allow(s, principal, RESOURCE_GROUP, "anpr-", true, "READ"));
	return allow(s, principal, RESOURCE_CLUSTER, "kafka-cluster", false, "DESCRIBE DESCRIBE_CONFIGS");
}

static bool is_principal(const char *text)
{
	const char *colon = text ? strchr(text, ':') : NULL;

	return colon && colon != text && colon[1] && strcmp(colon + 1, "*") != 0;
}

struct status spec_check_principals(const char *const *principals, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++)
		if (!is_principal(principals[i]))
			return error_set(e,
				"'%s' is not a principal in full, such as \"User:CN=police,O=mps\"",
				principals[i] ? principals[i] : "");
	return S_OK;
}

static struct status allow_verifier(struct cluster_spec *s, const char *principal, const char *reads)
{
	TRY(allow(s, principal, RESOURCE_TOPIC, reads, false, "READ DESCRIBE"));
	/* Not heads: they hold the key by which repeats are recognised. */
	for (size_t i = 0; i < s->n_topics; i++)
		if (s->topics[i].kind != TOPIC_HEADS && s->topics[i].kind != TOPIC_READS)
			TRY(allow(s, principal, RESOURCE_TOPIC, s->topics[i].name, false, "READ DESCRIBE"));
	return allow(s, principal, RESOURCE_GROUP, "verifier-", true, "READ");
}

static struct status allow_recipient(
	struct cluster_spec *s, const struct cluster_recipient *r, const char *groups, struct error *e)
{
	TRY(spec_check_principals(r->principals, r->n_principals, e));
	TRY(spec_check_principals(r->verifiers, r->n_verifiers, e));
	for (size_t i = 0; i < r->n_principals; i++) {
		TRY(allow(s, r->principals[i], RESOURCE_TOPIC, r->topic, false, "READ DESCRIBE"));
		TRY(allow(s, r->principals[i], RESOURCE_GROUP, groups, true, "READ"));
	}
	for (size_t i = 0; i < r->n_verifiers; i++)
		TRY(allow_verifier(s, r->verifiers[i], r->topic));
	return S_OK;
}

struct status spec_grant(struct cluster_spec *s, const struct cluster_wanted *w, struct error *e)
{
	TRY(allow_gateway(s, w->gateway));
	for (size_t i = 0; i < w->n_recipients; i++)
		TRY(allow_recipient(s, &w->recipients[i], w->groups ? w->groups : "police-", e));
	return S_OK;
}

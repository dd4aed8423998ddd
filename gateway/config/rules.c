/* SPDX-License-Identifier: Apache-2.0
 *
 * What the keys of a configuration must be to each other. Called once the mapping concerned is read; what is
 * missing or malformed has been told by then and is passed over.
 */
#include "gateway/config/loader.h"

#include <arpa/inet.h>
#include <stdlib.h>

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

void rule_pair(struct loader *l, int node, const char *cert, const char *key)
{
	if (cert && key && !file_pair_matches(cert, key))
		loader_problem(
			l, loader_find(l, node, "key"), "%s is not the key of the certificate %s", key, cert);
}

void rule_kafka(struct loader *l, int node, void *base)
{
	struct config *c = base;

	rule_pair(l, node, c->kafka.cert, c->kafka.key);
}

void rule_ingress(struct loader *l, int node, void *base)
{
	struct config *c = base;

	rule_pair(l, node, c->ingress_tls.cert, c->ingress_tls.key);
}

void rule_admin(struct loader *l, int node, void *base)
{
	struct config *c = base;

	rule_pair(l, node, c->admin_tls.cert, c->admin_tls.key);
}

void rule_topics(struct loader *l, int node, void *base)
{
	static const char *const keys[] = {"ledger", "heads", "accounts", "journal", "documents"};
	struct config *c = base;
	const char *names[] = {c->topics.ledger, c->topics.heads, c->topics.accounts, c->topics.journal,
		c->topics.documents};

	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < i; k++)
			if (same(names[i], names[k])) {
				int at = loader_find(l, node, keys[i]);
				loader_problem(l, at ? at : node, "'%s' and '%s' cannot be the same topic",
					keys[k], keys[i]);
			}
}

void rule_organisation(struct loader *l, int node, void *base)
{
	struct config_organisation *o = base;
	int people = loader_find(l, node, "people");

	for (size_t i = 0; i < o->n_people; i++)
		for (size_t k = 0; k < i; k++)
			if (same(o->people[i].subject, o->people[k].subject))
				loader_problem(l, loader_item(l, people, i), "people: '%s' is there twice",
					o->people[i].subject);
}

static const char *const stream_keys[] = {"url", "ca", "cert", "key"};

static void stream_rule(struct loader *l, int node, struct config_partner *p)
{
	for (size_t i = 0; i < 4; i++)
		if (!loader_find(l, node, stream_keys[i]))
			loader_problem(l, node, "key '%s' is missing: a stream needs it", stream_keys[i]);
	if (loader_find(l, node, "subjects"))
		loader_problem(
			l, loader_find(l, node, "subjects"), "key 'subjects' is for sources of kind push");
	rule_pair(l, node, p->tls.cert, p->tls.key);
}

static void push_rule(struct loader *l, int node)
{
	for (size_t i = 0; i < 4; i++)
		if (loader_find(l, node, stream_keys[i]))
			loader_problem(l, loader_find(l, node, stream_keys[i]),
				"key '%s' is for sources of kind stream", stream_keys[i]);
	if (!loader_find(l, node, "subjects"))
		loader_problem(l, node, "key 'subjects' is missing: whose certificates may push");
}

void rule_source(struct loader *l, int node, void *base)
{
	struct config_partner *p = base;

	switch (p->kind) {
	case SOURCE_KIND_STREAM:
		stream_rule(l, node, p);
		return;
	case SOURCE_KIND_PUSH:
		push_rule(l, node);
		return;
	case SOURCE_KIND_NONE:
		return;
	}
}

static bool is_loopback(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, address, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, address, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcmp(address, "localhost") == 0;
}

static const char metrics_rule[] = "metrics are served without TLS, so on the loopback address only";

void rule_metrics(struct loader *l, int node, void *base)
{
	struct config *c = base;

	if (c->metrics.address && !is_loopback(c->metrics.address))
		loader_problem(l, loader_find(l, node, "listen"), "%s", metrics_rule);
}

const char *config_metrics_parse(const char *text, struct config_listen *out)
{
	const char *why = listen_parse(text, out);

	if (why || is_loopback(out->address))
		return why;
	free(out->address);
	return metrics_rule;
}

/* The node of `key` in item i of the list under `list`. */
static int item_key(struct loader *l, int root, const char *list, size_t i, const char *key)
{
	int item = loader_item(l, loader_find(l, root, list), i);
	int at = loader_find(l, item, key);

	return at ? at : item;
}

static void organisations_rule(struct loader *l, int root, struct config *c)
{
	for (size_t i = 0; i < c->n_organisations; i++)
		for (size_t k = 0; k < i; k++)
			if (same(c->organisations[i].id, c->organisations[k].id))
				loader_problem(l, item_key(l, root, "organisations", i, "id"),
					"organisations: '%s' is there twice, first on line %zu",
					c->organisations[i].id, c->organisations[k].line);
}

static bool organisation_exists(const struct config *c, const char *id)
{
	for (size_t i = 0; i < c->n_organisations; i++)
		if (same(c->organisations[i].id, id))
			return true;
	return false;
}

static void partners_rule(struct loader *l, int root, struct config *c)
{
	for (size_t i = 0; i < c->n_partners; i++) {
		struct config_partner *p = &c->partners[i];
		if (p->organisation && !organisation_exists(c, p->organisation))
			loader_problem(l, item_key(l, root, "partners", i, "organisation"),
				"partners: there is no organisation '%s'", p->organisation);
		if (p->kind == SOURCE_KIND_PUSH && !c->ingress.address)
			loader_problem(l, item_key(l, root, "partners", i, "source"),
				"partners: a source of kind push needs 'ingress', which is not configured");
		for (size_t k = 0; k < i; k++)
			if (same(p->id, c->partners[k].id))
				loader_problem(l, item_key(l, root, "partners", i, "id"),
					"partners: '%s' is there twice, first on line %zu", p->id,
					c->partners[k].line);
	}
}

static void listeners_rule(struct loader *l, struct config *c, int root)
{
	const struct config_listen *all[] = {&c->ingress, &c->admin, &c->metrics};
	static const char *const names[] = {"ingress", "admin", "metrics"};

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < i; k++)
			if (same(all[i]->address, all[k]->address) && all[i]->port == all[k]->port)
				loader_problem(l, loader_find(l, root, names[i]),
					"%s and %s listen on the same port", names[k], names[i]);
}

void rule_config(struct loader *l, int node, void *base)
{
	organisations_rule(l, node, base);
	partners_rule(l, node, base);
	listeners_rule(l, base, node);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Organisations, partners and node keys out of their YAML.
 */
#include "gateway/text/charter.h"

#include "gateway/base/pem.h"
#include "gateway/text/check.h"
#include "gateway/text/fields.h"

#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define KEY(type, key, must, reader, member, ...)                                                            \
	{                                                                                                    \
		.name = key, .required = must, .read = reader, .offset = offsetof(struct type, member),      \
		__VA_ARGS__                                                                                  \
	}

#define PEOPLE_MAX   1000
#define SUBJECTS_MAX 100
#define SUBJECT_MAX  255
#define CA_MAX       (64u << 10)
#define BOUND_MS     2000 /* of a partner that names none */

const char *const charter_roles[5] = {NULL, "policy-admin", "controller", "operator", "auditor"};
static const struct word words_role[] = {
	{"policy-admin", 1u << 1}, {"controller", 1u << 2}, {"operator", 1u << 3}, {"auditor", 1u << 4}, {0}};
static const struct duration_range bound_range = {1, INT64_C(3600000)};

static yaml_read read_ca, read_people, read_subject, read_subjects, read_added, read_retired;

static const struct yaml_key person_keys[] = {
	KEY(charter_person, "subject", true, read_subject, subject),
	KEY(charter_person, "roles", true, read_words, roles, .of = words_role),
};
static const struct yaml_key organisation_keys[] = {
	KEY(charter, "organisation", true, read_id, id),
	KEY(charter, "ca", false, read_ca, ca),
	KEY(charter, "people", true, read_people, people),
};
static const struct yaml_key partner_keys[] = {
	KEY(charter, "partner", true, read_id, id),
	KEY(charter, "organisation", true, read_id, organisation),
	KEY(charter, "push_subjects", false, read_subjects, push_subjects),
	KEY(charter, "clock_bound", false, read_duration, clock_bound_ms, .of = &bound_range),
};
static const struct yaml_key node_keys[] = {
	KEY(charter, "node", true, read_id, id),
	KEY(charter, "key", false, read_added, key),
	KEY(charter, "retire", false, read_retired, retired),
};

static void read_subject(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	char **out = to;

	read_text(y, node, to, key);
	if (*out && strlen(*out) > SUBJECT_MAX)
		yaml_complain(y, node, "a subject of more than %d bytes", SUBJECT_MAX);
	else if (*out && !strchr(*out, '='))
		yaml_complain(y, node, "a subject is a whole RFC 2253 name, such as \"CN=alice,O=mps\"");
}

static void read_ca(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct charter *c = key->map;
	struct span text;
	const char *why;

	if (!yaml_text(y, node, &text))
		return;
	why = text.n > CA_MAX ? "more than 64 KiB" : pem_ca(text, &c->ca_identity);
	if (why)
		yaml_complain(
			y, node, "'ca' holds the CA's certificates in PEM, as a block after '|': %s", why);
	else
		y->overload |= !(*(char **)to = check_copy(text));
}

static void read_people(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct charter *c = key->map;
	const int *items;
	size_t n = yaml_items(y, node, &items);

	(void)to;
	if (n > PEOPLE_MAX) {
		yaml_complain(y, node, "more than %d people", PEOPLE_MAX);
		return;
	}
	c->people = yaml_alloc(y, n, sizeof *c->people);
	for (size_t i = 0; c->people && i < n; i++) {
		c->n_people = i + 1;
		yaml_map(y, items[i], &c->people[i], person_keys, COUNT(person_keys));
		for (size_t k = 0; k < i && c->people[i].subject; k++)
			if (c->people[k].subject && strcmp(c->people[k].subject, c->people[i].subject) == 0)
				yaml_complain(y, items[i], "this person is there twice");
	}
}

static void read_subjects(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct charter *c = key->map;
	const int *items;
	size_t n = yaml_items(y, node, &items);

	(void)to;
	if (n > SUBJECTS_MAX) {
		yaml_complain(y, node, "more than %d push subjects", SUBJECTS_MAX);
		return;
	}
	c->push_subjects = yaml_alloc(y, n, sizeof *c->push_subjects);
	for (size_t i = 0; c->push_subjects && i < n; i++) {
		c->n_push_subjects = i + 1;
		read_subject(y, items[i], &c->push_subjects[i], key);
		for (size_t k = 0; k < i && c->push_subjects[i]; k++)
			if (c->push_subjects[k] && strcmp(c->push_subjects[k], c->push_subjects[i]) == 0)
				yaml_complain(y, items[i], "this subject is there twice");
	}
}

static void public_key_read(struct yaml *y, int node, uint8_t *to, const struct yaml_key *key)
{
	struct span text;
	const char *why;

	if (!yaml_text(y, node, &text))
		return;
	why = pem_public_key(text, to);
	if (why)
		yaml_complain(y, node, "'%s' holds a public key, as a block after '|': %s", key->name, why);
}

static void read_added(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	((struct charter *)key->map)->adds = true;
	public_key_read(y, node, to, key);
}

static void read_retired(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	((struct charter *)key->map)->retires = true;
	public_key_read(y, node, to, key);
}

static void node_key_check(struct yaml *y, const struct charter *c)
{
	if (!c->adds && !c->retires)
		yaml_complain(y, yaml_root(y), "neither a 'key' to be added nor one to 'retire'");
	else if (!y->bad && c->adds && c->retires && memcmp(c->key, c->retired, sizeof c->key) == 0)
		yaml_complain(y, yaml_at(y, yaml_root(y), "retire"), "the same key is added and retired");
}

static struct status charter_read(struct yaml *y, struct span text, struct charter *c)
{
	TRY(yaml_open(y, text));
	switch (c->kind) {
	case CHARTER_ORGANISATION:
		yaml_map(y, yaml_root(y), c, organisation_keys, COUNT(organisation_keys));
		break;
	case CHARTER_PARTNER:
		c->clock_bound_ms = BOUND_MS;
		yaml_map(y, yaml_root(y), c, partner_keys, COUNT(partner_keys));
		break;
	case CHARTER_NODE_KEY:
		yaml_map(y, yaml_root(y), c, node_keys, COUNT(node_keys));
		node_key_check(y, c);
		break;
	case CHARTER_NONE:
		return S_BAD_INPUT;
	}
	REQUIRE(!y->overload, S_OVERLOAD);
	return y->bad ? S_BAD_INPUT : S_OK;
}

struct status charter_parse(
	struct span text, const char *name, enum charter_kind kind, struct charter **out, struct error *e)
{
	struct yaml y CLEANUP(yaml_close) = {.name = name, .error = e};
	struct charter *c = calloc(1, sizeof *c);
	struct status s;

	REQUIRE(c, S_OVERLOAD);
	c->kind = kind;
	s = charter_read(&y, text, c);
	if (ok(s))
		*out = c;
	else
		charter_free(c);
	return s;
}

void charter_free(struct charter *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_people; i++)
		free(c->people[i].subject);
	for (size_t i = 0; i < c->n_push_subjects; i++)
		free(c->push_subjects[i]);
	free(c->people);
	free(c->push_subjects);
	free(c->id);
	free(c->ca);
	free(c->organisation);
	free(c);
}

enum charter_kind charter_kind_of(struct span text)
{
	struct error e = {0};
	struct yaml y CLEANUP(yaml_close) = {.name = "", .error = &e};
	enum charter_kind kind = CHARTER_NONE;

	if (ok(yaml_open(&y, text))) {
		int root = yaml_root(&y);
		if (yaml_at(&y, root, "agreement") != root)
			kind = CHARTER_NONE;
		else if (yaml_at(&y, root, "node") != root)
			kind = CHARTER_NODE_KEY;
		else if (yaml_at(&y, root, "partner") != root)
			kind = CHARTER_PARTNER;
		else if (yaml_at(&y, root, "organisation") != root)
			kind = CHARTER_ORGANISATION;
	}
	error_free(&e);
	return kind;
}

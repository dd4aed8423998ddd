/* SPDX-License-Identifier: Apache-2.0
 *
 * An agreement (DESIGN.md 5.5) out of its YAML: one table of keys, then what no key can see by itself.
 */
#include "gateway/text/fields.h"
#include "gateway/text/text.h"
#include "gateway/text/zoneinfo.h"
#include "policy/hours.h"
#include "policy/switches.h"
#include "proto/read.h"

#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define KEY(type, key, must, reader, member, ...)                                                            \
	{                                                                                                    \
		.name = key, .required = must, .read = reader, .offset = offsetof(struct type, member),      \
		__VA_ARGS__                                                                                  \
	}
#define N(type, member) .n_offset = offsetof(struct type, member)

#define RULES_MAX   1000
#define CORNERS_MAX 1000
#define HOUR_MS     INT64_C(3600000)
#define DAY_MS      (24 * HOUR_MS)

static const struct duration_range keep_range = {HOUR_MS, 3660 * DAY_MS};
static const struct duration_range age_range = {1000, 366 * DAY_MS};
static const struct duration_range future_range = {0, DAY_MS};
static const struct duration_range bound_range = {0, HOUR_MS};
static const struct number_range share_range = {0, 1};

static yaml_read read_recipient, read_controller, read_valid, read_quality, read_documents, read_rules,
	read_area, read_hours, read_zone, read_globs, read_principals;

static const struct yaml_key recipient_keys[] = {
	KEY(agreement, "organisation", true, read_id, recipient),
	KEY(agreement, "topic", true, read_topic, topic),
	KEY(agreement, "principals", true, read_principals, principals, N(agreement, n_principals)),
};
static const struct yaml_key controller_keys[] = {
	KEY(agreement, "name", true, read_text, controller_name),
	KEY(agreement, "contact", true, read_text, controller_contact),
};
static const struct yaml_key document_keys[] = {
	KEY(document_hash, "title", true, read_text, title),
	KEY(document_hash, "sha256", true, read_digest, sha256),
};
static const struct yaml_key valid_keys[] = {
	KEY(agreement, "from", true, read_time, from),
	KEY(agreement, "until", true, read_time, until),
	KEY(agreement, "review_by", false, read_date, review_by),
};
static const struct yaml_key quality_keys[] = {
	KEY(agreement, "min_confidence", false, read_number, min_confidence, .of = &share_range),
	KEY(agreement, "max_age", false, read_duration, max_age_ms, .of = &age_range),
	KEY(agreement, "max_future", false, read_duration, max_future_ms, .of = &future_range),
	KEY(agreement, "clock_bound", false, read_duration, clock_bound_ms, .of = &bound_range),
};
static const struct yaml_key hours_keys[] = {
	KEY(rule, "zone", true, read_zone, zone),
	KEY(rule, "days", true, read_words, days, .of = words_day),
	KEY(rule, "from", true, read_minute, from_minute),
	KEY(rule, "to", true, read_minute, to_minute),
};
static const struct yaml_key rule_keys[] = {
	KEY(rule, "name", true, read_id, name),
	KEY(rule, "cameras", false, read_globs, cameras, N(rule, n_cameras)),
	KEY(rule, "area", false, read_area, area, N(rule, n_area)),
	KEY(rule, "hours", false, read_hours, has_hours),
};
static const struct yaml_key agreement_keys[] = {
	KEY(agreement, "agreement", true, read_id, id),
	KEY(agreement, "partner", true, read_id, partner),
	KEY(agreement, "recipient", true, read_recipient, recipient),
	KEY(agreement, "verifiers", false, read_principals, verifiers, N(agreement, n_verifiers)),
	KEY(agreement, "consents", true, read_texts, consents, N(agreement, n_consents), .of = &ids_only),
	KEY(agreement, "controller", true, read_controller, controller_name),
	KEY(agreement, "instrument", true, read_text, instrument),
	KEY(agreement, "documents", true, read_documents, documents, N(agreement, n_documents)),
	KEY(agreement, "necessity", true, read_text, necessity),
	KEY(agreement, "purposes", true, read_texts, purposes, N(agreement, n_purposes), .of = &ids_only),
	KEY(agreement, "valid", true, read_valid, from),
	KEY(agreement, "keep_for", true, read_duration, keep_for_ms, .of = &keep_range),
	KEY(agreement, "kinds", false, read_words, kinds, .of = words_kind),
	KEY(agreement, "share", false, read_words, share, .of = words_class),
	KEY(agreement, "drop", false, read_words, drop, .of = words_drop),
	KEY(agreement, "rules", true, read_rules, rules, N(agreement, n_rules)),
	KEY(agreement, "quality", false, read_quality, min_confidence),
};

static void read_recipient(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	(void)to;
	yaml_map(y, node, key->map, recipient_keys, COUNT(recipient_keys));
}

static void read_controller(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	(void)to;
	yaml_map(y, node, key->map, controller_keys, COUNT(controller_keys));
}

static void read_valid(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct agreement *a = key->map;

	(void)to;
	yaml_map(y, node, a, valid_keys, COUNT(valid_keys));
	if (a->from.v && a->until.v && a->until.v <= a->from.v)
		yaml_complain(y, node, "'valid' ends before it begins");
}

static void read_quality(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	(void)to;
	yaml_map(y, node, key->map, quality_keys, COUNT(quality_keys));
}

/* A list of maps, each into a struct of `size`; as many as were begun are counted, so that they are freed. */
static void list_read(struct yaml *y, int node, void *to, const struct yaml_key *key, size_t size, size_t max,
	const struct yaml_key *keys, size_t n_keys)
{
	size_t *n_out = (size_t *)((char *)key->map + key->n_offset);
	const int *items;
	size_t n = yaml_items(y, node, &items);
	char *list;

	if (n == 0 || n > max) {
		yaml_complain(y, node, "'%s' needs 1 to %zu items", key->name, max);
		return;
	}
	list = yaml_alloc(y, n, size);
	*(void **)to = list;
	for (size_t i = 0; list && i < n; i++) {
		*n_out = i + 1;
		yaml_map(y, items[i], list + i * size, keys, n_keys);
	}
}

static void read_documents(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	list_read(y, node, to, key, sizeof(struct document_hash), 100, document_keys, COUNT(document_keys));
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names tell rules apart in switches, and from version to version. */
static void names_check(struct yaml *y, int node, const struct rule *rules, size_t n)
{
	const char **names = yaml_alloc(y, n, sizeof *names);
	size_t have = 0;

	for (size_t i = 0; names && i < n; i++) {
		if (rules[i].name)
			names[have++] = rules[i].name;
	}
	if (names)
		qsort(names, have, sizeof *names, text_compare);
	for (size_t i = 1; i < have; i++) {
		if (strcmp(names[i - 1], names[i]) == 0)
			yaml_complain(y, node, "two rules are named '%s'", names[i]);
	}
	free(names);
}

static void zones_check(struct yaml *y, int node, const struct rule *rules, size_t n)
{
	const char *zones[HOURS_ZONES_MAX];
	size_t have = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < have && rules[i].zone && strcmp(zones[k], rules[i].zone) != 0)
			k++;
		if (!rules[i].zone || k < have)
			continue;
		if (have == HOURS_ZONES_MAX) {
			yaml_complain(y, node, "'rules' use more than %d time zones", HOURS_ZONES_MAX);
			return;
		}
		zones[have++] = rules[i].zone;
	}
}

static void read_rules(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct agreement *a = key->map;
	const int *items;
	size_t n;

	list_read(y, node, to, key, sizeof(struct rule), RULES_MAX, rule_keys, COUNT(rule_keys));
	if (a->n_rules == 0)
		return;
	n = yaml_items(y, node, &items);
	for (size_t i = 0; i < n && i < a->n_rules; i++) {
		if (yaml_at(y, items[i], "cameras") == items[i] && yaml_at(y, items[i], "area") == items[i])
			yaml_complain(
				y, items[i], "a rule needs 'cameras' or 'area'; [\"*\"] is all of them");
	}
	names_check(y, node, a->rules, a->n_rules);
	zones_check(y, node, a->rules, a->n_rules);
}

static void read_globs(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct rule *rule = key->map;
	const int *items;

	read_texts(y, node, to, key);
	for (size_t i = 0; i < rule->n_cameras; i++) {
		size_t n = rule->cameras[i] ? strlen(rule->cameras[i]) : 0;

		if (n > 64 && yaml_items(y, node, &items) > i)
			yaml_complain(y, items[i], "longer than any camera id");
	}
}

static void corner_read(struct yaml *y, int node, struct point *out)
{
	static const struct number_range range[2] = {{-90, 90}, {-180, 180}};
	static const char *const names[2] = {"latitude", "longitude"};
	double *const to[2] = {&out->lat, &out->lon};
	const int *items;
	size_t n = yaml_items(y, node, &items);

	if (n != 2) {
		yaml_complain(y, node, "a corner of an area is [latitude, longitude]");
		return;
	}
	for (size_t i = 0; i < 2; i++)
		read_number(y, items[i], to[i], &(struct yaml_key){.name = names[i], .of = &range[i]});
}

static void read_area(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct rule *rule = key->map;
	const int *items;
	size_t n = yaml_items(y, node, &items);

	(void)to;
	if (n < 3 || n > CORNERS_MAX) {
		yaml_complain(y, node, "'area' needs 3 to %d corners", CORNERS_MAX);
		return;
	}
	rule->area = yaml_alloc(y, n, sizeof *rule->area);
	rule->n_area = rule->area ? n : 0;
	for (size_t i = 0; i < rule->n_area; i++)
		corner_read(y, items[i], &rule->area[i]);
}

static void read_hours(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct rule *rule = key->map;

	(void)to;
	rule->has_hours = true;
	rule->from_minute = rule->to_minute = -1;
	yaml_map(y, node, rule, hours_keys, COUNT(hours_keys));
	if (rule->from_minute == DAY_MINUTES)
		yaml_complain(y, node, "'from' is not a time of day from 00:00 to 23:59");
	else if (rule->from_minute >= 0 && rule->from_minute == rule->to_minute)
		yaml_complain(y, node, "'from' and 'to' are the same; a whole day is 00:00 to 24:00");
}

static void read_zone(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	struct rule *rule = key->map;

	read_text(y, node, to, key);
	if (rule->zone && !ok(zoneinfo_load(span_text(rule->zone), &rule->local)))
		yaml_complain(y, node, "'zone' is not a time zone of the tz database, such as Europe/London");
}

/* Kafka's names for who may read. A wildcard would let anybody. */
static void read_principals(struct yaml *y, int node, void *to, const struct yaml_key *key)
{
	char ***texts = to;
	const size_t *n = (const size_t *)((const char *)key->map + key->n_offset);
	const int *items;

	read_texts(y, node, to, key);
	for (size_t i = 0; i < *n; i++) {
		const char *text = (*texts)[i];

		if (text && (strncmp(text, "User:", 5) != 0 || !text[5] || strchr(text, '*')) &&
			yaml_items(y, node, &items) > i)
			yaml_complain(y, items[i],
				"'%s' is not a Kafka principal, such as \"User:CN=police,O=mps\"", key->name);
	}
}

/* What no key can see by itself. What the rules and limits look at cannot be dropped, so that every decision
 * can be checked again; and the body that receives has agreed to. */
static void agreement_check(struct yaml *y, const struct agreement *a)
{
	int root = yaml_root(y);
	bool consents = !a->recipient || a->n_consents == 0;

	if (!(a->share & CLASS_READ))
		yaml_complain(y, yaml_at(y, root, "share"),
			"'share' must include read: the other classes go with it");
	if (a->min_confidence > 0 && a->drop & DROP_CONFIDENCE)
		yaml_complain(y, yaml_at(y, root, "drop"),
			"'drop' cannot include confidence: 'min_confidence' looks at it");
	for (size_t i = 0; i < a->n_consents && !consents; i++)
		consents = a->consents[i] && strcmp(a->consents[i], a->recipient) == 0;
	if (!consents)
		yaml_complain(y, yaml_at(y, root, "consents"),
			"'consents' must include the recipient's organisation");
	if (a->review_by.v && a->from.v && a->until.v &&
		(a->review_by.v < a->from.v || a->review_by.v > a->until.v))
		yaml_complain(y, yaml_at(y, root, "valid"), "'review_by' is not within 'valid'");
}

static struct status agreement_read(struct yaml *y, struct span text, struct agreement *a)
{
	a->sha256 = digest_of(text);
	a->kinds = 1u << READ_KIND_VRM;
	a->share = CLASS_READ;
	a->max_age_ms = DAY_MS;
	a->max_future_ms = 5000;
	a->clock_bound_ms = 2000;
	TRY(yaml_open(y, text));
	yaml_map(y, yaml_root(y), a, agreement_keys, COUNT(agreement_keys));
	REQUIRE(!y->overload, S_OVERLOAD);
	agreement_check(y, a);
	return y->bad ? S_BAD_INPUT : S_OK;
}

struct status agreement_parse(struct span text, const char *name, struct agreement **out, struct error *e)
{
	struct yaml y CLEANUP(yaml_close) = {.name = name, .error = e};
	struct agreement *a = calloc(1, sizeof *a);
	struct status s;

	REQUIRE(a, S_OVERLOAD);
	a->references = 1;
	s = agreement_read(&y, text, a);
	if (ok(s))
		*out = a;
	else
		agreement_release(a);
	return s;
}

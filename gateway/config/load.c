/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration file, read by its schema. Every problem is told at once, each with its place.
 */
#include "gateway/config/loader.h"

#include "gateway/base/file.h"

#include <errno.h>
#include <stdlib.h>

#define CONFIG_BYTES_MAX (4u << 20)

static const struct schema *key_find(const struct schema *keys, const char *name)
{
	for (; keys->key; keys++)
		if (strcmp(keys->key, name) == 0)
			return keys;
	return NULL;
}

/* Levenshtein, for short words. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], n = strlen(b);

	if (strlen(a) >= 31 || n >= 31)
		return 99;
	for (size_t i = 0; i <= n; i++)
		row[i] = i;
	for (; *a; a++) {
		size_t diagonal = row[0]++;
		for (size_t i = 1; i <= n; i++) {
			size_t best = diagonal + (*a != b[i - 1]);
			diagonal = row[i];
			if (row[i] + 1 < best)
				best = row[i] + 1;
			if (row[i - 1] + 1 < best)
				best = row[i - 1] + 1;
			row[i] = best;
		}
	}
	return row[n];
}

static void unknown_key(struct loader *l, const struct schema *keys, int node, const char *name)
{
	const char *nearest = NULL;
	size_t best = 3;

	for (; keys->key; keys++)
		if (distance(name, keys->key) < best) {
			best = distance(name, keys->key);
			nearest = keys->key;
		}
	if (nearest)
		loader_problem(l, node, "unknown key '%.40s'; did you mean '%s'?", name, nearest);
	else
		loader_problem(l, node, "unknown key '%.40s'", name);
}

/* Whether the key of pair `p` stood earlier in the same mapping; tells so. */
static bool told_before(struct loader *l, yaml_node_t *mapping, const yaml_node_pair_t *p, const char *name)
{
	for (yaml_node_pair_t *q = mapping->data.mapping.pairs.start; q < p; q++) {
		yaml_node_t *key = loader_node(l, q->key);
		if (key->type == YAML_SCALAR_NODE && strcmp((char *)key->data.scalar.value, name) == 0) {
			loader_problem(l, p->key, "key '%.40s' is given twice, first on line %zu", name,
				key->start_mark.line + 1);
			return true;
		}
	}
	return false;
}

static void pair_load(
	struct loader *l, const struct schema *keys, yaml_node_t *mapping, yaml_node_pair_t *p, void *base)
{
	const char *name = loader_text(l, p->key);
	const struct schema *s = name ? key_find(keys, name) : NULL;

	if (!name || told_before(l, mapping, p, name))
		return;
	if (!s) {
		unknown_key(l, keys, p->key, name);
		return;
	}
	size_t back = loader_enter(l, name);
	value_load(l, s, p->value, base);
	loader_leave(l, back);
}

void map_load(struct loader *l, const struct schema *keys, int node, void *base)
{
	yaml_node_t *mapping = loader_node(l, node);

	if (!mapping || mapping->type != YAML_MAPPING_NODE) {
		loader_problem(l, node, "must be a mapping (key: value)");
		return;
	}
	for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top;
		p++)
		pair_load(l, keys, mapping, p, base);
	for (; keys->key; keys++) {
		if (loader_find(l, node, keys->key))
			continue;
		if (keys->required)
			loader_problem(l, node, "key '%s' is missing", keys->key);
		else
			value_default(l, keys, base);
	}
}

static struct status load(struct loader *l, const char *path)
{
	struct buffer text = {.max = CONFIG_BYTES_MAX};
	struct status status;

	l->config->path = realpath(path, NULL);
	if (!l->config->path) {
		loader_problem(l, 0, "cannot be opened: %s", strerror(errno));
		return S_BAD_INPUT;
	}
	status = file_read(path, CONFIG_BYTES_MAX, &text, l->e);
	if (ok(status))
		status = loader_parse(l, buffer_span(&text));
	if (ok(status)) {
		if (yaml_document_get_root_node(&l->document)) {
			map_load(l, config_schema, 1, l->config);
			rule_config(l, 1, l->config);
		} else {
			loader_problem(l, 0, "is empty");
		}
		yaml_document_delete(&l->document);
		status = l->problems ? S_BAD_INPUT : S_OK;
	}
	buffer_free(&text);
	return status;
}

/* In the order of the file, as a person goes through it. */
static void problems_sort(struct problem *items, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0; k--) {
			struct problem *a = &items[k - 1], *b = &items[k], swap = *a;
			if (a->line < b->line || (a->line == b->line && a->column <= b->column))
				break;
			*a = *b;
			*b = swap;
		}
}

struct status config_load(const char *path, struct config **out, struct error *e)
{
	struct loader l = {.file = path, .config = calloc(1, sizeof(struct config)), .e = e};
	size_t before = e ? e->n : 0;
	struct status status;

	REQUIRE(l.config, S_OVERLOAD);
	status = load(&l, path);
	if (e)
		problems_sort(e->items + before, e->n - before);
	free(l.keys);
	if (ok(status))
		*out = l.config;
	else
		config_free(l.config);
	return status;
}

static void value_free(const struct schema *s, void *base);

static void map_free(const struct schema *keys, void *base)
{
	for (; keys->key; keys++)
		value_free(keys, base);
}

static void list_free(const struct schema *s, void *base)
{
	void *array = *(void **)schema_target(s, base);
	size_t n = *schema_count(s, base);

	for (size_t i = 0; array && i < n; i++) {
		if (s->kind == VALUE_TEXTS)
			free(((char **)array)[i]);
		else
			map_free(s->keys, (char *)array + i * s->size);
	}
	free(array);
}

static void value_free(const struct schema *s, void *base)
{
	switch (s->kind) {
	case VALUE_MAP:
		map_free(s->keys, schema_target(s, base));
		return;
	case VALUE_ITEMS:
	case VALUE_TEXTS:
		list_free(s, base);
		return;
	case VALUE_TEXT:
	case VALUE_PATH:
		free(*(char **)schema_target(s, base));
		return;
	case VALUE_LISTEN:
		free(((struct config_listen *)schema_target(s, base))->address);
		return;
	case VALUE_ROLES:
	case VALUE_NUMBER:
	case VALUE_DURATION:
	case VALUE_SOURCE_KIND:
	case VALUE_NONE:
		return;
	}
}

void config_free(struct config *c)
{
	if (!c)
		return;
	map_free(config_schema, c);
	free(c->path);
	free(c);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * One value of the file into its place in the struct, by its kind.
 */
#include "gateway/config/loader.h"

#include "gateway/base/file.h"

#include <stdio.h>
#include <stdlib.h>

void *schema_target(const struct schema *s, void *base)
{
	return (char *)base + s->at;
}

size_t *schema_count(const struct schema *s, void *base)
{
	return (size_t *)(void *)((char *)base + s->count_at);
}

size_t loader_enter(struct loader *l, const char *key)
{
	size_t n = strlen(l->where);

	snprintf(l->where + n, sizeof l->where - n, "%s%s", n ? "." : "", key);
	return n;
}

size_t loader_enter_item(struct loader *l, size_t i)
{
	size_t n = strlen(l->where);

	snprintf(l->where + n, sizeof l->where - n, "[%zu]", i);
	return n;
}

void loader_leave(struct loader *l, size_t length)
{
	l->where[length] = '\0';
}

/* NULL and a problem where it is no sequence. *n gets its length. */
static yaml_node_item_t *list_of(struct loader *l, int node, size_t *n)
{
	yaml_node_t *s = loader_node(l, node);

	if (!s || s->type != YAML_SEQUENCE_NODE) {
		loader_problem(l, node, "must be a list");
		return NULL;
	}
	*n = (size_t)(s->data.sequence.items.top - s->data.sequence.items.start);
	if (*n == 0)
		loader_problem(l, node, "must not be an empty list");
	return *n ? s->data.sequence.items.start : NULL;
}

static void items_load(struct loader *l, const struct schema *s, int node, void *base)
{
	size_t n;
	yaml_node_item_t *items = list_of(l, node, &n);
	char *array = items ? calloc(n, s->size) : NULL;

	if (!array)
		return;
	*(void **)schema_target(s, base) = array;
	*schema_count(s, base) = n;
	for (size_t i = 0; i < n; i++) {
		size_t back = loader_enter_item(l, i);
		if (s->line_at)
			*(size_t *)(void *)(array + i * s->size + s->line_at) =
				loader_node(l, items[i])->start_mark.line + 1;
		map_load(l, s->keys, items[i], array + i * s->size);
		if (s->rule)
			s->rule(l, items[i], array + i * s->size);
		loader_leave(l, back);
	}
}

static char *text_of(struct loader *l, const struct schema *s, int node)
{
	const char *text = loader_text(l, node);
	const char *why = text && s->wrong ? s->wrong(text) : NULL;

	if (why)
		loader_problem(l, node, "%s", why);
	return text && !why ? strdup(text) : NULL;
}

static void texts_load(struct loader *l, const struct schema *s, int node, void *base)
{
	size_t n, taken = 0;
	yaml_node_item_t *items = list_of(l, node, &n);
	char **texts = items ? calloc(n, sizeof *texts) : NULL;

	if (!texts)
		return;
	*(char ***)schema_target(s, base) = texts;
	for (size_t i = 0; i < n; i++) {
		size_t back = loader_enter_item(l, i);
		char *text = text_of(l, s, items[i]);
		for (size_t k = 0; text && k < taken; k++)
			if (strcmp(texts[k], text) == 0)
				loader_problem(l, items[i], "is in the list already");
		if (text)
			texts[taken++] = text;
		loader_leave(l, back);
	}
	*schema_count(s, base) = taken;
}

/* The index of the word in a table whose first is NULL; 0 = not there. */
static unsigned word_find(const char *const *words, size_t n, const char *text)
{
	for (unsigned i = 1; i < n; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return 0;
}

static void roles_load(struct loader *l, const struct schema *s, int node, void *base)
{
	size_t n;
	yaml_node_item_t *items = list_of(l, node, &n);
	unsigned *roles = schema_target(s, base);

	for (size_t i = 0; items && i < n; i++) {
		const char *text = loader_text(l, items[i]);
		unsigned role = text ? word_find(role_words, ROLE_WORDS, text) : 0;
		if (text && !role)
			loader_problem(
				l, items[i], "a role is policy-admin, controller, operator or auditor");
		else if (*roles & 1u << role)
			loader_problem(l, items[i], "is in the list already");
		if (role)
			*roles |= 1u << role;
	}
}

static void number_load(struct loader *l, const struct schema *s, int node, const char *text, void *base)
{
	uint32_t value = 0;
	const char *why =
		s->kind == VALUE_DURATION ? duration_parse(text, &value) : number_parse(text, &value);

	if (why)
		loader_problem(l, node, "%s", why);
	else if (value < s->min || value > s->max)
		loader_problem(l, node, "must be from %u to %u%s", s->min, s->max,
			s->kind == VALUE_DURATION ? " seconds" : "");
	*(uint32_t *)schema_target(s, base) = value;
}

static void path_load(struct loader *l, const struct schema *s, int node, void *base)
{
	const char *text = loader_text(l, node);
	char *path = text ? file_path_beside(l->config->path, text) : NULL;

	*(char **)schema_target(s, base) = path;
	if (path)
		file_check(l, node, path, s->file);
}

static void source_kind_load(struct loader *l, const struct schema *s, int node, void *base)
{
	const char *text = loader_text(l, node);
	unsigned kind = text ? word_find(source_kind_words, 3, text) : 0;

	if (text && !kind)
		loader_problem(l, node, "a source is of kind stream or push");
	*(enum source_kind *)schema_target(s, base) = (enum source_kind)kind;
}

static void listen_load(struct loader *l, const struct schema *s, int node, void *base)
{
	const char *text = loader_text(l, node);
	const char *why = text ? listen_parse(text, schema_target(s, base)) : NULL;

	if (why)
		loader_problem(l, node, "%s", why);
}

void value_load(struct loader *l, const struct schema *s, int node, void *base)
{
	const char *text;

	switch (s->kind) {
	case VALUE_MAP:
		map_load(l, s->keys, node, schema_target(s, base));
		if (s->rule)
			s->rule(l, node, schema_target(s, base));
		return;
	case VALUE_ITEMS:
		items_load(l, s, node, base);
		return;
	case VALUE_TEXTS:
		texts_load(l, s, node, base);
		return;
	case VALUE_ROLES:
		roles_load(l, s, node, base);
		return;
	case VALUE_TEXT:
		*(char **)schema_target(s, base) = text_of(l, s, node);
		return;
	case VALUE_PATH:
		path_load(l, s, node, base);
		return;
	case VALUE_LISTEN:
		listen_load(l, s, node, base);
		return;
	case VALUE_NUMBER:
	case VALUE_DURATION:
		text = loader_text(l, node);
		if (text)
			number_load(l, s, node, text, base);
		return;
	case VALUE_SOURCE_KIND:
		source_kind_load(l, s, node, base);
		return;
	case VALUE_NONE:
		return;
	}
}

void value_default(struct loader *l, const struct schema *s, void *base)
{
	if (s->kind == VALUE_MAP)
		for (const struct schema *k = s->keys; k->key; k++)
			value_default(l, k, schema_target(s, base));
	if (!s->fallback)
		return;
	if (s->kind == VALUE_TEXT)
		*(char **)schema_target(s, base) = strdup(s->fallback);
	else
		number_load(l, s, 0, s->fallback, base);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The effective configuration as YAML: defaults filled in, paths absolute. libyaml writes it, so that
 * whatever the values hold it reads back as the same.
 */
#include "gateway/config/loader.h"

#include <stdio.h>
#include <stdlib.h>

static int scalar(yaml_document_t *d, const char *text)
{
	/* What would read back as nothing at all is quoted. */
	bool quoted = strcmp(text, "null") == 0 || strcmp(text, "~") == 0;

	return yaml_document_add_scalar(d, NULL, (const yaml_char_t *)text, (int)strlen(text),
		quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE);
}

static int mapping_print(yaml_document_t *d, const struct schema *keys, void *base);

static int items_print(yaml_document_t *d, const struct schema *s, void *base)
{
	char *array = *(char **)schema_target(s, base);
	size_t n = *schema_count(s, base);
	int list = n ? yaml_document_add_sequence(d, NULL, YAML_BLOCK_SEQUENCE_STYLE) : 0;

	for (size_t i = 0; i < n; i++)
		yaml_document_append_sequence_item(d, list, mapping_print(d, s->keys, array + i * s->size));
	return list;
}

static int texts_print(yaml_document_t *d, const struct schema *s, void *base)
{
	char **texts = *(char ***)schema_target(s, base);
	size_t n = *schema_count(s, base);
	int list = n ? yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE) : 0;

	for (size_t i = 0; i < n; i++)
		yaml_document_append_sequence_item(d, list, scalar(d, texts[i]));
	return list;
}

static int roles_print(yaml_document_t *d, unsigned roles)
{
	int list = yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE);

	for (unsigned i = 1; i < ROLE_WORDS; i++)
		if (roles & 1u << i)
			yaml_document_append_sequence_item(d, list, scalar(d, role_words[i]));
	return list;
}

static int listen_print(yaml_document_t *d, const struct config_listen *listen)
{
	char text[300];
	bool v6 = listen->address && strchr(listen->address, ':');

	if (!listen->address)
		return 0;
	snprintf(text, sizeof text, "%s%s%s:%u", v6 ? "[" : "", listen->address, v6 ? "]" : "", listen->port);
	return scalar(d, text);
}

static int number_print(yaml_document_t *d, const struct schema *s, uint32_t value)
{
	char text[32];

	if (s->kind == VALUE_DURATION && value % 60 == 0)
		snprintf(text, sizeof text, "%um", value / 60);
	else
		snprintf(text, sizeof text, "%u%s", value, s->kind == VALUE_DURATION ? "s" : "");
	return scalar(d, text);
}

/* The value's node; 0 = it is not there. */
static int value_print(yaml_document_t *d, const struct schema *s, void *base)
{
	void *target = schema_target(s, base);
	enum source_kind kind;

	switch (s->kind) {
	case VALUE_MAP:
		return mapping_print(d, s->keys, target);
	case VALUE_ITEMS:
		return items_print(d, s, base);
	case VALUE_TEXTS:
		return texts_print(d, s, base);
	case VALUE_ROLES:
		return roles_print(d, *(unsigned *)target);
	case VALUE_TEXT:
	case VALUE_PATH:
		return *(char **)target ? scalar(d, *(char **)target) : 0;
	case VALUE_LISTEN:
		return listen_print(d, target);
	case VALUE_NUMBER:
	case VALUE_DURATION:
		return number_print(d, s, *(uint32_t *)target);
	case VALUE_SOURCE_KIND:
		kind = *(enum source_kind *)target;
		return kind ? scalar(d, source_kind_words[kind]) : 0;
	case VALUE_NONE:
		return 0;
	}
	return 0;
}

/* 0 where none of its keys has a value, so that what is not configured is not printed. */
static int mapping_print(yaml_document_t *d, const struct schema *keys, void *base)
{
	int map = 0;

	for (; keys->key; keys++) {
		int value = value_print(d, keys, base);
		if (!value)
			continue;
		if (!map)
			map = yaml_document_add_mapping(d, NULL, YAML_BLOCK_MAPPING_STYLE);
		yaml_document_append_mapping_pair(d, map, scalar(d, keys->key), value);
	}
	return map;
}

static int write_out(void *context, unsigned char *bytes, size_t n)
{
	return ok(buffer_append(context, span_of(bytes, n)));
}

struct status config_print(const struct config *c, struct buffer *out)
{
	yaml_document_t document;
	yaml_emitter_t emitter;
	int written;

	REQUIRE(yaml_document_initialize(&document, NULL, NULL, NULL, 1, 1), S_OVERLOAD);
	/* libyaml takes the first node made as the root. */
	int root = yaml_document_add_mapping(&document, NULL, YAML_BLOCK_MAPPING_STYLE);
	for (const struct schema *s = config_schema; s->key; s++) {
		int value = value_print(&document, s, (void *)c);
		if (value)
			yaml_document_append_mapping_pair(&document, root, scalar(&document, s->key), value);
	}
	if (!yaml_emitter_initialize(&emitter)) {
		yaml_document_delete(&document);
		return S_OVERLOAD;
	}
	yaml_emitter_set_output(&emitter, write_out, out);
	yaml_emitter_set_width(&emitter, -1);
	yaml_emitter_set_unicode(&emitter, 1);
	written = yaml_emitter_dump(&emitter, &document); /* deletes the document */
	yaml_emitter_delete(&emitter);
	return written ? S_OK : S_OVERLOAD;
}

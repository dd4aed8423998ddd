/* SPDX-License-Identifier: Apache-2.0
 *
 * libyaml, and nothing that knows of agreements.
 */
#include "gateway/text/yaml.h"

#include "gateway/text/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#define KEYS_MAX  32
#define DEPTH_MAX 16 /* agreements need 5 */

struct yaml_document {
	yaml_document_t libyaml;
};

static void complain_at(struct yaml *y, const yaml_mark_t *mark, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain_at(struct yaml *y, const yaml_mark_t *mark, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	y->bad = true;
	error_add(y->error, y->name, mark->line + 1, mark->column + 1, "%s", text);
}

static struct status parser_fail(struct yaml *y, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return S_OVERLOAD;
	complain_at(
		y, &parser->problem_mark, "not YAML: %s", parser->problem ? parser->problem : "unreadable");
	return S_BAD_INPUT;
}

/* What an event may not have; NULL where it is fine. The document API would resolve aliases unseen. */
static const char *event_refused(const yaml_event_t *event, int documents)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT)
		return "an alias (*) is not allowed";
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		return "an anchor (&) is not allowed";
	if (tag)
		return "a tag (!) is not allowed";
	return event->type == YAML_DOCUMENT_START_EVENT && documents > 0 ? "a second document" : NULL;
}

static int event_depth(yaml_event_type_t type)
{
	if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
		return 1;
	return type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT ? -1 : 0;
}

static struct status events_check(struct yaml *y, yaml_parser_t *parser)
{
	int documents = 0, depth = 0;
	bool end = false;

	while (!end) {
		yaml_event_t event;
		const char *refused;

		if (!yaml_parser_parse(parser, &event))
			return parser_fail(y, parser);
		refused = event_refused(&event, documents);
		depth += event_depth(event.type);
		if (!refused && depth > DEPTH_MAX)
			refused = "nested too deep";
		if (refused)
			complain_at(y, &event.start_mark, "%s", refused);
		documents += event.type == YAML_DOCUMENT_START_EVENT;
		end = event.type == YAML_STREAM_END_EVENT || depth > DEPTH_MAX;
		yaml_event_delete(&event);
	}
	if (documents == 0)
		complain_at(y, &(yaml_mark_t){0}, "the file is empty");
	return y->bad ? S_BAD_INPUT : S_OK;
}

struct status yaml_open(struct yaml *y, struct span text)
{
	yaml_parser_t parser;
	struct status s;
	int loaded;

	REQUIRE(yaml_parser_initialize(&parser), S_OVERLOAD);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, text.p, text.n);
	s = events_check(y, &parser);
	yaml_parser_delete(&parser);
	TRY(s);
	y->document = calloc(1, sizeof *y->document);
	REQUIRE(y->document && yaml_parser_initialize(&parser), S_OVERLOAD);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, text.p, text.n);
	loaded = yaml_parser_load(&parser, &y->document->libyaml);
	s = loaded ? S_OK : parser_fail(y, &parser);
	yaml_parser_delete(&parser);
	return s;
}

void yaml_close(struct yaml *y)
{
	if (y->document)
		yaml_document_delete(&y->document->libyaml);
	free(y->document);
	y->document = NULL;
}

static const yaml_node_t *node_of(const struct yaml *y, int node)
{
	return yaml_document_get_node(&y->document->libyaml, node);
}

int yaml_root(const struct yaml *y)
{
	(void)y;
	return 1;
}

bool yaml_is_map(const struct yaml *y, int node)
{
	return node_of(y, node)->type == YAML_MAPPING_NODE;
}

bool yaml_is_list(const struct yaml *y, int node)
{
	return node_of(y, node)->type == YAML_SEQUENCE_NODE;
}

size_t yaml_line(const struct yaml *y, int node)
{
	return node_of(y, node)->start_mark.line + 1;
}

int yaml_at(const struct yaml *y, int map, const char *key)
{
	const yaml_node_t *node = node_of(y, map);

	if (node->type != YAML_MAPPING_NODE)
		return map;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
		pair++) {
		const yaml_node_t *name = node_of(y, pair->key);

		if (name->type == YAML_SCALAR_NODE &&
			span_is(span_of(name->data.scalar.value, name->data.scalar.length), key))
			return pair->value;
	}
	return map;
}

void yaml_complain(struct yaml *y, int node, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	complain_at(y, &node_of(y, node)->start_mark, "%s", text);
}

static size_t key_find(const struct yaml_key *keys, size_t n, struct span name)
{
	size_t i = 0;

	while (i < n && !span_is(name, keys[i].name))
		i++;
	return i;
}

static void pair_read(struct yaml *y, const yaml_node_pair_t *pair, void *to, const struct yaml_key *keys,
	size_t n, uint32_t *seen)
{
	struct span name;
	struct yaml_key key;
	size_t i;

	if (!yaml_text(y, pair->key, &name))
		return;
	i = key_find(keys, n, name);
	if (i == n) {
		if (check_id(name, 64))
			yaml_complain(y, pair->key, "unknown key '%.*s'", SPAN_ARG(name));
		else
			yaml_complain(y, pair->key, "unknown key");
		return;
	}
	if (*seen >> i & 1) {
		yaml_complain(y, pair->key, "'%s' is there twice", keys[i].name);
		return;
	}
	*seen |= UINT32_C(1) << i;
	key = keys[i];
	key.map = to;
	key.read(y, pair->value, (char *)to + key.offset, &key);
}

void yaml_map(struct yaml *y, int node, void *to, const struct yaml_key *keys, size_t n)
{
	const yaml_node_t *map = node_of(y, node);
	uint32_t seen = 0;

	if (map->type != YAML_MAPPING_NODE) {
		yaml_complain(y, node, "keys and values are expected here");
		return;
	}
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top;
		pair++)
		pair_read(y, pair, to, keys, n, &seen);
	for (size_t i = 0; i < n && i < KEYS_MAX; i++) {
		if (keys[i].required && !(seen >> i & 1))
			yaml_complain(y, node, "'%s' is missing", keys[i].name);
	}
}

size_t yaml_items(struct yaml *y, int node, const int **items)
{
	const yaml_node_t *list = node_of(y, node);

	if (list->type != YAML_SEQUENCE_NODE) {
		yaml_complain(y, node, "a list is expected here");
		return 0;
	}
	*items = list->data.sequence.items.start;
	return (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

bool yaml_text(struct yaml *y, int node, struct span *out)
{
	const yaml_node_t *scalar = node_of(y, node);

	if (scalar->type != YAML_SCALAR_NODE) {
		yaml_complain(y, node, "a single value is expected here");
		return false;
	}
	*out = span_of(scalar->data.scalar.value, scalar->data.scalar.length);
	return true;
}

void *yaml_alloc(struct yaml *y, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	y->overload |= p == NULL;
	return p;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * libyaml's document, with places for messages. Aliases are refused: they make a file mean something other
 * than what is read at one place of it, and can be used to blow it up.
 */
#include "gateway/config/loader.h"

#include <stdarg.h>
#include <stdio.h>

static void problem_at(struct loader *l, const yaml_mark_t *mark, const char *text)
{
	l->problems++;
	if (mark)
		error_add(l->e, l->file, mark->line + 1, mark->column + 1, "%s", text);
	else
		error_add(l->e, l->file, 0, 0, "%s", text);
}

void loader_problem(struct loader *l, int node, const char *format, ...)
{
	char text[512], whole[800];
	va_list arguments;
	yaml_node_t *n = node ? loader_node(l, node) : NULL;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	snprintf(whole, sizeof whole, "%s%s%s", l->where, l->where[0] ? ": " : "", text);
	problem_at(l, n ? &n->start_mark : NULL, whole);
}

yaml_node_t *loader_node(struct loader *l, int node)
{
	return yaml_document_get_node(&l->document, node);
}

static bool scalar_is(const yaml_node_t *n, const char *text)
{
	return n && n->type == YAML_SCALAR_NODE &&
	       span_is(span_of(n->data.scalar.value, n->data.scalar.length), text);
}

int loader_find(struct loader *l, int mapping, const char *key)
{
	yaml_node_t *m = loader_node(l, mapping);

	if (!m || m->type != YAML_MAPPING_NODE)
		return 0;
	for (yaml_node_pair_t *p = m->data.mapping.pairs.start; p < m->data.mapping.pairs.top; p++)
		if (scalar_is(loader_node(l, p->key), key))
			return p->value;
	return 0;
}

int loader_item(struct loader *l, int sequence, size_t i)
{
	yaml_node_t *s = loader_node(l, sequence);

	if (!s || s->type != YAML_SEQUENCE_NODE)
		return 0;
	if (i >= (size_t)(s->data.sequence.items.top - s->data.sequence.items.start))
		return 0;
	return s->data.sequence.items.start[i];
}

/* Nothing here has use for a line break or a zero byte; a value with one is a mistake or a trick. */
static bool has_control(const yaml_node_t *n)
{
	for (size_t i = 0; i < n->data.scalar.length; i++)
		if (n->data.scalar.value[i] < 0x20 || n->data.scalar.value[i] == 0x7f)
			return true;
	return false;
}

const char *loader_text(struct loader *l, int node)
{
	yaml_node_t *n = loader_node(l, node);

	if (!n || n->type != YAML_SCALAR_NODE) {
		loader_problem(l, node, "must be a single value");
		return NULL;
	}
	if (has_control(n)) {
		loader_problem(l, node, "holds a control character");
		return NULL;
	}
	if (n->data.scalar.length == 0 || (n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
						  (scalar_is(n, "~") || scalar_is(n, "null")))) {
		loader_problem(l, node, "is empty");
		return NULL;
	}
	return (const char *)n->data.scalar.value;
}

/* What of an event is refused, or NULL. */
static const char *refused(const yaml_event_t *event, int *documents)
{
	switch ((int)event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return ++*documents > 1 ? "a second document: the configuration is one" : NULL;
	case YAML_ALIAS_EVENT:
		return "an alias (*name): write the value out";
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor ? "an anchor (&name) has no use here"
		       : event->data.scalar.tag  ? "a tag (!name) has no use here"
						 : NULL;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor || event->data.mapping_start.tag
			       ? "an anchor or tag (&name, !name) has no use here"
			       : NULL;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor || event->data.sequence_start.tag
			       ? "an anchor or tag (&name, !name) has no use here"
			       : NULL;
	default:
		return NULL;
	}
}

static void parser_problem(struct loader *l, const yaml_parser_t *parser)
{
	char text[256];

	snprintf(text, sizeof text, "not YAML: %s%s%s", parser->problem ? parser->problem : "out of memory",
		parser->context ? ", " : "", parser->context ? parser->context : "");
	if (parser->error == YAML_READER_ERROR)
		problem_at(l, NULL, text);
	else
		problem_at(l, &parser->problem_mark, text);
}

/* First pass, over events, because the document no longer shows what was an alias. */
static bool events_are_plain(struct loader *l, struct span text)
{
	yaml_parser_t parser;
	yaml_event_t event;
	size_t before = l->problems;
	int documents = 0;
	bool done = false;

	if (!yaml_parser_initialize(&parser))
		return problem_at(l, NULL, "out of memory"), false;
	yaml_parser_set_input_string(&parser, text.p, text.n);
	while (!done) {
		if (!yaml_parser_parse(&parser, &event)) {
			parser_problem(l, &parser);
			break;
		}
		const char *why = refused(&event, &documents);
		if (why)
			problem_at(l, &event.start_mark, why);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return l->problems == before;
}

struct status loader_parse(struct loader *l, struct span text)
{
	yaml_parser_t parser;
	int loaded;

	REQUIRE(events_are_plain(l, text), S_BAD_INPUT);
	REQUIRE(yaml_parser_initialize(&parser), S_OVERLOAD);
	yaml_parser_set_input_string(&parser, text.p, text.n);
	loaded = yaml_parser_load(&parser, &l->document);
	if (!loaded)
		parser_problem(l, &parser);
	yaml_parser_delete(&parser);
	return loaded ? S_OK : S_BAD_INPUT;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Who and where, for those who do not want to type it each time: environment variables named after the
 * options, then the lines of ~/.config/anprctl.yaml.
 */
#include "gateway/ctl/ctl.h"

#include "gateway/base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml.h>

#define PROFILE_MAX (64u << 10)

static const struct option_row *row_find(const char *name)
{
	static const struct option_row *const tables[] = {connection_options, kafka_options};

	for (size_t i = 0; i < 2; i++)
		for (const struct option_row *row = tables[i]; row->name; row++)
			if (strcmp(row->name, name) == 0)
				return row;
	return NULL;
}

static const char **target(const struct option_row *row, struct options *o)
{
	return (const char **)(void *)((char *)o + row->at);
}

static void environment_fill(struct options *o)
{
	static const struct option_row *const tables[] = {connection_options, kafka_options};

	for (size_t i = 0; i < 2; i++)
		for (const struct option_row *row = tables[i]; row->name; row++) {
			const char *value;
			char name[64];
			snprintf(name, sizeof name, "ANPRCTL_%s", row->name);
			for (char *p = name; *p; p++)
				if (*p == '-')
					*p = '_';
				else
					*p = (char)toupper((unsigned char)*p);
			value = getenv(name);
			if (!*target(row, o) && value && *value)
				*target(row, o) = value;
		}
}

/* Paths of a profile are relative to it. */
static const char *value_of(
	struct options *o, const struct option_row *row, const char *path, const char *text)
{
	bool file = row->value && strcmp(row->value, "FILE") == 0;
	char *value = file ? file_path_beside(path, text) : strdup(text);

	if (value)
		texts_add(&o->owned, value);
	return value;
}

static void line_take(
	struct options *o, const char *path, yaml_document_t *d, yaml_node_pair_t *pair, struct error *e)
{
	yaml_node_t *key = yaml_document_get_node(d, pair->key),
		    *value = yaml_document_get_node(d, pair->value);
	const struct option_row *row;

	if (key->type != YAML_SCALAR_NODE || value->type != YAML_SCALAR_NODE) {
		error_add(e, path, key->start_mark.line + 1, key->start_mark.column + 1,
			"must be 'option: value'");
		return;
	}
	row = row_find((const char *)key->data.scalar.value);
	if (!row)
		error_add(e, path, key->start_mark.line + 1, key->start_mark.column + 1,
			"there is no option '%s' to set here", (const char *)key->data.scalar.value);
	else if (!*target(row, o))
		*target(row, o) = value_of(o, row, path, (const char *)value->data.scalar.value);
}

static void document_take(struct options *o, const char *path, yaml_document_t *d, struct error *e)
{
	yaml_node_t *root = yaml_document_get_root_node(d);

	if (!root)
		return; /* an empty file says nothing */
	if (root->type != YAML_MAPPING_NODE) {
		error_add(e, path, 1, 1,
			"must be lines 'option: value', such as 'gateway: https://gw-1.example:8443'");
		return;
	}
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++)
		line_take(o, path, d, p, e);
}

static void file_take(struct options *o, const char *path, struct span text, struct error *e)
{
	yaml_parser_t parser;
	yaml_document_t document;

	if (!yaml_parser_initialize(&parser))
		return;
	yaml_parser_set_input_string(&parser, text.p, text.n);
	if (yaml_parser_load(&parser, &document)) {
		document_take(o, path, &document, e);
		yaml_document_delete(&document);
	} else {
		error_add(e, path, parser.problem_mark.line + 1, parser.problem_mark.column + 1,
			"not YAML: %s", parser.problem ? parser.problem : "unreadable");
	}
	yaml_parser_delete(&parser);
}

enum exit_code profile_fill(struct options *o)
{
	struct buffer text = {0};
	struct error e = {0};
	char path[4096];
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");

	environment_fill(o);
	if (config && *config == '/')
		snprintf(path, sizeof path, "%s/anprctl.yaml", config);
	else
		snprintf(path, sizeof path, "%s/.config/anprctl.yaml", home ? home : "");
	if (access(path, F_OK) != 0)
		return DONE;
	if (ok(file_read(path, PROFILE_MAX, &text, &e)))
		file_take(o, path, buffer_span(&text), &e);
	buffer_free(&text);
	return e.n ? fail_with(o, USAGE, &e) : DONE;
}

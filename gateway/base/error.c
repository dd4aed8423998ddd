/* SPDX-License-Identifier: Apache-2.0
 *
 * A list of problems for people.
 */
#include "gateway/base/error.h"

#include "gateway/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ERROR_MAX 1000

static void add(
	struct error *e, const char *file, size_t line, size_t column, const char *format, va_list arguments)
{
	struct problem *items;
	char *text = NULL;

	if (e->n == ERROR_MAX) {
		e->more++;
		return;
	}
	if (e->n == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 4;

		items = reallocarray(e->items, cap, sizeof *items);
		if (!items)
			return;
		e->items = items;
		e->cap = cap;
	}
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	e->items[e->n++] = (struct problem){
		.file = file ? strdup(file) : NULL, .line = line, .column = column, .text = text};
}

void error_add(struct error *e, const char *file, size_t line, size_t column, const char *format, ...)
{
	va_list arguments;

	if (!e)
		return;
	va_start(arguments, format);
	add(e, file, line, column, format, arguments);
	va_end(arguments);
}

struct status error_set(struct error *e, const char *format, ...)
{
	va_list arguments;

	if (!e)
		return S_BAD_INPUT;
	va_start(arguments, format);
	add(e, NULL, 0, 0, format, arguments);
	va_end(arguments);
	return S_BAD_INPUT;
}

static struct status problem_append(const struct problem *p, struct buffer *out)
{
	if (p->file)
		TRY(buffer_format(out, "%s:", p->file));
	if (p->line > 0)
		TRY(buffer_format(out, "%zu:", p->line));
	if (p->column > 0)
		TRY(buffer_format(out, "%zu:", p->column));
	return buffer_format(
		out, "%s%s", p->file || p->line || p->column ? " " : "", p->text ? p->text : "out of memory");
}

const char *error_text(struct error *e)
{
	struct buffer line = {0};

	if (!e || e->n == 0)
		return "";
	free(e->line);
	e->line = ok(problem_append(&e->items[0], &line)) ? strdup(buffer_text(&line)) : NULL;
	buffer_free(&line);
	return e->line ? e->line : "";
}

static struct status lines_append(const struct error *e, struct buffer *out)
{
	for (size_t i = 0; i < e->n; i++) {
		TRY(problem_append(&e->items[i], out));
		TRY(buffer_append_text(out, "\n"));
	}
	return e->more ? buffer_format(out, "... and %zu more\n", e->more) : S_OK;
}

char *error_lines(const struct error *e)
{
	struct buffer out = {0};
	char *text = ok(lines_append(e, &out)) ? strdup(buffer_text(&out)) : NULL;

	buffer_free(&out);
	return text;
}

void error_free(struct error *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free((char *)e->items[i].file);
		free(e->items[i].text);
	}
	free(e->items);
	free(e->line);
	*e = (struct error){0};
}

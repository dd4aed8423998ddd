/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields out of a line.
 */
#include "gateway/text/csv.h"

static struct span line_take(struct csv *c)
{
	const uint8_t *end = memchr(c->rest.p, '\n', c->rest.n);
	size_t n = end ? (size_t)(end - c->rest.p) : c->rest.n;
	struct span line = span_of(c->rest.p, n);

	n += end != NULL;
	c->rest = span_of(c->rest.p + n, c->rest.n - n);
	c->line++;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static struct status fail(struct csv *c, struct span line, size_t at, const char *what)
{
	size_t column = 1;

	for (size_t i = 0; i < at; i++)
		column += (line.p[i] & 0xC0) != 0x80;
	error_add(c->error, c->name, c->line, column, "%s", what);
	return S_BAD_INPUT;
}

/* A quoted field's inside from `*at`, which is left behind the closing quote. */
static struct status quoted_take(struct csv *c, struct span line, size_t *at, struct span *out)
{
	size_t begin = *at + 1, i = begin, n = 0;
	bool doubled = false;
	uint8_t *copy;

	for (; i < line.n && (line.p[i] != '"' || (i + 1 < line.n && line.p[i + 1] == '"')); i++) {
		doubled |= line.p[i] == '"';
		i += line.p[i] == '"';
	}
	if (i >= line.n)
		return fail(c, line, *at, "the quoted field does not end on this line");
	*at = i + 1;
	*out = span_of(line.p + begin, i - begin);
	if (!doubled)
		return S_OK;
	copy = arena_alloc(c->arena, out->n);
	REQUIRE(copy, S_OVERLOAD);
	for (size_t k = begin; k < i; k++) {
		copy[n++] = line.p[k];
		k += line.p[k] == '"';
	}
	*out = span_of(copy, n);
	return S_OK;
}

static struct status plain_take(struct csv *c, struct span line, size_t *at, struct span *out)
{
	size_t begin = *at;

	for (; *at < line.n && line.p[*at] != ','; ++*at) {
		if (line.p[*at] == '"')
			return fail(c, line, *at, "a quote inside a field that does not begin with one");
	}
	*out = span_of(line.p + begin, *at - begin);
	return S_OK;
}

static struct status fields_take(struct csv *c, struct span line)
{
	size_t at = 0, column = 1, seen = 0;

	for (c->n = 0;; at++) {
		struct csv_field *field = &c->fields[c->n];

		if (c->n == CSV_FIELDS_MAX)
			return fail(c, line, at, "too many fields");
		for (; seen < at; seen++)
			column += (line.p[seen] & 0xC0) != 0x80;
		field->column = column;
		if (at < line.n && line.p[at] == '"')
			TRY(quoted_take(c, line, &at, &field->text));
		else
			TRY(plain_take(c, line, &at, &field->text));
		c->n++;
		if (at == line.n)
			return S_OK;
		if (line.p[at] != ',')
			return fail(c, line, at, "text after a quoted field");
	}
}

struct status csv_next(struct csv *c)
{
	while (c->rest.n > 0) {
		struct span line = line_take(c);

		if (line.n > 0)
			return fields_take(c, line);
	}
	return S_WAIT;
}

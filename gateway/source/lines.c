/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a line is LF, or CR LF, or where a format has it so CR. What follows the last one waits for its
 * end; if that never comes it never was a line, and is asked for again after the cursor before it.
 */
#include "gateway/source/lines.h"

void lines_init(struct lines *l, size_t max, size_t padding)
{
	*l = (struct lines){.max = max, .padding = padding};
	l->partial.max = max + 1 + padding; /* the 1: a CR that may belong to the end */
}

void lines_fini(struct lines *l)
{
	buffer_free(&l->partial);
}

static void emit(const struct lines *l, struct span line, const struct lines_to *to)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n > l->max)
		to->too_long(to->self);
	else
		to->line(to->self, line);
}

static void give_up(struct lines *l, const struct lines_to *to)
{
	buffer_free(&l->partial);
	l->skipping = true;
	to->too_long(to->self);
}

/* Keep a part whose line goes on, or that lacks room behind it. */
static struct status keep(struct lines *l, struct span part, const struct lines_to *to)
{
	if (l->skipping)
		return S_OK;
	if (part.n > l->max + 1 - l->partial.n) {
		give_up(l, to);
		return S_OK;
	}
	TRY(buffer_reserve(&l->partial, part.n + l->padding));
	return buffer_append(&l->partial, part);
}

/* `part` is the rest of a line. */
static struct status finish(struct lines *l, struct span part, size_t behind, const struct lines_to *to)
{
	if (l->partial.n == 0 && behind >= l->padding && !l->skipping) {
		emit(l, part, to);
		return S_OK;
	}
	TRY(keep(l, part, to));
	if (!l->skipping)
		emit(l, buffer_span(&l->partial), to);
	l->skipping = false;
	l->partial.n = 0;
	return S_OK;
}

static const uint8_t *end_find(const struct lines *l, struct span bytes)
{
	const uint8_t *lf = memchr(bytes.p, '\n', bytes.n);
	const uint8_t *cr = l->cr_ends ? memchr(bytes.p, '\r', lf ? (size_t)(lf - bytes.p) : bytes.n) : NULL;

	return cr ? cr : lf;
}

struct status lines_feed(struct lines *l, struct span bytes, const struct lines_to *to)
{
	if (bytes.n > 0 && l->after_cr) {
		l->after_cr = false;
		if (bytes.p[0] == '\n')
			bytes = span_of(bytes.p + 1, bytes.n - 1);
	}
	while (bytes.n > 0) {
		const uint8_t *end = end_find(l, bytes);
		size_t n = end ? (size_t)(end - bytes.p) : bytes.n, ending;

		if (!end)
			return keep(l, bytes, to);
		TRY(finish(l, span_of(bytes.p, n), bytes.n - n, to));
		ending = *end == '\r' && bytes.n > n + 1 && end[1] == '\n' ? 2 : 1;
		l->after_cr = *end == '\r' && bytes.n == n + 1;
		bytes = span_of(bytes.p + n + ending, bytes.n - n - ending);
	}
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Allocation that does not come back empty-handed.
 */
#include "gateway/base/memory.h"

#include "gateway/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void *must(void *p)
{
	if (!p) {
		log_error("no_memory", "what=state");
		abort();
	}
	return p;
}

void *memory_new(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size));
}

/* Capacities are powers of two, so the number of items tells when the next is needed. */
void *memory_grow(void *items, size_t n, size_t size)
{
	if (n & (n - 1) || (n == 0 && items))
		return items;
	return must(reallocarray(items, n ? 2 * n : 1, size));
}

char *memory_text(const char *text)
{
	return text ? must(strdup(text)) : NULL;
}

void memory_free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

void text_add_bytes(struct buffer *b, struct span bytes)
{
	if (!ok(buffer_append(b, bytes)))
		(void)must(NULL);
}

void text_add(struct buffer *b, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	(void)must(n < 0 ? NULL : text);
	text_add_bytes(b, span_of(text, (size_t)n));
	free(text);
}

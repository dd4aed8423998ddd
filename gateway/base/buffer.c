/* SPDX-License-Identifier: Apache-2.0
 *
 * Growing bytes. Old copies are cleansed when a buffer moves, because what it holds may be personal or a key.
 */
#include "gateway/base/buffer.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_MAX_DEFAULT (1u << 30)
#define BUFFER_FIRST       256

static struct status grow_to(struct buffer *b, size_t cap)
{
	uint8_t *p = malloc(cap + 1); /* one more for buffer_text */

	REQUIRE(p, S_OVERLOAD);
	if (b->p) {
		memcpy(p, b->p, b->n);
		OPENSSL_cleanse(b->p, b->cap); /* behind n lies what was consumed */
	}
	free(b->p);
	b->p = p;
	b->cap = cap;
	return S_OK;
}

struct status buffer_reserve(struct buffer *b, size_t more)
{
	size_t max = b->max ? b->max : BUFFER_MAX_DEFAULT;
	size_t cap = b->cap ? b->cap : BUFFER_FIRST;

	REQUIRE(more <= max && b->n <= max - more, S_OVERLOAD);
	if (b->p && b->cap - b->n >= more)
		return S_OK;
	while (cap - b->n < more)
		cap *= 2;
	return grow_to(b, cap < max ? cap : max);
}

struct status buffer_append(struct buffer *b, struct span bytes)
{
	TRY(buffer_reserve(b, bytes.n));
	if (bytes.n > 0)
		memcpy(b->p + b->n, bytes.p, bytes.n);
	b->n += bytes.n;
	return S_OK;
}

struct status buffer_append_text(struct buffer *b, const char *text)
{
	return buffer_append(b, span_text(text));
}

struct status buffer_format(struct buffer *b, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	REQUIRE(length >= 0, S_FAULT);
	TRY(buffer_reserve(b, (size_t)length));
	va_start(arguments, format);
	vsnprintf((char *)b->p + b->n, (size_t)length + 1, format, arguments);
	va_end(arguments);
	b->n += (size_t)length;
	return S_OK;
}

void buffer_consume(struct buffer *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

const char *buffer_text(struct buffer *b)
{
	if (!b->p && !ok(buffer_reserve(b, 0)))
		return "";
	b->p[b->n] = 0;
	return (const char *)b->p;
}

void buffer_free(struct buffer *b)
{
	if (b->p)
		OPENSSL_cleanse(b->p, b->cap);
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
}

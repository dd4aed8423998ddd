/* SPDX-License-Identifier: Apache-2.0
 *
 * A span borrows bytes that somebody else owns. It is never zero-terminated for its reader's sake.
 */
#ifndef ANPR_BASE_SPAN_H
#define ANPR_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t n;
};

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){(const uint8_t *)p, n}; /* the cast is for C++ */
}

/* A C string, NULL counting as empty. */
static inline struct span span_text(const char *text)
{
	return (struct span){(const uint8_t *)text, text ? strlen(text) : 0};
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_text(text));
}

/* For printf("%.*s", SPAN_ARG(s)): only for things that are not personal. */
#define SPAN_ARG(s) (int)(s).n, (const char *)(s).p

#endif

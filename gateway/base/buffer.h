/* SPDX-License-Identifier: Apache-2.0
 *
 * A buffer owns bytes and grows up to a cap. Buffers that held personal data or keys are cleansed when freed;
 * all are.
 */
#ifndef ANPR_BASE_BUFFER_H
#define ANPR_BASE_BUFFER_H

#include "gateway/base/span.h"
#include "gateway/base/status.h"

struct buffer {
	uint8_t *p;
	size_t n;   /* bytes used */
	size_t cap; /* bytes allocated */
	size_t max; /* never more than this; 0 = 1 GiB */
};

/* Room for `more` bytes after what is there. errors: OVERLOAD past the cap. */
MUST struct status buffer_reserve(struct buffer *b, size_t more);
MUST struct status buffer_append(struct buffer *b, struct span bytes);
MUST struct status buffer_append_text(struct buffer *b, const char *text);
MUST struct status buffer_format(struct buffer *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Drop the first n bytes and move the rest down. */
void buffer_consume(struct buffer *b, size_t n);
/* The content as a C string, valid until the next change. Never NULL: empty when out of memory. */
const char *buffer_text(struct buffer *b);
/* Cleanse and free; the buffer can be used again. */
void buffer_free(struct buffer *b);

static inline struct span buffer_span(const struct buffer *b)
{
	return (struct span){b->p, b->n};
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What went wrong, for people: all problems found at once, each with where it is. Never holds a VRM, an image
 * or a camera position; whoever adds a problem answers for that.
 */
#ifndef ANPR_BASE_ERROR_H
#define ANPR_BASE_ERROR_H

#include "gateway/base/status.h"

#include <stddef.h>

struct problem {
	const char *file; /* owned; NULL where there is none */
	size_t line;      /* from 1; 0 = none */
	size_t column;    /* from 1; 0 = none */
	char *text;       /* owned */
};

struct error {
	struct problem *items;
	size_t n, cap;
	size_t more; /* problems beyond the first 1,000, only counted */
	char *line;  /* what error_text gave last; owned */
};

/* Add a problem. `e` may be NULL: nobody wants to know. */
void error_add(struct error *e, const char *file, size_t line, size_t column, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* The same without a place. Returns BAD_INPUT, for `return error_set(e, ...)`. */
struct status error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* First problem as one line "file:line:column: text", or ""; valid until the next call on `e`. */
const char *error_text(struct error *e);
/* Every problem, a line each. The caller frees. */
char *error_lines(const struct error *e);
void error_free(struct error *e);

#endif

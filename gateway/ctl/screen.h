/* SPDX-License-Identifier: Apache-2.0
 *
 * Output for people: tables, headings, colours where a terminal shows them.
 */
#ifndef ANPR_CTL_SCREEN_H
#define ANPR_CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* "" unless standard output is a terminal and NO_COLOR is not set. */
struct colours {
	const char *good, *bad, *warn, *bold, *faint, *plain;
};
const struct colours *colours(void);

/* Control characters out: what came from elsewhere does not steer the terminal. `text` NULL = "-". */
void print_plain(const char *text);

#define TABLE_COLUMNS 12
struct table {
	size_t n_columns, n, cap;
	char **cells; /* row by row; owned */
};
/* headings: NULL-terminated. */
void table_begin(struct table *t, const char *const *headings);
/* One cell; a row is full when all columns are. NULL = "-". */
void table_add(struct table *t, const char *text);
void table_format(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Print and free. `none` is said where there are no rows. */
void table_end(struct table *t, const char *none);

/* A line "  name      value". Lines of several words hang under their first. */
void print_field(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * CSV (RFC 4180) a line at a time: quoted fields with doubled quotes, LF or CRLF. A field ends on its line.
 */
#ifndef ANPR_TEXT_CSV_H
#define ANPR_TEXT_CSV_H

#include "gateway/base/arena.h"
#include "gateway/base/error.h"

#define CSV_FIELDS_MAX 64

struct csv_field {
	struct span text; /* unquoted; borrowed from the text or the arena */
	size_t column;    /* in characters, from 1 */
};

struct csv {
	struct span rest; /* not read yet */
	const char *name; /* the file's, for messages */
	struct error *error;
	struct arena *arena; /* for fields that had quotes doubled */
	size_t line;         /* of the fields, from 1 */
	struct csv_field fields[CSV_FIELDS_MAX];
	size_t n;
};

/* The next line that is not empty, into `fields`. WAIT: there is none. BAD_INPUT: this line is wrong, the
 * next may be asked for. OVERLOAD: out of memory. */
struct status csv_next(struct csv *c);

#endif

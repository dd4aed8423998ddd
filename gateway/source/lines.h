/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes as they come into lines, in bounded memory whatever comes.
 */
#ifndef ANPR_SOURCE_LINES_H
#define ANPR_SOURCE_LINES_H

#include "gateway/base/buffer.h"

struct lines {
	struct buffer partial; /* the beginning of a line whose end has not come */
	size_t max;            /* bytes of a line */
	size_t padding;        /* bytes after a line that must be readable */
	bool skipping;         /* the end of a line too long has not come */
	bool cr_ends;          /* a CR without an LF ends a line as well; set before the first feed */
	bool after_cr;         /* such a CR came last: an LF now belongs to it */
};

struct lines_to {
	/* One line, without its end, borrowed, with `padding` readable bytes after it. */
	void (*line)(void *self, struct span line);
	/* A line longer than max; called once, as soon as it is known, with none of it kept. */
	void (*too_long)(void *self);
	void *self;
};

void lines_init(struct lines *l, size_t max, size_t padding);
void lines_fini(struct lines *l);
/* Take the next bytes. A line that lies whole in them, with room behind it, is not copied. errors: OVERLOAD
 * when out of memory. */
MUST struct status lines_feed(struct lines *l, struct span bytes, const struct lines_to *to);

#endif

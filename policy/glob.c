/* SPDX-License-Identifier: Apache-2.0
 *
 * Globs on camera ids: `*` is any text, `?` any one character, everything else itself.
 */
#include "policy/register.h"

/* The bytes of the UTF-8 character at the front of `id`. */
static size_t character(struct span id)
{
	size_t n = 1;

	while (n < id.n && (id.p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

/* Only the last `*` passed is ever tried again: whatever an earlier one could take, it left to the later. */
bool glob_match(const char *pattern, struct span id)
{
	const char *star = NULL;
	struct span after_star = id;

	while (id.n > 0) {
		if (*pattern == '*') {
			star = ++pattern;
			after_star = id;
		} else if (*pattern == '?') {
			size_t n = character(id);

			pattern++;
			id = span_of(id.p + n, id.n - n);
		} else if (*pattern && (uint8_t)*pattern == *id.p) {
			pattern++;
			id = span_of(id.p + 1, id.n - 1);
		} else if (star) {
			size_t n = character(after_star);

			after_star = span_of(after_star.p + n, after_star.n - n);
			pattern = star;
			id = after_star;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == 0;
}

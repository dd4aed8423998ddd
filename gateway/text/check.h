/* SPDX-License-Identifier: Apache-2.0
 *
 * What texts out of agreements and registers may consist of, and numbers read without regard to a locale.
 */
#ifndef ANPR_TEXT_CHECK_H
#define ANPR_TEXT_CHECK_H

#include "gateway/base/span.h"

/* UTF-8 without control characters, line separators or code points that are no characters. */
bool check_clean(struct span text);
/* Letters, digits, '.', '_', '-', beginning with a letter or digit, at most `max` bytes. */
bool check_id(struct span text, size_t max);
/* A decimal number and nothing else: digits, at most one point, an exponent; no infinity, no hexadecimal. */
bool check_number(struct span text, double *out);
/* Owned copy of the bytes with a zero after them; NULL: out of memory. */
char *check_copy(struct span text);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Characters and numbers.
 */
#include "gateway/text/check.h"

#include <math.h>
#include <stdlib.h>

/* The code point at the front and its bytes; 0 bytes where it is not UTF-8. */
static size_t code_point(struct span text, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = text.p[0];
	size_t n = first < 0x80   ? 1
		   : first < 0xC2 ? 0
		   : first < 0xE0 ? 2
		   : first < 0xF0 ? 3
		   : first < 0xF5 ? 4
				  : 0;
	uint32_t c = n == 1 ? first : n == 0 ? 0 : first & (0x7Fu >> n);

	if (n > text.n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((text.p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (text.p[i] & 0x3F);
	}
	*out = c;
	return c < least[n] || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF ? 0 : n;
}

static bool is_clean(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7F && c < 0xA0))
		return false;
	return c != 0x2028 && c != 0x2029 && c != 0xFEFF && (c & 0xFFFE) != 0xFFFE;
}

bool check_clean(struct span text)
{
	while (text.n > 0) {
		uint32_t c = 0;
		size_t n = code_point(text, &c);

		if (n == 0 || !is_clean(c))
			return false;
		text = span_of(text.p + n, text.n - n);
	}
	return true;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool check_id(struct span text, size_t max)
{
	if (text.n == 0 || text.n > max)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (!is_letter(c) && !is_digit(c) && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return true;
}

bool check_number(struct span text, double *out)
{
	char copy[64], *end;

	if (text.n == 0 || text.n >= sizeof copy)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (!is_digit(text.p[i]) && (!text.p[i] || !strchr("+-.eE", text.p[i])))
			return false;
	}
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	*out = strtod(copy, &end); /* no role sets a locale, so the point is a point */
	return end == copy + text.n && isfinite(*out);
}

char *check_copy(struct span text)
{
	char *copy = malloc(text.n + 1);

	if (!copy)
		return NULL;
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	return copy;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Registration marks: one way of writing each, and whether it looks like one of the United Kingdom's.
 */
#include "policy/decide.h"

/* The bytes of the UTF-8 character at the front, never more than there are. */
static size_t character(struct span text)
{
	size_t n = 1;

	while (n < text.n && n < 4 && (text.p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

/* Spaces (also no-break ones) and hyphens (U+2010 to U+2015 are the typographers'). */
static bool is_left_out(const uint8_t *c, size_t n)
{
	if (n == 1)
		return *c == ' ' || *c == '\t' || *c == '-';
	if (n == 2)
		return c[0] == 0xC2 && c[1] == 0xA0;
	return n == 3 && c[0] == 0xE2 && c[1] == 0x80 && c[2] >= 0x90 && c[2] <= 0x95;
}

struct span vrm_normalise(struct span vrm, char *to)
{
	size_t n = 0;

	for (size_t characters = 0; vrm.n > 0 && characters < READ_VRM_MAX;) {
		size_t size = character(vrm);

		if (!is_left_out(vrm.p, size)) {
			memcpy(to + n, vrm.p, size);
			if (size == 1 && to[n] >= 'a' && to[n] <= 'z')
				to[n] = (char)(to[n] - 32);
			/* U+00E0 to U+00FE lie 32 above their capitals; U+00F7 is the division sign. */
			if (size == 2 && vrm.p[0] == 0xC3 && vrm.p[1] >= 0xA0 && vrm.p[1] <= 0xBE &&
				vrm.p[1] != 0xB7)
				to[n + 1] = (char)(vrm.p[1] - 32);
			n += size;
			characters++;
		}
		vrm = span_of(vrm.p + size, vrm.n - size);
	}
	to[n] = 0;
	return span_of(to, n);
}

/* Patterns of the classes, one symbol a character; `#` takes one to three digits not beginning with 0, `%`
 * one to four, `*` one to four of any. Letters never used in a place are what tells the classes apart. a  A-Z
 * without I, Q, Z    z  A-Z without I, Q    y  year letters    Z  I or Z    A  any letter    9  any digit
 * The first is the current style, whose age is looked at besides. */
static const char *const patterns[] = {
	"aa99zzz",                                         /* current, since September 2001 */
	"y#aaa", "Q#AAA",                                  /* prefix, 1983 to 2001; Q: age unknown */
	"aaa#y",                                           /* suffix, 1963 to 1983 */
	"aaa#", "a*", "aa*", "#aaa", "*a", "*aa",          /* dateless */
	"aZ%", "aAZ%", "aZA%", "%aZ", "%aAZ", "%aZA",      /* Northern Ireland, and reversed */
	"999D999", "999X999",                              /* diplomatic, consular */
	"99999", "999A", "999AA", "999AAA",                /* trade */
	"AA99AA", "99AA99",                                /* military */
	"J9", "J99", "J999", "J9999", "J99999", "J999999", /* Jersey */
	"9", "99", "999", "9999",                          /* Guernsey; five digits are trade above */
	"MN%", "MAN%", "MAN%A", "AMN%", "AMAN%", "AMAN#A", /* Isle of Man */
};

static bool in_set(char c, char symbol)
{
	bool letter = c >= 'A' && c <= 'Z';

	switch (symbol) {
	case 'a':
		return letter && c != 'I' && c != 'Q' && c != 'Z';
	case 'z':
		return letter && c != 'I' && c != 'Q';
	case 'y':
		return letter && !strchr("IOQUZ", c);
	case 'Z':
		return c == 'I' || c == 'Z';
	case 'A':
		return letter;
	case '9':
		return c >= '0' && c <= '9';
	default:
		return c == symbol;
	}
}

static bool matches(const char *pattern, const char *text, const char *end)
{
	for (; *pattern; pattern++) {
		if (*pattern == '#' || *pattern == '%' || *pattern == '*') {
			const char *last = text + (*pattern == '#' ? 3 : 4);

			if (text == end || !in_set(*text, '9') || (*text == '0' && *pattern != '*'))
				return false;
			/* A run of digits is always followed by a letter or the end, so the longest is the
			 * only one. */
			while (text < end && text < last && in_set(*text, '9'))
				text++;
		} else {
			if (text == end || !in_set(*text, *pattern))
				return false;
			text++;
		}
	}
	return text == end;
}

/* Ages that the current style never had. */
static bool age_is_unissued(const char *text)
{
	return memcmp(text + 2, "00", 2) == 0 || memcmp(text + 2, "01", 2) == 0 ||
	       memcmp(text + 2, "50", 2) == 0;
}

bool vrm_is_uk(struct span normalised)
{
	const char *text = (const char *)normalised.p;

	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		if (matches(patterns[i], text, text + normalised.n) && (i > 0 || !age_is_unissued(text)))
			return true;
	}
	return false;
}

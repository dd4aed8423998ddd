/* SPDX-License-Identifier: Apache-2.0
 *
 * The form of names and texts, byte by byte.
 */
#include "gateway/record/form.h"

static bool is_id_byte(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '_' || c == '-';
}

static bool all_of(const char *text, const char *also)
{
	size_t n = 0;
	for (; text && text[n]; n++)
		if (n >= FORM_ID_MAX || (!is_id_byte((unsigned char)text[n]) && !strchr(also, text[n])))
			return false;
	return n > 0;
}

bool form_id(const char *text)
{
	return all_of(text, "");
}

bool form_id_or_none(const char *text)
{
	return !text || !*text || form_id(text);
}

bool form_pattern(const char *text)
{
	return all_of(text, "*?");
}

bool form_is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?") != NULL;
}

/* Bytes of the UTF-8 character at p, which has `left` bytes; 0 = none. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	if (p[0] < 0x80)
		return 1;
	size_t n = p[0] >= 0xc2 && p[0] < 0xe0   ? 2
		   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						 : 0;
	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, beyond U+10FFFF */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
		(p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static bool is_control(const unsigned char *p)
{
	return p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0); /* C0, DEL, C1 */
}

static bool text_with(const char *text, size_t min, size_t max, const char *also)
{
	size_t n = text ? strlen(text) : 0;
	if (n < min || n > max)
		return false;
	for (size_t i = 0; i < n;) {
		const unsigned char *p = (const unsigned char *)text + i;
		size_t one = utf8_length(p, n - i);
		if (one == 0 || (is_control(p) && !strchr(also, p[0])))
			return false;
		i += one;
	}
	return true;
}

bool form_text(const char *text, size_t min, size_t max)
{
	return text_with(text, min, max, "");
}

bool form_prose(const char *text, size_t min, size_t max)
{
	return text_with(text, min, max, "\n\t");
}

bool form_bytes(ProtobufCBinaryData bytes, size_t n)
{
	return bytes.len == n && bytes.data;
}

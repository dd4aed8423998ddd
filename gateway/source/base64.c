/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL decodes; it is sloppy (blanks and some padding pass, extra bits vanish), so the text is judged
 * first.
 */
#include "gateway/source/base64.h"

#include <limits.h>
#include <openssl/evp.h>

/* A character's six bits, 64 = not in the alphabet. */
static unsigned sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26u;
	if (c >= '0' && c <= '9')
		return c - '0' + 52u;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Whether it is canonical; *padding is the number of '=' at its end. */
static bool is_canonical(struct span text, size_t *padding)
{
	size_t n = text.n;
	unsigned last = 0, bad = 0;

	if (n == 0 || n % 4 != 0 || n > INT_MAX)
		return false;
	*padding = text.p[n - 1] != '=' ? 0 : text.p[n - 2] != '=' ? 1 : 2;
	for (size_t i = 0; i < n - *padding; i++) {
		last = sextet(text.p[i]);
		bad |= last;
	}
	/* The last character's bits beyond the last byte are zero. */
	return bad < 64 && (*padding == 0 || (last & (*padding == 1 ? 3u : 15u)) == 0);
}

struct status base64_decode(struct span text, struct buffer *out)
{
	size_t padding;
	int n;

	REQUIRE(is_canonical(text, &padding), S_BAD_INPUT);
	TRY(buffer_reserve(out, text.n / 4 * 3));
	n = EVP_DecodeBlock(out->p + out->n, text.p, (int)text.n);
	REQUIRE(n >= 0 && (size_t)n == text.n / 4 * 3, S_BAD_INPUT);
	out->n += (size_t)n - padding;
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts cut into chunks and put together again.
 */
#include "tests/unit/test_record.h"

#include <stdlib.h>

static struct buffer long_text(size_t n)
{
	struct buffer b = {0};
	ck_assert(ok(buffer_reserve(&b, n)));
	for (size_t i = 0; i < n; i++)
		b.p[i] = (uint8_t)("0123456789abcdef\n"[(i * 7 + i / 1000) % 17]);
	b.n = n;
	return b;
}

static struct status add_chunk(
	struct document_store *s, const struct digest *sha256, struct span text, size_t i)
{
	char key[80];
	return document_store_add(s, span_text(document_key(key, sha256, i)), document_chunk(text, i));
}

static const size_t sizes[] = {
	1, DOCUMENT_CHUNK - 1, DOCUMENT_CHUNK, DOCUMENT_CHUNK + 1, 3 * DOCUMENT_CHUNK + 17};

START_TEST(there_and_back_in_any_order)
{
	struct buffer text = long_text(sizes[_i]);
	struct digest sha256 = digest_of(buffer_span(&text));
	struct document_store *s = document_store_new();
	struct span found;
	size_t n = document_chunks(text.n);
	ck_assert_uint_eq(document_chunk(buffer_span(&text), n).n, 0);
	for (size_t i = n; i-- > 0;) {
		ck_assert_int_eq(document_store_find(s, &sha256, text.n, &found).kind, STATUS_BAD_INPUT);
		ck_assert(ok(add_chunk(s, &sha256, buffer_span(&text), i)));
	}
	ck_assert_int_eq(document_store_find(s, &sha256, text.n + 1, &found).kind, STATUS_BAD_INPUT);
	ck_assert(ok(document_store_find(s, &sha256, text.n, &found)));
	ck_assert(span_equal(found, buffer_span(&text)));
	/* once whole, later chunks change nothing, and another size is still wrong */
	char key[80];
	ck_assert(ok(document_store_add(s, span_text(document_key(key, &sha256, 0)), span_text("?"))));
	ck_assert(ok(document_store_find(s, &sha256, text.n, &found)));
	ck_assert(span_equal(found, buffer_span(&text)));
	ck_assert_int_eq(document_store_find(s, &sha256, text.n + 1, &found).kind, STATUS_BAD_INPUT);
	ck_assert_int_eq(document_store_find(s, &sha256, 0, &found).kind, STATUS_BAD_INPUT);
	document_store_free(s);
	buffer_free(&text);
}
END_TEST

START_TEST(a_wrong_chunk_is_noticed_and_can_be_mended)
{
	struct buffer text = long_text(DOCUMENT_CHUNK + 100);
	struct digest sha256 = digest_of(buffer_span(&text));
	struct document_store *s = document_store_new();
	struct span found;
	char key[80];
	ck_assert(ok(add_chunk(s, &sha256, buffer_span(&text), 0)));
	uint8_t wrong[100] = {0};
	ck_assert(ok(document_store_add(
		s, span_text(document_key(key, &sha256, 1)), span_of(wrong, sizeof wrong))));
	ck_assert_int_eq(document_store_find(s, &sha256, text.n, &found).kind, STATUS_BAD_INPUT);
	ck_assert(ok(add_chunk(s, &sha256, buffer_span(&text), 1)));
	ck_assert(ok(document_store_find(s, &sha256, text.n, &found)));
	document_store_free(s);
	buffer_free(&text);
}
END_TEST

START_TEST(a_whole_text_at_once)
{
	struct buffer text = long_text(2 * DOCUMENT_CHUNK);
	struct document_store *s = document_store_new();
	struct digest sha256, want = digest_of(buffer_span(&text));
	struct span found;
	ck_assert(ok(document_store_put(s, buffer_span(&text), &sha256)));
	ck_assert(digest_equal(&sha256, &want));
	ck_assert(ok(document_store_put(s, buffer_span(&text), &sha256)));
	ck_assert(ok(document_store_find(s, &sha256, text.n, &found)));
	ck_assert(!ok(document_store_put(s, span_text(""), &sha256)));
	ck_assert(!ok(document_store_put(s, span_of(text.p, (size_t)DOCUMENT_MAX + 1), &sha256)));
	document_store_free(s);
	document_store_free(NULL);
	buffer_free(&text);
}
END_TEST

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
static const char *const bad_keys[] = {
	"",
	"/",
	HEX64,
	HEX64 "/",
	HEX64 "/x",
	HEX64 "/-1",
	HEX64 "/00",
	HEX64 "/01",
	HEX64 "/40",
	HEX64 "/100",
	HEX64 "/18446744073709551616",
	"x" HEX64 "/0",
	"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff/0",
	"g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff/0",
	HEX64 "-0",
	HEX64 "/1 ",
};

START_TEST(a_key_that_is_none)
{
	struct document_store *s = document_store_new();
	ck_assert_int_eq(
		document_store_add(s, span_text(bad_keys[_i]), span_text("x")).kind, STATUS_BAD_INPUT);
	ck_assert_int_eq(document_store_add(s, span_text(HEX64 "/0"), span_text("")).kind, STATUS_BAD_INPUT);
	ck_assert(ok(document_store_add(s, span_text(HEX64 "/39"), span_text("x"))));
	uint8_t *big = calloc(1, DOCUMENT_CHUNK + 1);
	ck_assert_int_eq(document_store_add(s, span_text(HEX64 "/0"), span_of(big, DOCUMENT_CHUNK + 1)).kind,
		STATUS_BAD_INPUT);
	free(big);
	document_store_free(s);
}
END_TEST

TCase *case_document(void)
{
	TCase *c = tcase_create("documents");
	tcase_add_loop_test(c, there_and_back_in_any_order, 0, ROWS(sizes));
	tcase_add_test(c, a_wrong_chunk_is_noticed_and_can_be_mended);
	tcase_add_test(c, a_whole_text_at_once);
	tcase_add_loop_test(c, a_key_that_is_none, 0, ROWS(bad_keys));
	return c;
}

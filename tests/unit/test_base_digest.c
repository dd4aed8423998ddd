/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes against what others publish of them, and against another implementation.
 */
#include "gateway/base/digest.h"
#include "tests/unit/test_base.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>

/* --- SHA-256 --- */

static const struct sha_row {
	const char *text, *want;
} sha_rows[] = {
	/* FIPS 180-4 examples, and nothing at all */
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256_is_the_standard)
{
	struct digest d = digest_of(span_text(sha_rows[_i].text));

	ck_assert_str_eq(DIGEST_TEXT(&d), sha_rows[_i].want);
}
END_TEST

/* A link is the hash of the two, one after the other; order and both parts matter. */
START_TEST(a_chain_links)
{
	struct digest zero = {0}, first = digest_of(span_text("a")), link, whole;
	uint8_t joined[DIGEST_BYTES + 3];

	memcpy(joined, first.v, DIGEST_BYTES);
	memcpy(joined + DIGEST_BYTES, "abc", 3);
	link = digest_chain(&first, span_text("abc"));
	whole = digest_of(span_of(joined, sizeof joined));
	ck_assert(digest_equal(&link, &whole));
	whole = digest_chain(&zero, span_text("abc"));
	ck_assert(!digest_equal(&link, &whole));
	link = digest_chain(&zero, span_of(NULL, 0));
	whole = digest_of(span_of(zero.v, DIGEST_BYTES));
	ck_assert(digest_equal(&link, &whole));
}
END_TEST

static void *hash_in_thread(void *wrong)
{
	for (int i = 0; i < 2000; i++) {
		struct digest d = digest_of(span_text("abc"));

		if (strcmp(DIGEST_TEXT(&d), sha_rows[1].want) != 0)
			*(int *)wrong = 1;
	}
	return NULL;
}

/* Threads do not disturb each other, and leave nothing behind when they end (LeakSanitizer sees). */
START_TEST(threads_hash_at_once)
{
	pthread_t threads[4];
	int wrong[4] = {0};

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hash_in_thread, &wrong[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(wrong[i], 0);
	}
}
END_TEST

START_TEST(digests_have_one_length)
{
	uint8_t bytes[DIGEST_BYTES + 1] = {1, 2, 3};
	struct digest d = {{9}};

	ck_assert(!ok(digest_from(span_of(bytes, 0), &d)));
	ck_assert(!ok(digest_from(span_of(bytes, DIGEST_BYTES - 1), &d)));
	ck_assert(!ok(digest_from(span_of(bytes, DIGEST_BYTES + 1), &d)));
	ck_assert_uint_eq(d.v[0], 9);
	ck_assert(ok(digest_from(span_of(bytes, DIGEST_BYTES), &d)));
	ck_assert_uint_eq(d.v[2], 3);
}
END_TEST

/* --- hexadecimal --- */

static const struct hex_row {
	const char *text;
	size_t n;
	bool good;
} hex_rows[] = {
	{"", 0, true},
	{"00ff7f80", 4, true},
	{"00FF7f80", 4, true},
	{"abcdef", 3, true},
	{"0", 0, false},
	{"0", 1, false},
	{"", 1, false},
	{"00", 2, false},
	{"0000", 1, false},
	{"0g", 1, false},
	{"g0", 1, false},
	{"0x", 1, false},
	{" 0", 1, false},
	{"0 ", 1, false},
	{"-1", 1, false},
	{"0:", 1, false},
	{"/0", 1, false},
	{"@0", 1, false},
	{"G0", 1, false},
	{"`0", 1, false},
	{"\x10"
	 "0",
		1, false},
	{"0\xb0", 1, false},
	{"\xc3\xa9", 1, false},
};

START_TEST(hex_is_read)
{
	const struct hex_row *row = &hex_rows[_i];
	uint8_t bytes[8] = {0};
	char back[17];

	ck_assert_int_eq(ok(hex_parse(span_text(row->text), bytes, row->n)), row->good);
	if (row->good)
		ck_assert_int_eq(strcasecmp(hex_format(back, span_of(bytes, row->n)), row->text), 0);
}
END_TEST

START_TEST(hex_goes_round)
{
	uint8_t bytes[256], back[256];
	char text[513];

	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	hex_format(text, span_of(bytes, sizeof bytes));
	ck_assert_uint_eq(strspn(text, "0123456789abcdef"), 512);
	ck_assert(ok(hex_parse(span_text(text), back, sizeof back)));
	ck_assert_mem_eq(bytes, back, sizeof back);
}
END_TEST

/* --- murmur2 --- */

/* The first seven are those of Kafka's own UtilsTest; the others were asked of kafka-clients 4.1.1. */
static const struct murmur_row {
	const char *text;
	size_t n;
	int32_t want;
} murmur_rows[] = {
	{"21", 2, -973932308},
	{"foobar", 6, -790332482},
	{"a-little-bit-long-string", 24, -985981536},
	{"a-little-bit-longer-string", 26, -1486304829},
	{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", 48, -58897971},
	{"abc", 3, 479470107},
	{"", 0, 275646681},
	{"\0", 1, 375494588},
	{"\xff", 1, -311467685},
	{"\x80\x81", 2, 1642145146},
	{"\xc2\xa3\xff", 3, 1378932160},
	{"abcd", 4, -1323649548},
	{"\0\0\0\0", 4, 850957120},
	{"tfl-ulez", 8, 651267831},
	{"national-highways", 17, 1921214051},
	{"tfl-ulez/ULEZ-00001", 19, 1937784244},
	{"nh/NH-0042", 10, -5316161},
};

START_TEST(murmur2_is_javas)
{
	const struct murmur_row *row = &murmur_rows[_i];
	struct span key = span_of(row->text, row->n);
	uint32_t positive = (uint32_t)row->want & INT32_MAX;

	ck_assert_int_eq((int32_t)murmur2(key), row->want);
	for (uint32_t partitions = 1; partitions < 100; partitions++)
		ck_assert_uint_eq(murmur2_partition(key, partitions), positive % partitions);
}
END_TEST

/* --- SipHash --- */

/* Of the paper's appendix A (15 bytes) and the authors' vectors.h: input 00 01 02 ..., key 00 01 ... 0f. */
static const struct sip_row {
	size_t n;
	uint64_t want;
} sip_rows[] = {
	{0, 0x726fdb47dd0e0e31},
	{1, 0x74f839c593dc67fd},
	{2, 0x0d6c8009d9a94f5a},
	{3, 0x85676696d7fb7e2d},
	{4, 0xcf2794e0277187b7},
	{5, 0x18765564cd99a68d},
	{6, 0xcbc9466e58fee3ce},
	{7, 0xab0200f58b01d137},
	{8, 0x93f5f5799a932462},
	{15, 0xa129ca6149be45e5},
};

START_TEST(siphash_is_the_authors)
{
	uint8_t bytes[16];

	for (uint8_t i = 0; i < 16; i++)
		bytes[i] = i;
	ck_assert_uint_eq(siphash(bytes, span_of(bytes, sip_rows[_i].n)), sip_rows[_i].want);
}
END_TEST

static uint64_t siphash_of_libcrypto(EVP_MAC *mac, const uint8_t key[16], struct span bytes)
{
	size_t size = 8, n = 0;
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
	EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
	uint8_t out[8];
	uint64_t value = 0;

	ck_assert_int_eq(EVP_MAC_init(context, key, 16, parameters), 1);
	ck_assert_int_eq(EVP_MAC_update(context, bytes.p, bytes.n), 1);
	ck_assert_int_eq(EVP_MAC_final(context, out, &n, sizeof out), 1);
	EVP_MAC_CTX_free(context);
	for (int i = 7; i >= 0; i--)
		value = value << 8 | out[i];
	return value;
}

START_TEST(siphash_is_libcryptos)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	uint8_t key[16], bytes[300];

	ck_assert_ptr_nonnull(mac);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		random_bytes(key, sizeof key);
		random_bytes(bytes, sizeof bytes);
		ck_assert_uint_eq(
			siphash(key, span_of(bytes, n)), siphash_of_libcrypto(mac, key, span_of(bytes, n)));
	}
	EVP_MAC_free(mac);
}
END_TEST

/* --- random --- */

START_TEST(random_is_not_constant)
{
	uint8_t a[1000] = {0}, b[1000] = {0};
	unsigned seen = 0;

	random_bytes(a, 0);
	random_bytes(a, sizeof a);
	random_bytes(b, sizeof b);
	ck_assert_mem_ne(a, b, 32);
	ck_assert_mem_ne(a + 968, b + 968, 32); /* to the last byte */
	for (int i = 0; i < 500; i++) {
		uint64_t r = random_below(7);

		ck_assert_uint_lt(r, 7);
		seen |= 1u << r;
	}
	ck_assert_uint_eq(seen, 127);
	ck_assert_uint_eq(random_below(1), 0);
	ck_assert_uint_eq(random_below(0), 0);
}
END_TEST

TCase *case_digest(void)
{
	TCase *c = tcase_create("digest");
	tcase_add_loop_test(c, sha256_is_the_standard, 0, ROWS(sha_rows));
	tcase_add_test(c, a_chain_links);
	tcase_add_test(c, threads_hash_at_once);
	tcase_add_test(c, digests_have_one_length);
	tcase_add_loop_test(c, hex_is_read, 0, ROWS(hex_rows));
	tcase_add_test(c, hex_goes_round);
	tcase_add_loop_test(c, murmur2_is_javas, 0, ROWS(murmur_rows));
	tcase_add_loop_test(c, siphash_is_the_authors, 0, ROWS(sip_rows));
	tcase_add_test(c, siphash_is_libcryptos);
	tcase_add_test(c, random_is_not_constant);
	return c;
}

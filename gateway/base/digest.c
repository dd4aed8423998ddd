/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes by libcrypto, but for two that it has not or hides behind an allocation: murmur2 as in Kafka's
 * org.apache.kafka.common.utils.Utils, and SipHash-2-4 (Aumasson and Bernstein), which is asked for on every
 * read.
 */
#include "gateway/base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static pthread_key_t context_key;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void make_context_key(void)
{
	if (pthread_key_create(&context_key, free_context) != 0)
		abort();
}

/* Freed when the thread ends. */
static EVP_MD_CTX *context_new(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	pthread_once(&context_once, make_context_key);
	if (!context || pthread_setspecific(context_key, context) != 0)
		abort();
	return context;
}

/* One context a thread: SHA-256 is taken of every read published. */
static EVP_MD_CTX *sha256_begin(void)
{
	static _Thread_local EVP_MD_CTX *context;
	static EVP_MD *sha256;
	EVP_MD *fetched = __atomic_load_n(&sha256, __ATOMIC_ACQUIRE);

	if (!fetched) { /* fetched once: looking it up costs more than hashing a read */
		EVP_MD *none = NULL;

		fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
		if (!__atomic_compare_exchange_n(
			    &sha256, &none, fetched, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			EVP_MD_free(fetched);
			fetched = none;
		}
	}
	if (!context)
		context = context_new();
	if (!fetched || EVP_DigestInit_ex2(context, fetched, NULL) != 1)
		abort();
	return context;
}

struct digest digest_of(struct span bytes)
{
	EVP_MD_CTX *context = sha256_begin();
	struct digest d;

	if (EVP_DigestUpdate(context, bytes.p, bytes.n) != 1 || EVP_DigestFinal_ex(context, d.v, NULL) != 1)
		abort();
	return d;
}

struct digest digest_chain(const struct digest *previous, struct span bytes)
{
	EVP_MD_CTX *context = sha256_begin();
	struct digest d;

	if (EVP_DigestUpdate(context, previous->v, sizeof previous->v) != 1 ||
		EVP_DigestUpdate(context, bytes.p, bytes.n) != 1 ||
		EVP_DigestFinal_ex(context, d.v, NULL) != 1)
		abort();
	return d;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->v, b->v, sizeof a->v) == 0;
}

struct status digest_from(struct span bytes, struct digest *out)
{
	REQUIRE(bytes.n == sizeof out->v, S_BAD_INPUT);
	memcpy(out->v, bytes.p, sizeof out->v);
	return S_OK;
}

const char *hex_format(char *to, struct span bytes)
{
	static const char alphabet[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.n; i++) {
		to[2 * i] = alphabet[bytes.p[i] >> 4];
		to[2 * i + 1] = alphabet[bytes.p[i] & 15];
	}
	to[2 * bytes.n] = 0;
	return to;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

struct status hex_parse(struct span text, uint8_t *to, size_t n)
{
	REQUIRE(text.n == 2 * n, S_BAD_INPUT);
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);

		REQUIRE(high >= 0 && low >= 0, S_BAD_INPUT);
		to[i] = (uint8_t)(high << 4 | low);
	}
	return S_OK;
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t load64(const uint8_t *p)
{
	return load32(p) | (uint64_t)load32(p + 4) << 32;
}

uint32_t murmur2(struct span key)
{
	const uint32_t m = 0x5bd1e995, seed = 0x9747b28c;
	uint32_t h = seed ^ (uint32_t)key.n;
	size_t whole = key.n & ~(size_t)3;

	for (size_t i = 0; i < whole; i += 4) {
		uint32_t k = load32(key.p + i) * m;

		h = h * m ^ (k ^ k >> 24) * m;
	}
	for (size_t i = key.n; i > whole; i--)
		h ^= (uint32_t)key.p[i - 1] << 8 * (i - 1 - whole);
	if (key.n > whole)
		h *= m;
	h = (h ^ h >> 13) * m;
	return h ^ h >> 15;
}

uint32_t murmur2_partition(struct span key, uint32_t partitions)
{
	return (murmur2(key) & 0x7fffffff) % partitions;
}

static inline uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline __attribute__((always_inline)) void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static inline __attribute__((always_inline)) void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t siphash(const uint8_t key[16], struct span bytes)
{
	uint64_t k0 = load64(key), k1 = load64(key + 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
		k1 ^ 0x7465646279746573};
	uint64_t last = (uint64_t)bytes.n << 56;
	size_t whole = bytes.n & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		sip_word(v, load64(bytes.p + i));
	for (size_t i = whole; i < bytes.n; i++)
		last |= (uint64_t)bytes.p[i] << 8 * (i - whole);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void random_bytes(void *to, size_t n)
{
	while (n > 0) {
		ssize_t got = getrandom(to, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			abort();
		to = (uint8_t *)to + got;
		n -= (size_t)got;
	}
}

uint64_t random_below(uint64_t n)
{
	uint64_t r;

	random_bytes(&r, sizeof r);
	return n ? r % n : 0;
}

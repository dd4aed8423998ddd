/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes, random bytes, hexadecimal. SHA-256 for everything that proves, SipHash for tables a peer can aim
 * at, murmur2 because Java's Kafka clients choose partitions by it.
 */
#ifndef ANPR_BASE_DIGEST_H
#define ANPR_BASE_DIGEST_H

#include "gateway/base/span.h"
#include "gateway/base/status.h"

#define DIGEST_BYTES 32

struct digest {
	uint8_t v[DIGEST_BYTES];
};

struct digest digest_of(struct span bytes);
/* SHA-256(previous || bytes): one link of a chain. */
struct digest digest_chain(const struct digest *previous, struct span bytes);
bool digest_equal(const struct digest *a, const struct digest *b);
/* From stored bytes. errors: BAD_INPUT unless exactly 32. */
MUST struct status digest_from(struct span bytes, struct digest *out);

/* Lower-case hexadecimal, 2n + 1 bytes into `to`; returned. */
const char *hex_format(char *to, struct span bytes);
#define DIGEST_TEXT(d) hex_format((char[2 *DIGEST_BYTES + 1]){0}, span_of((d)->v, DIGEST_BYTES))
MUST struct status hex_parse(struct span text, uint8_t *to, size_t n);

/* Kafka's murmur2, as Java's DefaultPartitioner uses it: partition = (hash & 0x7fffffff) % partitions. */
uint32_t murmur2(struct span key);
uint32_t murmur2_partition(struct span key, uint32_t partitions);

/* SipHash-2-4 under a 16-byte key. */
uint64_t siphash(const uint8_t key[16], struct span bytes);

/* From the system; aborts where there is none. */
void random_bytes(void *to, size_t n);
uint64_t random_below(uint64_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of the documents topic: cut into chunks for Kafka, and put together again whatever order they come
 * in. Chunks are believed only as a whole, by the hash they are kept under.
 */
#include "gateway/record/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#define CHUNKS_MAX (DOCUMENT_MAX / DOCUMENT_CHUNK)
#define STORE_MAX  (1u << 30) /* bytes of all texts together */

struct document {
	struct digest sha256;
	struct span chunks[CHUNKS_MAX]; /* owned; empty once the text is whole */
	struct buffer text;             /* whole and right, where it has bytes */
	UT_hash_handle hh;
};

struct document_store {
	struct document *documents;
	size_t bytes;
};

/* Bytes of chunk i of a text of so many. */
static size_t chunk_size(uint64_t size, size_t i)
{
	uint64_t at = (uint64_t)i * DOCUMENT_CHUNK;
	uint64_t left = at < size ? size - at : 0;
	return left < DOCUMENT_CHUNK ? (size_t)left : DOCUMENT_CHUNK;
}

size_t document_chunks(uint64_t size)
{
	return (size_t)(size / DOCUMENT_CHUNK + (size % DOCUMENT_CHUNK != 0));
}

const char *document_key(char *to, const struct digest *sha256, size_t i)
{
	(void)snprintf(to, 80, "%s/%zu", DIGEST_TEXT(sha256), i);
	return to;
}

struct document_store *document_store_new(void)
{
	return calloc(1, sizeof(struct document_store));
}

static void chunk_drop(struct document_store *s, struct span *chunk)
{
	s->bytes -= chunk->n;
	free((void *)chunk->p);
	*chunk = (struct span){0};
}

void document_store_free(struct document_store *s)
{
	if (!s)
		return;
	struct document *d = s->documents;
	HASH_CLEAR(hh, s->documents);
	while (d) {
		struct document *next = d->hh.next;
		for (size_t i = 0; i < CHUNKS_MAX; i++)
			chunk_drop(s, &d->chunks[i]);
		buffer_free(&d->text);
		free(d);
		d = next;
	}
	free(s);
}

static struct status key_parse(struct span key, struct digest *sha256, size_t *i)
{
	REQUIRE(key.n > 65 && key.n <= 68 && key.p[64] == '/', S_BAD_INPUT);
	TRY(hex_parse(span_of(key.p, 64), sha256->v, sizeof sha256->v));
	*i = 0;
	for (size_t k = 65; k < key.n; k++) {
		REQUIRE(key.p[k] >= '0' && key.p[k] <= '9', S_BAD_INPUT);
		*i = *i * 10 + (size_t)(key.p[k] - '0');
	}
	char canonical[80];
	REQUIRE(*i < CHUNKS_MAX && span_is(key, document_key(canonical, sha256, *i)), S_BAD_INPUT);
	return S_OK;
}

static struct document *document_of(struct document_store *s, const struct digest *sha256, bool make)
{
	struct document *d;
	HASH_FIND(hh, s->documents, sha256, sizeof *sha256, d);
	if (d || !make || !(d = calloc(1, sizeof *d)))
		return d;
	d->sha256 = *sha256;
	HASH_ADD(hh, s->documents, sha256, sizeof d->sha256, d);
	return d;
}

static struct status chunk_keep(
	struct document_store *s, const struct digest *sha256, size_t i, struct span value)
{
	REQUIRE(value.p && value.n >= 1, S_BAD_INPUT);
	struct document *d = document_of(s, sha256, true);
	REQUIRE(d, S_OVERLOAD);
	if (d->text.n)
		return S_OK; /* whole already: nothing can be better */
	chunk_drop(s, &d->chunks[i]);
	REQUIRE(s->bytes + value.n <= STORE_MAX, S_OVERLOAD);
	uint8_t *copy = malloc(value.n);
	REQUIRE(copy, S_OVERLOAD);
	memcpy(copy, value.p, value.n);
	d->chunks[i] = span_of(copy, value.n);
	s->bytes += value.n;
	return S_OK;
}

struct status document_store_add(struct document_store *s, struct span key, struct span value)
{
	struct digest sha256;
	size_t i;
	TRY(key_parse(key, &sha256, &i));
	REQUIRE(value.n >= 1 && value.n <= DOCUMENT_CHUNK, S_BAD_INPUT);
	return chunk_keep(s, &sha256, i, value);
}

struct status document_store_put(struct document_store *s, struct span text, struct digest *sha256)
{
	REQUIRE(text.n >= 1 && text.n <= DOCUMENT_MAX, S_BAD_INPUT);
	*sha256 = digest_of(text);
	for (size_t i = 0; i < document_chunks(text.n); i++)
		TRY(chunk_keep(s, sha256, i, document_chunk(text, i)));
	return S_OK;
}

struct span document_chunk(struct span text, size_t i)
{
	size_t n = chunk_size(text.n, i);
	return span_of(n ? text.p + i * DOCUMENT_CHUNK : NULL, n);
}

/* Put the first n chunks together. errors: BAD_INPUT where one is missing or the whole is not what its hash
 * says. */
static struct status document_join(struct document_store *s, struct document *d, size_t n, uint64_t size)
{
	CLEANUP(buffer_free) struct buffer text = {.max = DOCUMENT_MAX};
	for (size_t i = 0; i < n; i++) {
		REQUIRE(d->chunks[i].n == chunk_size(size, i), S_BAD_INPUT);
		TRY(buffer_append(&text, d->chunks[i]));
	}
	struct digest is = digest_of(buffer_span(&text));
	REQUIRE(digest_equal(&is, &d->sha256), S_BAD_INPUT);
	for (size_t i = 0; i < CHUNKS_MAX; i++)
		chunk_drop(s, &d->chunks[i]);
	s->bytes += text.n;
	d->text = text;
	text = (struct buffer){0};
	return S_OK;
}

struct status document_store_find(
	struct document_store *s, const struct digest *sha256, uint64_t size, struct span *text)
{
	REQUIRE(size >= 1 && size <= DOCUMENT_MAX, S_BAD_INPUT);
	struct document *d = document_of(s, sha256, false);
	REQUIRE(d, S_BAD_INPUT);
	if (!d->text.n)
		TRY(document_join(s, d, document_chunks(size), size));
	REQUIRE(d->text.n == size, S_BAD_INPUT);
	*text = buffer_span(&d->text);
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * A mark's skeleton is the mark with each character in the place of all it is confused with (DOMAIN.md):
 * equal skeletons of different marks are what is looked for.
 */
#include "gateway/core/misread.h"

#include "gateway/base/digest.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#define ENTRIES   16384 /* a power of two; ten seconds at 1,600 reads a second */
#define LOOKS_MAX 8     /* at entries of one bucket: a partner may send one mark again and again */

struct misread_entry {
	uint64_t skeleton, exact; /* keyed hashes, both with partner and camera */
	uint64_t next;            /* number of the one before in the bucket; below tail: none */
	int64_t captured_ms, at_ms;
	double confidence; /* NAN = not given */
};

struct status misreads_init(struct misreads *m)
{
	*m = (struct misreads){.tail = 1, .head = 1, .mark = 1};
	m->entries = calloc(ENTRIES, sizeof *m->entries);
	m->newest = calloc(ENTRIES, sizeof *m->newest);
	random_bytes(m->key, sizeof m->key);
	return m->entries && m->newest ? S_OK : S_OVERLOAD;
}

void misreads_fini(struct misreads *m)
{
	if (m->entries)
		OPENSSL_cleanse(m->entries, ENTRIES * sizeof *m->entries);
	free(m->entries);
	free(m->newest);
	OPENSSL_cleanse(m, sizeof *m);
}

static struct misread_entry *entry(const struct misreads *m, uint64_t number)
{
	return &m->entries[number & (ENTRIES - 1)];
}

static uint64_t *bucket(const struct misreads *m, uint64_t skeleton)
{
	return &m->newest[skeleton & (ENTRIES - 1)];
}

static void wipe(struct misread_entry *e)
{
	OPENSSL_cleanse(e, sizeof *e);
}

/* The one that stands for all it is confused with. */
static uint8_t stand_in(uint8_t c)
{
	static const char *const confused[] = {"0ODQUGB86", "1IL", "5S", "2Z", "4A", "VY", "MN"};

	for (size_t i = 0; i < sizeof confused / sizeof confused[0]; i++)
		if (c != 0 && strchr(confused[i], c))
			return (uint8_t)confused[i][0];
	return c;
}

/* Partner and camera go before both, so that nothing is ever compared across cameras. */
static void hash(const struct misreads *m, struct span partner, struct span camera, struct span vrm,
	struct misread_entry *out)
{
	uint8_t text[2 * (READ_CAMERA_MAX + 1) + 4 * READ_VRM_MAX];
	size_t n = 0;

	for (size_t i = 0; i < partner.n && i < READ_CAMERA_MAX; i++)
		text[n++] = partner.p[i];
	text[n++] = 0;
	for (size_t i = 0; i < camera.n && i < READ_CAMERA_MAX; i++)
		text[n++] = camera.p[i];
	text[n++] = 0;
	memcpy(text + n, vrm.p, vrm.n);
	out->exact = siphash(m->key, span_of(text, n + vrm.n));
	for (size_t i = 0; i < vrm.n; i++)
		text[n + i] = stand_in(vrm.p[i]);
	out->skeleton = siphash(m->key, span_of(text, n + vrm.n));
	OPENSSL_cleanse(text, sizeof text);
}

static const struct misread_entry *find_other(const struct misreads *m, const struct misread_entry *like)
{
	uint64_t number = *bucket(m, like->skeleton);

	for (int looks = 0; looks < LOOKS_MAX && number >= m->tail; looks++) {
		const struct misread_entry *e = entry(m, number);

		if (e->skeleton == like->skeleton && e->exact != like->exact &&
			llabs(e->captured_ms - like->captured_ms) <= MISREAD_WINDOW_MS)
			return e;
		number = e->next;
	}
	return NULL;
}

static void remember(struct misreads *m, const struct misread_entry *e)
{
	uint64_t *newest = bucket(m, e->skeleton);

	if (m->head - m->tail == ENTRIES)
		wipe(entry(m, m->tail++));
	*entry(m, m->head) = *e;
	entry(m, m->head)->next = *newest;
	*newest = m->head++;
}

enum misread misread_look(struct misreads *m, struct span partner, struct span camera, struct span vrm,
	const struct read *read, struct utc_ms now)
{
	struct misread_entry this = {.captured_ms = read->captured_at.v,
		.at_ms = now.v,
		.confidence = read->has & READ_HAS_CONFIDENCE ? read->confidence : NAN};
	const struct misread_entry *other;
	enum misread found = MISREAD_NONE;

	if (vrm.n == 0 || vrm.n > (size_t)4 * READ_VRM_MAX)
		return MISREAD_NONE;
	hash(m, partner, camera, vrm, &this);
	other = find_other(m, &this);
	if (other)
		found = this.confidence > other->confidence ? MISREAD_EARLIER : MISREAD_THIS;
	remember(m, &this);
	return found;
}

void misreads_begin(struct misreads *m)
{
	m->mark = m->head;
}

/* Newest first, so that each is the first of its bucket when it goes. */
void misreads_take_back(struct misreads *m)
{
	while (m->head > m->mark && m->head > m->tail) {
		struct misread_entry *e = entry(m, --m->head);

		*bucket(m, e->skeleton) = e->next;
		wipe(e);
	}
	m->mark = m->head;
}

void misreads_expire(struct misreads *m, struct utc_ms now)
{
	while (m->tail < m->head && llabs(now.v - entry(m, m->tail)->at_ms) > MISREAD_WINDOW_MS)
		wipe(entry(m, m->tail++));
}

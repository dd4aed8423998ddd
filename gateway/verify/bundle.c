/* SPDX-License-Identifier: Apache-2.0
 *
 * See bundle.h. The file is mapped, not read in: a month's ledger is larger than memory should be.
 */
#include "gateway/verify/bundle.h"

#include "gateway/base/memory.h"
#include "gateway/record/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC    "anpr-bundle-v1\n"
#define ITEM_MAX (4u << 20)

/* One partition's records: a stretch of the file. */
struct stretch {
	char *topic;
	int32_t partition;
	int64_t oldest, newest, settled;
	size_t at, end;
};

struct bundle {
	const char *path;
	struct span bytes; /* mapped */
	struct verify_source source;
	struct verify_topics topics;
	Anpr__V1__BundleItem *header;
	struct stretch *stretches;
	size_t n;
	Anpr__V1__BundleItem *current; /* what was handed out last */
};

/* --- writing --- */

static struct status write_bytes(FILE *to, struct span bytes)
{
	return fwrite(bytes.p, 1, bytes.n, to) == bytes.n ? S_OK : S_RETRY;
}

static struct status write_item(FILE *to, const Anpr__V1__BundleItem *item)
{
	CLEANUP(buffer_free) struct buffer bytes = {0};
	uint8_t length[10];
	size_t n = 0;

	TRY(message_encode(&item->base, &bytes));
	for (uint64_t left = bytes.n; n == 0 || left > 0; left >>= 7)
		length[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
	TRY(write_bytes(to, span_of(length, n)));
	return write_bytes(to, buffer_span(&bytes));
}

struct status bundle_begin(FILE *to, const Anpr__V1__BundleHeader *header)
{
	Anpr__V1__BundleItem item = ANPR__V1__BUNDLE_ITEM__INIT;

	item.item_case = ANPR__V1__BUNDLE_ITEM__ITEM_HEADER;
	item.header = (Anpr__V1__BundleHeader *)header;
	TRY(write_bytes(to, span_text(MAGIC)));
	return write_item(to, &item);
}

struct status bundle_add(FILE *to, const char *topic, int32_t partition, const struct verify_record *record)
{
	Anpr__V1__BundleItem item = ANPR__V1__BUNDLE_ITEM__INIT;
	Anpr__V1__BundleRecord r = ANPR__V1__BUNDLE_RECORD__INIT;

	r.topic = (char *)topic;
	r.partition = (uint32_t)partition;
	r.offset = record->offset;
	r.timestamp_ms = record->timestamp_ms;
	r.key = (ProtobufCBinaryData){record->key.n, (uint8_t *)record->key.p};
	r.value = (ProtobufCBinaryData){record->value.n, (uint8_t *)record->value.p};
	item.item_case = ANPR__V1__BUNDLE_ITEM__ITEM_RECORD;
	item.record = &r;
	return write_item(to, &item);
}

/* --- reading --- */

static struct status broken(const struct bundle *b, size_t at, struct error *e)
{
	error_add(e, NULL, 0, 0, "%s: byte %zu: no item of a bundle begins here", b->path, at);
	return S_BAD_INPUT;
}

/* The bytes of the item at *at, which is moved behind it. */
static struct status item_bytes(const struct bundle *b, size_t *at, struct span *out, struct error *e)
{
	size_t begin = *at, n = 0;

	for (unsigned shift = 0;; shift += 7) {
		if (*at >= b->bytes.n || shift > 28)
			return broken(b, begin, e);
		n |= (size_t)(b->bytes.p[*at] & 0x7f) << shift;
		if (!(b->bytes.p[(*at)++] & 0x80))
			break;
	}
	if (n > ITEM_MAX || n > b->bytes.n - *at)
		return broken(b, begin, e);
	*out = span_of(b->bytes.p + *at, n);
	*at += n;
	return S_OK;
}

static struct status item_read(
	const struct bundle *b, size_t *at, Anpr__V1__BundleItem **out, struct error *e)
{
	ProtobufCMessage *message = NULL;
	size_t begin = *at;
	struct span bytes;

	TRY(item_bytes(b, at, &bytes, e));
	if (!ok(message_decode(
		    &anpr__v1__bundle_item__descriptor, bytes, ITEM_MAX, DECODE_LENIENT, &message, NULL)))
		return broken(b, begin, e);
	*out = (Anpr__V1__BundleItem *)message;
	return S_OK;
}

static struct stretch *stretch_find(const struct bundle *b, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->stretches[i].partition == partition && strcmp(b->stretches[i].topic, topic) == 0)
			return &b->stretches[i];
	return NULL;
}

static struct status header_take(struct bundle *b, size_t *at, struct error *e)
{
	const Anpr__V1__BundleHeader *h;

	TRY(item_read(b, at, &b->header, e));
	if (b->header->item_case != ANPR__V1__BUNDLE_ITEM__ITEM_HEADER)
		return error_set(e, "%s: a bundle begins with its header", b->path);
	h = b->header->header;
	b->topics = (struct verify_topics){h->journal, h->documents, h->ledger, h->accounts};
	for (size_t i = 0; i < h->n_partitions; i++) {
		const Anpr__V1__BundlePartition *p = h->partitions[i];
		int64_t unsettled = strcmp(p->topic, h->accounts) == 0 ? p->unsettled : 0;

		GROW(b->stretches, b->n);
		b->stretches[b->n++] = (struct stretch){
			p->topic, (int32_t)p->partition, p->oldest, p->newest, p->newest - unsettled, 0, 0};
	}
	return S_OK;
}

/* Where each partition's records are; they stand together. */
static struct status index_take(struct bundle *b, size_t at, struct error *e)
{
	struct stretch *current = NULL;

	while (at < b->bytes.n) {
		Anpr__V1__BundleItem *item = NULL;
		size_t begin = at;
		struct stretch *s = NULL;

		TRY(item_read(b, &at, &item, e));
		if (item->item_case == ANPR__V1__BUNDLE_ITEM__ITEM_RECORD)
			s = stretch_find(b, item->record->topic, (int32_t)item->record->partition);
		anpr__v1__bundle_item__free_unpacked(item, NULL);
		if (!s || (s != current && s->end != 0))
			return error_set(e, "%s: byte %zu: a record out of place", b->path, begin);
		if (s != current)
			s->at = begin;
		s->end = at;
		current = s;
	}
	return S_OK;
}

static struct status map(struct bundle *b, struct error *e)
{
	int fd = open(b->path, O_RDONLY | O_CLOEXEC);
	struct stat st = {0};
	void *p = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (p == MAP_FAILED)
		return error_set(
			e, "%s: %s", b->path, st.st_size == 0 && fd >= 0 ? "it is empty" : strerror(errno));
	b->bytes = span_of(p, (size_t)st.st_size);
	return S_OK;
}

static struct status partitions_of(void *context, const char *topic, int32_t *out, struct error *e)
{
	const struct bundle *b = context;

	(void)e;
	*out = 0;
	for (size_t i = 0; i < b->n; i++)
		*out += strcmp(b->stretches[i].topic, topic) == 0;
	return S_OK;
}

static struct status ends(
	const struct bundle *b, const char *topic, int32_t n, bool settled, int64_t *out, struct error *e)
{
	for (int32_t i = 0; i < n; i++) {
		const struct stretch *s = stretch_find(b, topic, i);

		if (!s)
			return error_set(e, "it has no partition %d of %s", (int)i, topic);
		out[i] = settled ? s->settled : s->newest;
	}
	return S_OK;
}

static struct status newest(void *context, const char *topic, int32_t n, int64_t *out, struct error *e)
{
	return ends(context, topic, n, false, out, e);
}

static struct status settled(void *context, const char *topic, int32_t n, int64_t *out, struct error *e)
{
	return ends(context, topic, n, true, out, e);
}

static struct status oldest(
	void *context, const char *topic, int32_t partition, int64_t *out, struct error *e)
{
	const struct stretch *s = stretch_find(context, topic, partition);

	if (!s)
		return error_set(e, "it has no partition %d of %s", (int)partition, topic);
	*out = s->oldest;
	return S_OK;
}

static struct status next(void *context, const char *topic, int32_t partition, int64_t limit,
	struct verify_record *out, struct error *e)
{
	struct bundle *b = context;
	struct stretch *s = stretch_find(b, topic, partition);
	const Anpr__V1__BundleRecord *r;
	size_t at = s ? s->at : 0;

	if (!s || s->at >= s->end)
		return S_WAIT;
	if (b->current)
		anpr__v1__bundle_item__free_unpacked(b->current, NULL);
	b->current = NULL;
	TRY(item_read(b, &at, &b->current, e));
	r = b->current->record;
	if (r->offset >= limit)
		return S_WAIT;
	s->at = at;
	*out = (struct verify_record){r->offset, r->timestamp_ms, span_of(r->key.data, r->key.len),
		span_of(r->value.data, r->value.len)};
	return S_OK;
}

struct status bundle_open(const char *path, struct bundle **out, struct error *e)
{
	struct bundle *b = memory_new(1, sizeof *b);
	size_t at = strlen(MAGIC);
	struct status status;

	b->path = path;
	b->source = (struct verify_source){b, partitions_of, newest, settled, oldest, next};
	status = map(b, e);
	if (ok(status) && (b->bytes.n < at || memcmp(b->bytes.p, MAGIC, at) != 0))
		status = error_set(e, "%s: it is no evidence bundle", path);
	if (ok(status))
		status = header_take(b, &at, e);
	if (ok(status))
		status = index_take(b, at, e);
	if (ok(status))
		*out = b;
	else
		bundle_close(b);
	return status;
}

const struct verify_source *bundle_source(const struct bundle *b)
{
	return &b->source;
}

const struct verify_topics *bundle_topics(const struct bundle *b)
{
	return &b->topics;
}

void bundle_close(struct bundle *b)
{
	if (!b)
		return;
	if (b->current)
		anpr__v1__bundle_item__free_unpacked(b->current, NULL);
	if (b->header)
		anpr__v1__bundle_item__free_unpacked(b->header, NULL);
	if (b->bytes.p)
		munmap((void *)b->bytes.p, b->bytes.n);
	free(b->stretches);
	free(b);
}

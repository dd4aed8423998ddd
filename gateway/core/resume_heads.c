/* SPDX-License-Identifier: Apache-2.0
 *
 * The newest head of a publisher, with the hour it is in, from the compacted topic: where the reading of the
 * ledger begins.
 */
#include "gateway/core/publisher_internal.h"

#include "gateway/kafka/reader.h"

#include <stdio.h>
#include <stdlib.h>

struct heads {
	struct publisher *p;
	const uint8_t (*keys)[32];
	size_t n_keys;
	Anpr__V1__Head *head;
	Anpr__V1__Account **hours;
	size_t n_hours;
	struct error *e;
};

static struct status keep_head(struct heads *h, struct span bytes)
{
	Anpr__V1__Head *head = anpr__v1__head__unpack(NULL, bytes.n, bytes.p);

	REQUIRE(head && head->publisher == h->p->options.index, S_BAD_INPUT);
	if (h->head)
		anpr__v1__head__free_unpacked(h->head, NULL);
	h->head = head;
	return S_OK;
}

static struct status keep_hour(struct heads *h, struct span bytes)
{
	Anpr__V1__Account *hour = anpr__v1__account__unpack(NULL, bytes.n, bytes.p);
	Anpr__V1__Account **hours = reallocarray(h->hours, h->n_hours + 1, sizeof *hours);

	if (hours)
		h->hours = hours;
	if (!hour || !hours) {
		if (hour)
			anpr__v1__account__free_unpacked(hour, NULL);
		return S_OVERLOAD;
	}
	h->hours[h->n_hours++] = hour;
	return S_OK;
}

static struct status keep_window_key(struct heads *h, struct span bytes)
{
	Anpr__V1__WindowKey *key = anpr__v1__window_key__unpack(NULL, bytes.n, bytes.p);
	bool good = key && key->key.len == sizeof h->p->window.key;

	if (good) {
		memcpy(h->p->window.key, key->key.data, sizeof h->p->window.key);
		h->p->window.epoch = key->epoch;
	}
	if (key)
		anpr__v1__window_key__free_unpacked(key, NULL);
	return good ? S_OK : S_BAD_INPUT;
}

static struct status take_head_record(void *context, const struct kafka_record *record)
{
	struct heads *h = context;
	Anpr__V1__StoredRecord *holder = NULL;
	struct status status;
	struct span bytes;
	char key[160];

	if (record->value.n == 0 || record->key.n >= sizeof key)
		return S_OK;
	memcpy(key, record->key.p, record->key.n);
	key[record->key.n] = 0;
	TRY(stored_record_open(record->value, h->keys, h->n_keys, &holder, h->e));
	bytes = span_of(holder->record.data, holder->record.len);
	if (strncmp(key, "publisher/", 10) == 0)
		status = keep_head(h, bytes);
	else if (strncmp(key, "hour/", 5) == 0)
		status = keep_hour(h, bytes);
	else
		status = strcmp(key, "window-key") == 0 ? keep_window_key(h, bytes) : S_OK;
	anpr__v1__stored_record__free_unpacked(holder, NULL);
	return status;
}

static void heads_free(struct heads *h)
{
	if (h->head)
		anpr__v1__head__free_unpacked(h->head, NULL);
	for (size_t i = 0; i < h->n_hours; i++)
		anpr__v1__account__free_unpacked(h->hours[i], NULL);
	free(h->hours);
	free((void *)h->keys);
}

static void copy_keys(void *context, const struct governance *g)
{
	struct heads *h = context;
	const uint8_t(*keys)[32];
	size_t n = governance_node_keys(g, &keys);
	uint8_t(*copy)[32] = reallocarray(NULL, n ? n : 1, sizeof *copy);

	if (copy && n > 0)
		memcpy(copy, keys, n * sizeof *copy);
	h->keys = (const uint8_t(*)[32])copy;
	h->n_keys = copy ? n : 0;
}

static void forget(struct publisher *p)
{
	for (size_t i = 0; i < p->n_partners; i++) {
		struct partner *partner = p->partners[i];

		feed_set_free(&partner->feeds);
		totals_free(&partner->hour);
		totals_free(&partner->ever);
		partner->cursor[0] = 0;
		partner->hour_ms = 0;
		partner->off_since_ms = 0;
	}
	window_fini(&p->window);
	window_init(&p->window, p->options.window_ms);
	p->ordinal = 0;
	p->ledger_hash = (struct digest){0};
	p->ledger_next = 0;
	p->n_marks = 0;
}

static struct status take_partner_head(struct publisher *p, const Anpr__V1__PartnerHead *m)
{
	struct partner *partner = publisher_partner(p, span_text(m->partner));

	return partner ? partner_take_head(partner, m) : S_OK; /* or one that was taken away */
}

/* Parts of an hour that a later head has made old are told by their ledger hash. */
static struct status take_hours(struct publisher *p, const struct heads *h)
{
	for (size_t i = 0; i < h->n_hours; i++) {
		const Anpr__V1__Account *hour = h->hours[i];
		struct partner *partner = publisher_partner(p, span_text(hour->partner));
		struct totals whole = {0};
		struct status status;

		if (!partner || !hour->totals || hour->hour_ms != partner->hour_ms ||
			!span_equal(span_of(hour->ledger_hash.data, hour->ledger_hash.len),
				span_of(h->head->ledger_hash.data, h->head->ledger_hash.len)))
			continue;
		/* Every part repeats the totals; the cameras are divided among them. */
		status = totals_add_message(&whole, hour->totals);
		if (ok(status))
			status = hour->part == 0 ? totals_add(&partner->hour, &whole, true) : S_OK;
		for (size_t c = 0; ok(status) && hour->part > 0 && c < whole.n_cameras; c++)
			status = totals_camera(
				&partner->hour, span_text(whole.cameras[c].id), &whole.cameras[c]);
		totals_free(&whole);
		TRY(status);
	}
	return S_OK;
}

struct status resume_heads(struct publisher *p, int64_t *from, uint64_t *covered, struct error *e)
{
	struct heads h = {.p = p, .e = e};
	struct status status;
	int64_t next;

	journal_look(p->options.journal, copy_keys, &h);
	forget(p);
	*from = READER_OLDEST;
	*covered = 0;
	status = watermarks_read(p->ends,
		&(struct reading){
			p->options.heads, (int32_t)p->options.index, READER_OLDEST, take_head_record, &h},
		NULL, LEDGER_MS, &next, e);
	if (ok(status) && h.head) {
		*from = h.head->window_offset < h.head->ledger_offset ? h.head->window_offset
								      : h.head->ledger_offset;
		*covered = h.head->ordinal;
		p->ordinal = h.head->ordinal;
		p->ledger_next = h.head->ledger_offset;
		status = digest_from(
			span_of(h.head->ledger_hash.data, h.head->ledger_hash.len), &p->ledger_hash);
		for (size_t i = 0; ok(status) && i < h.head->n_partners; i++)
			status = take_partner_head(p, h.head->partners[i]);
		if (ok(status))
			status = take_hours(p, &h);
	}
	if (ok(status) && p->window.epoch == 0) {
		random_bytes(p->window.key, sizeof p->window.key);
		random_bytes(&p->window.epoch, sizeof p->window.epoch);
		p->window_key_new = true;
	}
	heads_free(&h);
	return status;
}

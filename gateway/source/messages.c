/* SPDX-License-Identifier: Apache-2.0
 *
 * anpr.v1's SourceSetup, SourceStart and SourceReport.
 */
#include "gateway/source/messages.h"

#include "anpr/v1/frame.pb-c.h"

static void *arena_take(void *arena, size_t n)
{
	return arena_alloc(arena, n);
}

static void arena_keep(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

struct status source_setup_decode(struct span body, struct arena *arena, struct source_setup *out)
{
	ProtobufCAllocator allocator = {arena_take, arena_keep, arena};
	Anpr__V1__SourceSetup *m = anpr__v1__source_setup__unpack(&allocator, body.n, body.p);

	REQUIRE(m && m->partner[0] && m->url[0], S_BAD_INPUT);
	*out = (struct source_setup){.partner = m->partner, .url = m->url};
	out->tls = (struct http_tls){span_text(m->ca_pem), span_text(m->cert_pem), span_text(m->key_pem)};
	return S_OK;
}

struct status source_start_decode(struct span body, struct source_start *out)
{
	Anpr__V1__SourceStart *m = anpr__v1__source_start__unpack(NULL, body.n, body.p);
	bool good;

	REQUIRE(m, S_BAD_INPUT);
	*out = (struct source_start){.epoch = m->epoch, .since_ms = m->since_ms};
	good = cursor_is_good(span_text(m->after));
	if (good)
		memcpy(out->after, m->after, strlen(m->after) + 1);
	anpr__v1__source_start__free_unpacked(m, NULL);
	return good ? S_OK : S_BAD_INPUT;
}

struct status source_report_encode(const struct source_report *in, struct buffer *out)
{
	Anpr__V1__SourceReport m = ANPR__V1__SOURCE_REPORT__INIT;

	m.state = (Anpr__V1__SourceState)in->state;
	m.detail = (char *)in->detail; /* only read from */
	m.retry_in_ms = in->retry_in_ms;
	m.bytes = in->bytes;
	m.gap = in->gap;
	m.epoch = in->epoch;
	TRY(buffer_reserve(out, anpr__v1__source_report__get_packed_size(&m)));
	out->n += anpr__v1__source_report__pack(&m, out->p + out->n);
	return S_OK;
}

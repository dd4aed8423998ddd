/* SPDX-License-Identifier: Apache-2.0
 *
 * The message the police receive, both ways. Encoding is on the hot path of every publisher: one message on
 * the stack, packed straight into the buffer.
 */
#include "proto/message.h"

#define QUALITY_BITS 32

static size_t quality_to_message(unsigned quality, Anpr__V1__QualityFlag flags[QUALITY_BITS])
{
	size_t n = 0;

	for (unsigned bit = 0; bit < QUALITY_BITS; bit++) {
		if (quality >> bit & 1)
			flags[n++] = (Anpr__V1__QualityFlag)bit;
	}
	return n;
}

static void facts_to_message(const struct shared_read *in, struct scratch *s, Anpr__V1__SharedRead *m)
{
	m->partner_id = scratch_text(s, in->partner_id);
	m->agreement_id = scratch_text(s, in->agreement_id);
	m->vrm_normalised = scratch_text(s, in->vrm_normalised);
	m->camera_name = scratch_text(s, in->camera_name);
	m->camera_area = scratch_text(s, in->camera_area);
	m->has_policy_version = m->has_sequence = m->has_partition_sequence = 1;
	m->policy_version = in->policy_version;
	m->sequence = in->sequence;
	m->partition_sequence = in->partition_sequence;
	m->has_keep_until_ms = m->has_received_at_ms = m->has_published_at_ms = 1;
	m->keep_until_ms = in->keep_until.v;
	m->received_at_ms = in->received_at.v;
	m->published_at_ms = in->published_at.v;
}

struct status shared_read_encode(const struct shared_read *in, struct buffer *out)
{
	Anpr__V1__SharedRead m = ANPR__V1__SHARED_READ__INIT;
	Anpr__V1__QualityFlag flags[QUALITY_BITS];
	struct scratch scratch;
	Anpr__V1__Read read;

	scratch.n = 0;
	scratch.full = false;
	message_of_read(&in->read, &scratch, &read);
	read.cursor = NULL;
	m.read = &read;
	facts_to_message(in, &scratch, &m);
	REQUIRE(!scratch.full, S_BAD_INPUT);
	m.n_purposes = in->n_purposes;
	m.purposes = (char **)in->purposes; /* only read from */
	m.n_quality = quality_to_message(in->quality, flags);
	m.quality = flags;
	return message_append(&m.base, out);
}

static unsigned quality_of_message(const Anpr__V1__SharedRead *m)
{
	unsigned quality = 0;

	for (size_t i = 0; i < m->n_quality; i++) {
		if ((unsigned)m->quality[i] < QUALITY_BITS)
			quality |= 1u << m->quality[i];
	}
	return quality;
}

/* Everything that `anprctl` prints. A minimised read lacks what its agreement drops, so this is not
 * read_validate. */
static bool texts_are_safe(const struct shared_read *s)
{
	const struct span texts[] = {s->read.read_id, s->read.camera_id, s->read.vrm, s->read.tag,
		s->read.country, s->partner_id, s->agreement_id, s->vrm_normalised, s->camera_name,
		s->camera_area};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!text_is_safe(texts[i]))
			return false;
	}
	for (size_t i = 0; i < s->n_purposes; i++) {
		if (!text_is_safe(span_text(s->purposes[i])))
			return false;
	}
	return true;
}

struct status shared_read_decode(struct span bytes, struct arena *arena, struct shared_read *out)
{
	ProtobufCAllocator allocator = arena_allocator(arena);
	Anpr__V1__SharedRead *m = anpr__v1__shared_read__unpack(&allocator, bytes.n, bytes.p);

	REQUIRE(m && m->read, S_BAD_INPUT);
	*out = (struct shared_read){
		.partner_id = span_text(m->partner_id),
		.agreement_id = span_text(m->agreement_id),
		.vrm_normalised = span_text(m->vrm_normalised),
		.camera_name = span_text(m->camera_name),
		.camera_area = span_text(m->camera_area),
		.policy_version = m->policy_version,
		.sequence = m->sequence,
		.partition_sequence = m->partition_sequence,
		.purposes = (const char *const *)m->purposes,
		.n_purposes = m->n_purposes,
		.keep_until = {m->keep_until_ms},
		.received_at = {m->received_at_ms},
		.published_at = {m->published_at_ms},
		.quality = quality_of_message(m),
	};
	read_of_message(m->read, &out->read);
	REQUIRE((unsigned)out->read.kind <= READ_KIND_NO_PLATE, S_BAD_INPUT);
	REQUIRE((unsigned)out->read.direction <= READ_DIRECTION_AWAY, S_BAD_INPUT);
	return texts_are_safe(out) ? S_OK : S_BAD_INPUT;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * One anpr.v1.Read from whoever sends it. protobuf-c decodes; a walk over the fields before it refuses what
 * it would take wrongly or dearly: texts with a zero in them, which come out of it cut short, and messages of
 * nothing but unknown fields, each of which it keeps.
 */
#include "proto/message.h"

/* A Read has 17. Unknown ones are ignored, but a message full of them is no read. */
#define FIELDS_MAX   256
#define VARINT_BYTES 10 /* protobuf encoding, 'Base 128 Varints': 64 bits, seven a byte */

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static bool skip(struct span *from, uint64_t n)
{
	if (n > from->n)
		return false;
	*from = span_of(from->p + n, from->n - (size_t)n);
	return true;
}

static bool take_varint(struct span *from, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < VARINT_BYTES && i < from->n; i++) {
		uint8_t byte = from->p[i];

		if (i == VARINT_BYTES - 1 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7F) << 7 * i;
		if (byte < 0x80)
			return skip(from, i + 1);
	}
	return false;
}

static bool is_text(uint64_t number)
{
	const ProtobufCFieldDescriptor *field =
		number <= UINT32_MAX ? protobuf_c_message_descriptor_get_field(
					       &anpr__v1__read__descriptor, (unsigned)number)
				     : NULL;

	return field && field->type == PROTOBUF_C_TYPE_STRING;
}

/* Past one field. *zero is set where it is a text with a zero byte. */
static bool walk_field(struct span *from, bool *zero)
{
	uint64_t tag, n;

	if (!take_varint(from, &tag) || tag >> 3 == 0)
		return false;
	switch (tag & 7) {
	case WIRE_VARINT:
		return take_varint(from, &n);
	case WIRE_64:
		return skip(from, 8);
	case WIRE_32:
		return skip(from, 4);
	case WIRE_BYTES:
		if (!take_varint(from, &n) || n > from->n)
			return false;
		*zero |= n > 0 && is_text(tag >> 3) && memchr(from->p, 0, (size_t)n);
		return skip(from, n);
	}
	return false; /* groups, which no Read ever had, and what is no type at all */
}

static enum rejection walk(struct span bytes)
{
	bool zero = false;

	for (int fields = 0; bytes.n > 0; fields++) {
		if (fields == FIELDS_MAX || !walk_field(&bytes, &zero))
			return REJECTION_NOT_PROTOBUF;
	}
	return zero ? REJECTION_BAD_FIELD : REJECTION_UNSPECIFIED;
}

struct status read_decode(struct span bytes, struct arena *arena, struct read *out, enum rejection *why)
{
	ProtobufCAllocator allocator = arena_allocator(arena);
	Anpr__V1__Read *m;

	*out = (struct read){0};
	*why = bytes.n <= READ_MESSAGE_MAX ? walk(bytes) : REJECTION_TOO_LONG;
	REQUIRE(*why == REJECTION_UNSPECIFIED, S_BAD_INPUT);
	m = anpr__v1__read__unpack(&allocator, bytes.n, bytes.p);
	if (!m) {
		*why = REJECTION_NOT_PROTOBUF;
		return S_BAD_INPUT;
	}
	read_of_message(m, out);
	if (ok(read_validate(out, why)))
		return S_OK;
	if (*why == REJECTION_BAD_TIMESTAMP && !m->has_captured_at_ms)
		*why = REJECTION_MISSING_FIELD;
	return S_BAD_INPUT;
}

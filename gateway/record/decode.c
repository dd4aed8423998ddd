/* SPDX-License-Identifier: Apache-2.0
 *
 * Unpacking with a cap on memory. The messages of anpr.v1 do not nest in themselves, so depth needs none.
 */
#include "gateway/record/decode.h"

#include <stdlib.h>

/* Two bytes can ask for a message of some hundred; a megabyte must not become a gigabyte. */
#define DECODE_MEMORY (64u << 20)

static void *counted_alloc(void *data, size_t n)
{
	size_t *left = data;
	if (n > *left)
		return NULL;
	*left -= n;
	return malloc(n ? n : 1);
}

static void counted_free(void *data, void *p)
{
	(void)data;
	free(p);
}

/* What is packed again is as long as what came unless there was something in it that did not come through:
 * unknown fields are counted by protobuf-c as they are, so they are looked for. */
static bool has_unknown(const ProtobufCMessage *message);

static bool member_has_unknown(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const uint8_t *at = (const uint8_t *)message;
	if (field->type != PROTOBUF_C_TYPE_MESSAGE)
		return false;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n = *(const size_t *)(const void *)(at + field->quantifier_offset);
		ProtobufCMessage **items = *(ProtobufCMessage ***)(void *)(at + field->offset);
		for (size_t i = 0; i < n; i++)
			if (has_unknown(items[i]))
				return true;
		return false;
	}
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
		*(const uint32_t *)(const void *)(at + field->quantifier_offset) != field->id)
		return false;
	const ProtobufCMessage *item = *(ProtobufCMessage *const *)(const void *)(at + field->offset);
	return item && has_unknown(item);
}

static bool has_unknown(const ProtobufCMessage *message)
{
	if (message->n_unknown_fields)
		return true;
	for (unsigned i = 0; i < message->descriptor->n_fields; i++)
		if (member_has_unknown(message, &message->descriptor->fields[i]))
			return true;
	return false;
}

struct status message_decode(const ProtobufCMessageDescriptor *type, struct span bytes, size_t max,
	enum decode_mode mode, ProtobufCMessage **out, struct error *e)
{
	if (bytes.n > max)
		return error_set(e, "%s: %zu bytes, over the %zu allowed", type->short_name, bytes.n, max);
	size_t left = DECODE_MEMORY;
	ProtobufCAllocator allocator = {counted_alloc, counted_free, &left};
	ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, bytes.n, bytes.p);
	if (!message)
		return error_set(e, "%s: not a message of this kind", type->short_name);
	if (mode == DECODE_STRICT &&
		(has_unknown(message) || protobuf_c_message_get_packed_size(message) != bytes.n)) {
		protobuf_c_message_free_unpacked(message, NULL);
		return error_set(e, "%s: has fields unknown to this version, or is not in canonical form",
			type->short_name);
	}
	*out = message;
	return S_OK;
}

struct status message_encode(const ProtobufCMessage *message, struct buffer *out)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	TRY(buffer_reserve(out, n));
	if (n)
		protobuf_c_message_pack(message, out->p + out->n);
	out->n += n;
	return S_OK;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Unpacking of protobuf messages that may be hostile. protobuf-c itself neither caps what a message makes it
 * allocate nor tells fields it does not know from fields it knows; both are settled here.
 */
#ifndef ANPR_RECORD_DECODE_H
#define ANPR_RECORD_DECODE_H

#include "gateway/base/buffer.h"
#include "gateway/base/error.h"

#include <protobuf-c/protobuf-c.h>

enum decode_mode {
	DECODE_STRICT, /* bytes have one meaning: no unknown fields, nothing hidden behind a zero in a text */
	DECODE_LENIENT, /* a later version may have added fields */
};

/* Unpack.
 * shape   max: bytes taken at most; *out: owned, freed by protobuf_c_message_free_unpacked(out, NULL)
 * errors  BAD_INPUT: too long, not this message, allocates beyond reason, or not strict where it has to be */
struct status message_decode(const ProtobufCMessageDescriptor *type, struct span bytes, size_t max,
	enum decode_mode mode, ProtobufCMessage **out, struct error *e);
/* Append the message's bytes. */
struct status message_encode(const ProtobufCMessage *message, struct buffer *out);

#endif

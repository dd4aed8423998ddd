/* SPDX-License-Identifier: Apache-2.0
 *
 * `struct read` to and from protobuf-c's message, for the encoders and decoders of this folder. The generated
 * types do not leave it through here.
 */
#ifndef ANPR_PROTO_MESSAGE_H
#define ANPR_PROTO_MESSAGE_H

#include "proto/read.h"

#include "anpr/v1/read.pb-c.h"

/* protobuf-c wants C strings and spans have no zero: copies live here, on the encoder's stack. The texts of a
 * SharedRead are a few hundred bytes; what does not fit is refused, not cut. */
struct scratch {
	char bytes[4096];
	size_t n;
	bool full;
};

/* The text with a zero after it, valid as long as the scratch; NULL (absent) for an empty one. */
char *scratch_text(struct scratch *s, struct span text);

/* Borrows everything, images included. */
void message_of_read(const struct read *r, struct scratch *s, Anpr__V1__Read *out);
/* Borrows everything and checks nothing. A kind left out is a VRM's (DESIGN.md 5.1). */
void read_of_message(const Anpr__V1__Read *m, struct read *out);

/* Memory for protobuf-c out of an arena; what it frees stays until the arena's reset. */
ProtobufCAllocator arena_allocator(struct arena *arena);

/* Append a packed message without an allocation beyond the buffer's own. */
MUST struct status message_append(const ProtobufCMessage *m, struct buffer *out);

#endif

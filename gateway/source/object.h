/* SPDX-License-Identifier: Apache-2.0
 *
 * One JSON object into one read, for the formats made of such objects.
 */
#ifndef ANPR_SOURCE_OBJECT_H
#define ANPR_SOURCE_OBJECT_H

#include "gateway/source/decode.h"
#include "gateway/source/json_read.h"

struct object_reader;

/* sink is borrowed. NULL when out of memory. */
struct object_reader *object_reader_new(const struct decode_sink *sink);
void object_reader_free(struct object_reader *o);
/* Hand the sink the read in `text`, or its rejection. `text` has at most READ_MESSAGE_MAX bytes, and
 * JSON_PADDING readable ones after it. id: the cursor beside the object, in place of the one in it or the
 * same; empty = none. */
void object_take(struct object_reader *o, struct span text, struct span id);

#endif

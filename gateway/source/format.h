/* SPDX-License-Identifier: Apache-2.0
 *
 * What a format gives decode.c. For the decoders only.
 */
#ifndef ANPR_SOURCE_FORMAT_H
#define ANPR_SOURCE_FORMAT_H

#include "gateway/source/decode.h"

struct format {
	void *(*open)(const struct decode_sink *sink);
	void (*close)(void *self);
	struct status (*feed)(void *self, struct span bytes);
};

extern const struct format format_ndjson, format_protobuf, format_event_stream;

#endif

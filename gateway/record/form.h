/* SPDX-License-Identifier: Apache-2.0
 *
 * The form that names and texts in records must have, whoever wrote them. What they mean is checked
 * elsewhere.
 */
#ifndef ANPR_RECORD_FORM_H
#define ANPR_RECORD_FORM_H

#include "gateway/base/span.h"

#include <protobuf-c/protobuf-c.h>

#define FORM_ID_MAX   64
#define FORM_TEXT_MAX 1000

/* An id: 1 to 64 of A-Z a-z 0-9 . _ - */
bool form_id(const char *text);
/* The same, or empty. */
bool form_id_or_none(const char *text);
/* A glob on camera ids: as an id, with * and ? */
bool form_pattern(const char *text);
/* Whether the pattern has a * or ? in it: one without names one camera. */
bool form_is_glob(const char *pattern);
/* UTF-8 (RFC 3629: no surrogates, nothing overlong), min to max bytes, no control characters: it is shown to
 * people on terminals and pages. */
bool form_text(const char *text, size_t min, size_t max);
/* The same, line breaks and tabs allowed. */
bool form_prose(const char *text, size_t min, size_t max);
/* Exactly n bytes. */
bool form_bytes(ProtobufCBinaryData bytes, size_t n);

static inline struct span span_binary(ProtobufCBinaryData bytes)
{
	return (struct span){bytes.data, bytes.len};
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the tests of gateway/source.
 */
#ifndef ANPR_TESTS_UNIT_TEST_SOURCE_H
#define ANPR_TESTS_UNIT_TEST_SOURCE_H

#include "gateway/source/decode.h"

#include <check.h>

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])
/* A literal that may hold zeros. */
#define BYTES(literal)                                                                                       \
	{                                                                                                    \
		(const uint8_t *)(literal), sizeof(literal) - 1                                              \
	}

/* What a decoder makes of these bytes, in words, however they are cut into pieces: "+cursor:vrm" for a read
 * (with
 * '!' and the bytes of its images where it has any), "-reason:cursor" for a rejection, "h" for a heartbeat,
 * with a blank after each; "broken" where it gave up. Valid until the next call. Fails where the pieces make
 * a difference. */
const char *decoded(enum decode_format format, struct span bytes);

TCase *case_ndjson(void);
TCase *case_protobuf(void);
TCase *case_event_stream(void);
TCase *case_lines(void);
TCase *case_gather(void);

#endif

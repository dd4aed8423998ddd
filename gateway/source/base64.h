/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 as RFC 4648 section 4 has it and no other way: images a partner sends.
 */
#ifndef ANPR_SOURCE_BASE64_H
#define ANPR_SOURCE_BASE64_H

#include "gateway/base/buffer.h"

/* Append the bytes that `text` stands for. errors: BAD_INPUT for blanks, missing or misplaced padding, other
 * alphabets and bits beyond the end, with nothing appended; OVERLOAD. */
MUST struct status base64_decode(struct span text, struct buffer *out);

#endif

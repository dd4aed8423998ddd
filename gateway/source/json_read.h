/* SPDX-License-Identifier: Apache-2.0
 *
 * One JSON object's named members, with a C face. What is inside other members is checked to be JSON and
 * ignored.
 */
#ifndef ANPR_SOURCE_JSON_READ_H
#define ANPR_SOURCE_JSON_READ_H

#include "gateway/base/span.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes after the text that must be readable, whatever they hold: the parser loads whole vectors. */
#define JSON_PADDING   64
#define JSON_NAMES_MAX 32

enum json_kind {
	JSON_ABSENT = 0, /* not there, or null */
	JSON_TEXT,
	JSON_NUMBER,
	JSON_OTHER, /* true, false, an array, an object */
};

struct json_value {
	enum json_kind kind;
	struct span text; /* unescaped, valid UTF-8; valid until the reader's next use */
	double number;
};

struct json_reader;

/* For texts of at most so many bytes. NULL when out of memory. */
struct json_reader *json_reader_new(size_t text_max);
void json_reader_free(struct json_reader *r);
/* Take the members called names[0..n), which are ours and different. false: not one JSON object in UTF-8,
 * nested deeper than 32, one of the names twice, an integer beyond 64 bits, or too long. No allocation. */
bool json_object_read(
	struct json_reader *r, struct span text, const char *const *names, size_t n, struct json_value *out);

#ifdef __cplusplus
}
#endif

#endif

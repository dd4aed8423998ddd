/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of the documents topic that need not be chunks: first the length of the key, then key and value. A
 * text that comes out is the one that was put in, whatever else was added.
 */
#include "gateway/record/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char text[] = "what was agreed";
	struct document_store *s = document_store_new();
	struct digest sha256 = digest_of(span_text(text));
	struct span found;
	char key[80];

	NEVER(!s);
	while (n >= 2 && (size_t)bytes[0] + bytes[1] <= n - 2) {
		(void)!document_store_add(
			s, span_of(bytes + 2, bytes[0]), span_of(bytes + 2 + bytes[0], bytes[1]))
			.kind;
		n -= 2u + bytes[0] + bytes[1];
		bytes += 2u + bytes[0] + bytes[1];
	}
	if (ok(document_store_find(s, &sha256, strlen(text), &found)))
		NEVER(!span_is(found, text));
	NEVER(!ok(document_store_add(s, span_text(document_key(key, &sha256, 0)), span_text(text))));
	NEVER(!ok(document_store_find(s, &sha256, strlen(text), &found)) || !span_is(found, text));
	document_store_free(s);
	return 0;
}

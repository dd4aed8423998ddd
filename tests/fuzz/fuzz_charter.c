/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an organisation, a partner or a node's key: read or refused with a reason.
 */
#include "gateway/text/charter.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct span text = span_of(bytes, n);
	enum charter_kind told = charter_kind_of(text);

	for (int kind = CHARTER_ORGANISATION; kind <= CHARTER_NODE_KEY; kind++) {
		struct error e = {0};
		struct charter *c = NULL;
		struct status s = charter_parse(text, "fuzz", (enum charter_kind)kind, &c, &e);

		NEVER(!(ok(s) ? c && e.n == 0 : !c && e.n > 0));
		/* what is good as one kind is told to be that kind */
		NEVER(ok(s) && told != (enum charter_kind)kind);
		NEVER(c && kind == CHARTER_NODE_KEY && !c->adds && !c->retires);
		charter_free(c);
		error_free(&e);
	}
	return 0;
}

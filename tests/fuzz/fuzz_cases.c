/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a file of cases: read or refused with a reason, and freed either way.
 */
#include "gateway/text/cases.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error e = {0};
	struct cases c;
	struct status s = cases_parse(span_of(bytes, n), "fuzz", &c, &e);

	NEVER(ok(s) != (e.n == 0));
	for (size_t i = 0; ok(s) && i < c.n_cases; i++) {
		NEVER(!c.cases[i].name || !c.cases[i].read.camera || !c.cases[i].read.kind);
		NEVER((c.cases[i].n_permits > 0) == (c.cases[i].deny != REASON_UNSPECIFIED));
	}
	cases_free(&c);
	error_free(&e);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a revocation list: read or refused with a reason; what is read reads again from its DER, and
 * is nobody's who has not signed it.
 */
#include "gateway/record/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error e = {0};
	struct revocation_list *list = NULL, *again = NULL;
	struct status s = revocation_list_parse(span_of(bytes, n), &list, &e);

	NEVER(!(ok(s) ? list && e.n == 0 : !list && e.n > 0));
	if (list) {
		NEVER(!ok(revocation_list_parse(revocation_list_der(list), &again, NULL)));
		NEVER(revocation_list_count(again) != revocation_list_count(list));
		NEVER(revocation_list_newer(list, again) || !revocation_list_same_issuer(list, again));
		NEVER(revocation_list_issued_by(list, span_text("")));
	}
	revocation_list_free(list);
	revocation_list_free(again);
	error_free(&e);
	return 0;
}

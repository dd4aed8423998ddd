/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an agreement: read or refused with a reason, and what was read prints to something that prints
 * the same.
 */
#include "gateway/text/text.h"
#include "tests/fuzz/fuzz.h"

static void print_again(const struct agreement *a)
{
	struct buffer once CLEANUP(buffer_free) = {0}, twice CLEANUP(buffer_free) = {0};
	struct agreement *again = NULL;

	NEVER(!ok(agreement_print(a, &once)));
	NEVER(!ok(agreement_parse(buffer_span(&once), "again", &again, NULL)));
	NEVER(!ok(agreement_print(again, &twice)));
	NEVER(!span_equal(buffer_span(&once), buffer_span(&twice)));
	agreement_release(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct error e = {0};
	struct agreement *a = NULL;
	struct status s = agreement_parse(span_of(bytes, n), "fuzz", &a, &e);

	NEVER(!(ok(s) ? a && e.n == 0 : !a && e.n > 0));
	if (a)
		print_again(a);
	agreement_release(a);
	error_free(&e);
	return 0;
}

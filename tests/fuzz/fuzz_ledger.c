/* SPDX-License-Identifier: Apache-2.0
 *
 * A value of the ledger topic, and of those whose values are signed envelopes.
 */
#include "gateway/record/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const uint8_t keys[1][32] = {{1}};
	Anpr__V1__LedgerRecord *record = NULL;
	Anpr__V1__StoredRecord *stored = NULL;
	struct buffer again = {0};
	struct digest hash, other;

	if (ok(ledger_decode(span_of(bytes, n), &record, &hash, NULL))) {
		for (size_t i = 0; i < record->n_partners; i++)
			NEVER(record->partners[i]->totals && !totals_balance(record->partners[i]->totals));
		NEVER(!ok(ledger_encode(record, &again, &other)));
		anpr__v1__ledger_record__free_unpacked(record, NULL);
	}
	/* nobody has the secret half of that key */
	NEVER(ok(stored_record_open(span_of(bytes, n), keys, 1, &stored, NULL)));
	buffer_free(&again);
	return 0;
}
